import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createImages, digestOf, type Images } from '../../../sandbox/front/images.ts'
import type { Moto, NewImage, Repository, StoredImage } from '../../../sandbox/front/moto.ts'
import { handleRegistry } from '../../../sandbox/front/registry.ts'
import { createRegistryTokens } from '../../../sandbox/front/registry-tokens.ts'
import { createSessions } from '../../../sandbox/front/sessions.ts'
import { hosts } from '../../../sandbox/world.ts'
import { serve, type Answered, type Asked, type Served } from './ask.ts'

const sessions = createSessions(Date.now)
const tokens = createRegistryTokens(Buffer.from('key'), sessions, Date.now)
const session = sessions.open({ name: 'shop-build', id: 'AROA1' }, 'run-7', 3600, [], 0)
const repository: Repository = { mutability: 'IMMUTABLE', exclusions: ['cache-*'], scanOnPush: true }
let stored: (StoredImage & { repository: string })[] = []
let denied: string | undefined
let distribution: Server
let served: Served
let images: Images

/** moto's state and nothing else. */
const moto: Pick<Moto, 'repository' | 'image' | 'tags' | 'putImage'> = {
  repository: async (name: string) => (name === 'shop/api' ? repository : undefined),
  image: async (name: string, reference: string) =>
    stored.find(one => one.repository === name && (one.digest === reference || one.tags.includes(reference))),
  tags: async (name: string) => stored.filter(one => one.repository === name).flatMap(one => one.tags),
  putImage: async ({ tag, ...image }: NewImage) => void stored.push({ ...image, tags: tag === undefined ? [] : [tag] }),
}

beforeAll(async () => {
  distribution = createServer((request, response) => {
    request.resume()
    response
      .writeHead(request.method === 'POST' ? 202 : 201, {
        location: `https://${request.headers.host}${request.url}1234?_state=abc`,
      })
      .end()
  })
  await new Promise<void>(resolve => distribution.listen(0, '127.0.0.1', resolve))
  const { port: registryPort } = distribution.address() as AddressInfo
  images = createImages(moto, registryPort, async () => undefined)
  const authorizer = {
    check: async (_: unknown, action: string) =>
      action === denied ? `not authorized to perform: ${action}` : undefined,
  }
  served = await serve(exchange => handleRegistry(exchange, { moto, authorizer, images, tokens, registryPort }))
})

afterAll(async () => {
  await served.close()
  distribution.close()
})

beforeEach(() => {
  stored = []
  denied = undefined
})

function ask(
  method: string,
  path: string,
  body?: string,
  password = tokens.issue(session).password,
): Promise<Answered> {
  const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`
  const asked: Asked = {
    host: hosts.registry,
    method,
    path,
    headers: { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
  }
  return served.ask(body === undefined ? asked : { ...asked, body })
}

const errorOf = ({ text }: Answered): unknown => (JSON.parse(text) as { errors: unknown[] }).errors[0]
const manifest = (config: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 2 },
    layers: [],
  })

test('without a password, and with a wrong one, it asks for one', async () => {
  const anonymous = await served.ask({ host: hosts.registry, path: '/v2/' })
  expect(anonymous).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': `Basic realm="https://${hosts.registry}/",service="ecr.amazonaws.com"` },
  })
  expect(await ask('GET', '/v2/', undefined, 'wrong')).toMatchObject({ status: 401 })
  expect(await ask('GET', '/v2/')).toMatchObject({ status: 200 })
})

test('an expired password is refused with 403, not 401', async () => {
  const { password } = tokens.issue(session)
  tokens.expireAll()
  const answer = await ask('GET', '/v2/', undefined, password)
  expect(answer.status).toBe(403)
  expect(errorOf(answer)).toEqual({
    code: 'DENIED',
    message: 'Your authorization token has expired. Reauthenticate and try again.',
  })
})

test('a repository that does not exist answers NAME_UNKNOWN', async () => {
  const answer = await ask('POST', '/v2/shop/none/blobs/uploads/')
  expect(answer.status).toBe(404)
  expect(errorOf(answer)).toEqual({
    code: 'NAME_UNKNOWN',
    message: "The repository with name 'shop/none' does not exist in the registry with id '123456789012'",
  })
})

test("what IAM refuses is DENIED, in IAM's words", async () => {
  denied = 'ecr:InitiateLayerUpload'
  const answer = await ask('POST', '/v2/shop/api/blobs/uploads/')
  expect(answer.status).toBe(403)
  expect(errorOf(answer)).toEqual({ code: 'DENIED', message: 'not authorized to perform: ecr:InitiateLayerUpload' })
})

test('the last request of an upload that brings its content along needs the permission for that too', async () => {
  denied = 'ecr:UploadLayerPart'
  expect(await ask('PUT', '/v2/shop/api/blobs/uploads/1?digest=sha256:a', 'content')).toMatchObject({ status: 403 })
  expect(await ask('PUT', '/v2/shop/api/blobs/uploads/1?digest=sha256:a')).toMatchObject({ status: 201 })
})

test('an immutable tag never moves', async () => {
  expect(await ask('PUT', '/v2/shop/api/manifests/v1', manifest('sha256:a'))).toMatchObject({ status: 201 })
  const again = await ask('PUT', '/v2/shop/api/manifests/v1', manifest('sha256:b'))
  expect(again.status).toBe(400)
  expect(errorOf(again)).toEqual({
    code: 'TAG_INVALID',
    message:
      "The image tag 'v1' already exists in the 'shop/api' repository and cannot be overwritten because the tag is immutable.",
  })
})

test('a pushed manifest is in the control plane and comes back byte by byte', async () => {
  const text = manifest('sha256:c')
  const pushed = await ask('PUT', '/v2/shop/api/manifests/v2', text)
  expect(pushed.headers['docker-content-digest']).toBe(digestOf(Buffer.from(text)))
  expect(stored).toMatchObject([{ repository: 'shop/api', tags: ['v2'], manifest: text }])
  expect(await ask('GET', '/v2/shop/api/manifests/v2')).toMatchObject({ status: 200, text })
})

test('an image that the control plane no longer has cannot be pulled', async () => {
  await ask('PUT', '/v2/shop/api/manifests/v3', manifest('sha256:d'))
  stored = []
  expect(errorOf(await ask('GET', '/v2/shop/api/manifests/v3'))).toEqual({
    code: 'MANIFEST_UNKNOWN',
    message: 'Requested image not found',
  })
})

test("an upload goes on under the registry's own name", async () => {
  const { headers } = await ask('POST', '/v2/shop/api/blobs/uploads/?mount=sha256:a&from=shop/base')
  expect(headers.location).toBe(`https://${hosts.registry}/v2/shop/api/blobs/uploads/1234?_state=abc`)
})

test('an artifact with a subject is listed as its referrer', async () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: 'sha256:e', size: 1 }
  const text = JSON.stringify({ schemaVersion: 2, artifactType: 'application/spdx+json', layers: [], subject })
  const pushed = await ask('PUT', `/v2/shop/api/manifests/${digestOf(Buffer.from(text))}`, text)
  expect(pushed.headers['oci-subject']).toBe('sha256:e')
  const { manifests } = JSON.parse((await ask('GET', '/v2/shop/api/referrers/sha256:e')).text) as {
    manifests: unknown[]
  }
  expect(manifests).toMatchObject([{ artifactType: 'application/spdx+json', digest: digestOf(Buffer.from(text)) }])
})

test('after a reset every image is gone', async () => {
  const before = images.path('shop/api')
  images.clear()
  expect(images.path('shop/api')).not.toBe(before)
})

test('images cannot be deleted through the data plane', async () => {
  expect(await ask('DELETE', '/v2/shop/api/manifests/v1')).toMatchObject({ status: 405 })
})
