import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createIssuer, type RunClaims } from '../../../sandbox/front/issuer.ts'
import { parseJwt, signatureHolds, signingKey } from '../../../sandbox/front/jwt.ts'
import { hosts } from '../../../sandbox/world.ts'
import { serve, type Served } from './ask.ts'

const folder = mkdtempSync(join(tmpdir(), 'issuer-'))
const now = (): number => Date.parse('2026-11-23T16:00:00Z')
const issuer = createIssuer(signingKey(join(folder, 'key')), now)
let served: Served

beforeAll(async () => {
  served = await serve(exchange => issuer.handle(exchange))
})
afterAll(async () => {
  await served.close()
  rmSync(folder, { recursive: true })
})

const subjects: readonly { run: RunClaims; sub: string }[] = [
  { run: {}, sub: 'repo:acme/shop:ref:refs/heads/main' },
  { run: { ref: 'refs/tags/v1' }, sub: 'repo:acme/shop:ref:refs/tags/v1' },
  { run: { event_name: 'pull_request', ref: 'refs/pull/7/merge' }, sub: 'repo:acme/shop:pull_request' },
  { run: { environment: 'prod', event_name: 'pull_request' }, sub: 'repo:acme/shop:environment:prod' },
  { run: { environment: 'eu:prod' }, sub: 'repo:acme/shop:environment:eu%3Aprod' },
  { run: { immutable: true }, sub: 'repo:acme@91000000/shop@910000001:ref:refs/heads/main' },
]

test.each(subjects)('$run → $sub', ({ run, sub }) => {
  expect(parseJwt(issuer.mint(run, 'sts.amazonaws.com'))?.claims).toMatchObject({ sub })
})

test('tokens live five minutes and hold under the published key', async () => {
  const jwt = parseJwt(issuer.mint({}, 'sts.amazonaws.com'))
  const { text } = await served.ask({ host: hosts.issuer, path: '/.well-known/jwks' })
  const { keys } = JSON.parse(text) as typeof issuer.jwks
  const key = keys.find(({ kid }) => kid === jwt?.header.kid)
  expect(Number(jwt?.claims.exp) - Number(jwt?.claims.iat)).toBe(300)
  expect(jwt && key && signatureHolds(jwt, { ...key })).toBe(true)
})

test('a job asks for its token with the request URL and token of its grant', async () => {
  const grant = issuer.grant({ sha: 'a'.repeat(40) })
  const path = `${grant.url.slice(`https://${hosts.issuer}`.length)}&audience=sts.amazonaws.com`
  const granted = await served.ask({ host: hosts.issuer, path, headers: { authorization: `Bearer ${grant.token}` } })
  const refused = await served.ask({ host: hosts.issuer, path, headers: { authorization: 'Bearer other' } })
  const { value } = JSON.parse(granted.text) as { value: string }
  expect(parseJwt(value)?.claims).toMatchObject({
    sha: 'a'.repeat(40),
    aud: 'sts.amazonaws.com',
    iss: `https://${hosts.issuer}`,
  })
  expect(refused.status).toBe(401)
})
