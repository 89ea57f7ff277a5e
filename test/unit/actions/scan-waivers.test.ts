import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { waiversOf } from '../../../src/actions/scan-waivers.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { testContext, type TestContext } from '../../support/image-context.ts'
import { json, startLoopback } from '../../support/loopback.ts'

const expires = new Date(systemClock.now() + 30 * 86_400_000).toISOString().slice(0, 10)

const file = (id: string): string => `waivers:
  - { id: ${id}, scope: { package: openssl }, reason: is not reachable here, owner: '@ada', expires: ${expires} }
`

function checkout(
  text?: string,
  baseRef?: string,
  apiUrl = 'https://api.github.com',
): Omit<TestContext, 'clock'> & { readonly clock: Clock } {
  const workspace = mkdtempSync(join(tmpdir(), 'slipway-waivers-'))
  if (text !== undefined) writeFileSync(join(workspace, 'slipway-waivers.yaml'), text)
  const { github } = testContext()
  const run = { ...github, apiUrl, ...(baseRef === undefined ? {} : { baseRef }) }
  return { ...testContext({ workspace, github: run }), clock: systemClock }
}

const given = { waivers: 'slipway-waivers.yaml', githubToken: 'ghs_token' }

test('waivers are those of the checkout; the usual file need not be there, another must', async () => {
  expect(await waiversOf(given, checkout(file('CVE-2026-1')))).toMatchObject([{ id: 'CVE-2026-1', line: 2 }])
  expect(await waiversOf(given, checkout())).toEqual([])
  await expect(waiversOf({ ...given, waivers: 'other.yaml' }, checkout())).rejects.toMatchObject({
    code: 'input-waivers',
  })
})

test('a pull request cannot bring its own: those of its base branch count', async () => {
  const server = await startLoopback((_, response) =>
    json(response, 200, { content: Buffer.from(file('CVE-2026-2')).toString('base64') }),
  )
  try {
    const context = checkout(file('CVE-2026-1'), 'main', server.url)
    expect(await waiversOf(given, context)).toMatchObject([{ id: 'CVE-2026-2' }])
    expect(server.requests[0]).toMatchObject({ path: '/repos/acme/shop/contents/slipway-waivers.yaml' })
    expect(server.requests[0]?.query.get('ref')).toBe('main')
    expect(context.masked).toContain('ghs_token')
  } finally {
    await server.close()
  }
})

test('a base branch without the file has none, and one that may not be read gives none and says so', async () => {
  let status = 404
  const server = await startLoopback((_, response) => json(response, status, { message: 'no' }))
  try {
    const context = checkout(file('CVE-2026-1'), 'main', server.url)
    expect([await waiversOf(given, context), context.logged]).toEqual([[], []])
    status = 403
    expect(await waiversOf(given, context)).toEqual([])
    expect(context.logged.join()).toContain('The waivers of main cannot be read')
    expect(await waiversOf({ ...given, githubToken: '' }, context)).toEqual([])
  } finally {
    await server.close()
  }
})
