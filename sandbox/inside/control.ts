import { createServer } from 'node:http'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { reset } from './reset.ts'

/**
 * The supervisor's own control socket, `<state>/control.sock`: `POST /restart/<process>` and `POST /reset`.
 * It is a file, so it can be reached from outside the namespaces as well.
 */
export async function serveControl(context: Context): Promise<void> {
  const server = createServer((request, response) => {
    answer(context, request.method ?? '', request.url ?? '').then(
      text => response.writeHead(200).end(`${text}\n`),
      (error: unknown) => response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(join(context.state, 'control.sock'), resolve)
  })
}

async function answer(context: Context, method: string, url: string): Promise<string> {
  if (method === 'POST' && url === '/reset') return reset(context)
  const [, process] = /^\/restart\/([a-z-]+)$/.exec(url) ?? []
  if (method !== 'POST' || process === undefined) throw new Error(`unknown request ${method} ${url}`)
  await context.supervisor.restart(process)
  return `${process} restarted`
}
