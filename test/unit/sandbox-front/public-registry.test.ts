import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { handlePublicRegistry } from '../../../sandbox/front/public-registry.ts'
import { createRegistryTokens } from '../../../sandbox/front/registry-tokens.ts'
import { createSessions } from '../../../sandbox/front/sessions.ts'
import { publicAlias } from '../../../sandbox/world.ts'
import { serve, type Answered, type Served } from './ask.ts'

const sessions = createSessions(Date.now)
const tokens = createRegistryTokens(Buffer.from('key'), sessions, Date.now)
const { password } = tokens.issue(sessions.open({ name: 'shop-build', id: 'AROA1' }, 'run-7', 3600, [], 0))
const basic = (secret: string): string => `Basic ${Buffer.from(`AWS:${secret}`).toString('base64')}`

let distribution: Server
let served: Served
let checked: string[] = []
let denied: string | undefined

beforeAll(async () => {
  distribution = createServer((request, response) => void response.writeHead(200).end(request.url))
  await new Promise<void>(resolve => distribution.listen(0, '127.0.0.1', resolve))
  const { port: registryPort } = distribution.address() as AddressInfo
  const check = async (_: unknown, action: string, resource: string) => {
    checked.push(`${action} on ${resource}`)
    return action === denied ? `not authorized to perform: ${action}` : undefined
  }
  served = await serve(exchange => handlePublicRegistry(exchange, { authorizer: { check }, tokens, registryPort }))
})
afterAll(async () => {
  await served.close()
  distribution.close()
})
beforeEach(() => {
  checked = []
  denied = undefined
})

const ask = (method: string, path: string, authorization?: string): Promise<Answered> =>
  served.ask({
    host: 'public.ecr.aws',
    method,
    path,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  })

/** The token dance of a client with this login, or with none. */
async function bearer(authorization?: string): Promise<string> {
  const { text } = await ask('GET', '/token/?service=public.ecr.aws', authorization)
  return `Bearer ${(JSON.parse(text) as { token: string }).token}`
}

test('everyone reads after the token dance, and nobody is checked', async () => {
  expect(await ask('GET', '/v2/')).toMatchObject({ status: 401 })
  for (const token of [await bearer(), await bearer(basic(password))])
    expect(await ask('GET', '/v2/docker/library/python/manifests/3.11', token)).toMatchObject({ status: 200 })
  expect(checked).toEqual([])
})

test('a wrong password gives no token', async () => {
  expect(await ask('GET', '/token/', basic('wrong'))).toMatchObject({ status: 401 })
})

test('who is logged in pushes below the alias of the account, with the permissions of the session', async () => {
  const token = await bearer(basic(password))
  const uploads = `/v2/${publicAlias}/shop/api/blobs/uploads/`
  expect(await ask('POST', uploads, token)).toMatchObject({ status: 200 })
  expect(checked).toEqual(['ecr-public:InitiateLayerUpload on arn:aws:ecr-public::123456789012:repository/shop/api'])
  denied = 'ecr-public:InitiateLayerUpload'
  expect(await ask('POST', uploads, token)).toMatchObject({ status: 403 })
})

test('nobody pushes elsewhere, nor without a login', async () => {
  expect(await ask('POST', '/v2/docker/library/python/blobs/uploads/', await bearer(basic(password)))).toMatchObject({
    status: 403,
  })
  expect(await ask('POST', `/v2/${publicAlias}/shop/blobs/uploads/`, await bearer())).toMatchObject({ status: 403 })
})
