import { describe, expect, test } from '@jest/globals'
import {
  isZoneConflict,
  readCreate,
  readMount,
  readPull,
  readSandbox,
  readStart,
} from '../../../src/health/messages.ts'

const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:1'

describe('texts of failed pulls', () => {
  test.each([
    [
      'containerd, tag missing',
      `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
      'image-not-found',
    ],
    [
      'CRI-O, tag missing',
      `reading manifest 1 in 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api: manifest unknown`,
      'image-not-found',
    ],
    [
      'ECR, repository missing',
      `name unknown: The repository with name 'shop/api' does not exist in the registry`,
      'image-not-found',
    ],
    [
      'Docker Hub, missing or private',
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope',
      'image-pull-denied',
    ],
    [
      'ECR, no permission',
      `unexpected status from HEAD request to https://x/v2/shop/api/manifests/1: 403 Forbidden`,
      'image-pull-denied',
    ],
    ['no credentials', 'no basic auth credentials', 'image-pull-denied'],
    ['rate limit', 'toomanyrequests: 429 Too Many Requests', 'image-pull-failing'],
    ['DNS', 'dial tcp: lookup registry.test on 10.96.0.10:53: no such host', 'image-pull-failing'],
    ['timeout', 'net/http: TLS handshake timeout', 'image-pull-failing'],
    ['other architecture', 'no match for platform in manifest: not found', 'image-wrong-platform'],
  ])('%s', (_what, message, code) => {
    expect(readPull('ErrImagePull', message, image).code).toBe(code)
  })

  test('the name of the image is no evidence', () => {
    const unlucky = 'registry.test/not-found/denied-api:403'
    expect(readPull('ErrImagePull', `failed to pull "${unlucky}": i/o timeout`, unlucky).code).toBe(
      'image-pull-failing',
    )
  })

  test.each([
    ['InvalidImageName', 'invalid-image-name'],
    ['ErrImageNeverPull', 'image-never-pull'],
  ])('%s needs no text', (reason, code) => {
    expect(readPull(reason, '', image).code).toBe(code)
  })
})

describe('texts of failed starts', () => {
  test('an image for another processor', () => {
    expect(readStart('RunContainerError', 'exec /app: exec format error')?.code).toBe('image-wrong-platform')
  })

  test('a busy runtime only waits', () => {
    expect(readStart('CreateContainerError', 'context deadline exceeded')).toMatchObject({
      code: 'start-error',
      class: 'C',
    })
  })

  test('states on the way are no fault', () => {
    expect(readStart('ContainerCreating', '')).toBeUndefined()
    expect(readStart('CrashLoopBackOff', 'back-off 10s')).toBeUndefined()
  })
})

test.each([
  ['pods "x" is forbidden: exceeded quota: small', 'quota-exceeded'],
  ['pods "x" is forbidden: violates PodSecurity "restricted:latest"', 'pod-security'],
  [
    'pods "x" is forbidden: error looking up service account shop/api: serviceaccount "api" not found',
    'service-account-missing',
  ],
  ['admission webhook "policy.test" denied the request: no', 'admission-denied'],
  ['Internal error occurred: failed calling webhook "policy.test": context deadline exceeded', 'webhook-failing'],
  ['Pod "x" is invalid', 'create-refused'],
])('why a pod was not created: %s', (message, code) => {
  expect(readCreate(message).code).toBe(code)
})

test.each([
  ['configmap "settings" not found', 'config-missing'],
  ['references non-existent secret key: url', 'config-missing'],
  ['persistentvolume "data" not found', 'volume-missing'],
  ['timed out waiting for external-attacher', 'volume-failing'],
])('why a volume was not mounted: %s', (message, code) => {
  expect(readMount(message).code).toBe(code)
})

test.each([
  ['add cmd: failed to assign an IP address to container', 'ip-exhaustion'],
  ['failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.254', 'ip-exhaustion'],
  ['InsufficientFreeAddressesInSubnet: the subnet has not enough free addresses', 'ip-exhaustion'],
  ['no available IP addresses', 'ip-exhaustion'],
  ['failed to create containerd task: OCI runtime create failed', 'sandbox-failing'],
])('why a node could not set up a pod: %s', (message, code) => {
  expect(readSandbox(message)).toBe(code)
})

test.each([
  ['0/2 nodes are available: 2 node(s) had volume node affinity conflict.', true],
  ["0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.", true],
  ['0/2 nodes are available: 1 Too many pods, 1 node(s) had volume node affinity conflict.', false],
  ['0/2 nodes are available: 2 Insufficient memory.', false],
])('a volume in another zone: %s', (message, conflict) => {
  expect(isZoneConflict(message)).toBe(conflict)
})

describe('what is missing is named', () => {
  test.each([
    [`couldn't find key url in ConfigMap shop/settings`, { missing: 'ConfigMap', name: 'settings', key: 'url' }],
    [`couldn't find key url in Secret settings`, { missing: 'Secret', name: 'settings', key: 'url' }],
    ['secret "shop-api" not found', { missing: 'Secret', name: 'shop-api' }],
    ['configmap "settings" not found', { missing: 'ConfigMap', name: 'settings' }],
    ['references non-existent secret key: url', undefined],
  ])('%s', (message, facts) => {
    expect(readStart('CreateContainerConfigError', message)).toEqual({
      code: 'config-missing',
      ...(facts === undefined ? {} : { facts }),
    })
  })

  test('a text that names nothing missing is another error', () => {
    expect(readStart('CreateContainerConfigError', 'host IP unknown')).toEqual({ code: 'start-error' })
  })
})

test('the name of a repository says nothing, under whatever tag or digest the text gives it', () => {
  const digest = `registry.example.com/denied/api@sha256:${'0'.repeat(64)}`
  const text = 'failed to resolve reference "registry.example.com/denied/api:2": i/o timeout'
  expect(readPull('ErrImagePull', text, digest).code).toBe('image-pull-failing')
})
