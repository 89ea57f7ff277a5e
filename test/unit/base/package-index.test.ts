import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { serveIndex } from '../../../sandbox/base/index-server.ts'
import { writeSimpleIndex } from '../../../sandbox/base/wheels.ts'

let folder = ''
let server: Server
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'index-'))
  await mkdir(join(folder, 'part/files'), { recursive: true })
  await writeFile(join(folder, 'secret'), 'not served')
  await writeFile(join(folder, 'part/files/pydantic_core-2.50.4-cp311-cp311-any.whl'), 'wheel')
  await writeSimpleIndex(join(folder, 'part'))
  server = await serveIndex(join(folder, 'part'), 0)
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  await rm(folder, { recursive: true })
})

/** A request whose path nobody tidies up on the way. */
function ask(path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method }, response => {
      let body = ''
      response.on('data', chunk => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
      .on('error', reject)
      .end()
  })
}

describe('the package index', () => {
  test('lists projects by their normalised names', async () => {
    expect((await ask('/simple/')).body).toContain('<a href="pydantic-core/">pydantic-core</a>')
  })

  test('links each wheel with its hash, and the link leads to the wheel', async () => {
    const { body } = await ask('/simple/pydantic-core/')
    const [, link] = /href="([^"#]+)#sha256=[0-9a-f]{64}"/.exec(body) ?? []
    const target = new URL(link ?? '', 'http://index/simple/pydantic-core/').pathname
    expect(await ask(target)).toEqual({ status: 200, body: 'wheel' })
    expect(await ask(target, 'HEAD')).toEqual({ status: 200, body: '' })
  })

  test.each(['/../secret', '/files/../../secret', '/%2e%2e/secret', '/..%2fsecret', '/nothing', '/files', '/%'])(
    'answers 404 to %s',
    async path => {
      expect(await ask(path)).toMatchObject({ status: 404, body: expect.not.stringContaining('not served') })
    },
  )

  test('is read-only', async () => {
    expect((await ask('/simple/', 'POST')).status).toBe(405)
  })
})
