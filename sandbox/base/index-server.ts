import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { join, normalize } from 'node:path'
import { ports } from '../world.ts'

/** Where pip of the base image looks for packages (`/etc/pip.conf`): RUN steps share the network of the platform. */
export const packageIndexUrl = `http://127.0.0.1:${ports.packages}/simple/`

/**
 * Serves the `wheels` part as static files on 127.0.0.1.
 * Resolves when it listens; `port` 0 takes a free one.
 */
export async function serveIndex(folder: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end()
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    return void answer(folder, pathname, request.method === 'HEAD', response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

async function answer(folder: string, pathname: string, headOnly: boolean, response: ServerResponse): Promise<void> {
  const file = await fileFor(folder, pathname)
  if (file === undefined) return void response.writeHead(404).end('not found\n')
  const type = file.path.endsWith('.html') ? 'text/html; charset=utf-8' : 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'content-length': file.size })
  if (headOnly) return void response.end()
  createReadStream(file.path)
    .on('error', () => response.destroy())
    .pipe(response)
}

/** The file that a URL path names, never one outside the folder; a folder answers with its index.html. */
async function fileFor(folder: string, pathname: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const inside = normalize(`/${decodeURIComponent(pathname)}`)
    const path = join(folder, inside.endsWith('/') ? `${inside}index.html` : inside)
    const found = await stat(path)
    return found.isFile() ? { path, size: found.size } : undefined
  } catch {
    return undefined
  }
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('usage: index-server.ts FOLDER')
  await serveIndex(folder, ports.packages)
}
