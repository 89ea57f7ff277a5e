import { afterEach, describe, expect, test } from '@jest/globals'
import { createServer, type IncomingMessage } from 'node:http'
import { connect as connectTo, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createCluster, type ClusterClient } from '../../../src/kubernetes/client.ts'
import { KubeError } from '../../../src/kubernetes/errors.ts'
import type { Keep } from '../../../src/kubernetes/model.ts'
import type { TokenSource } from '../../../src/kubernetes/transport.ts'
import { groups, pod, startApiServer, status } from '../../support/api-server.ts'
import { recordingLog } from '../../support/context.ts'
import { json, startLoopback, type Handler, type Loopback } from '../../support/loopback.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const podKind = { apiVersion: 'v1', kind: 'Pod' } as const
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface Bench {
  readonly server: Loopback
  readonly cluster: ClusterClient
  readonly clock: SkippingClock
  readonly lines: readonly string[]
}

async function bench(handler: Handler, token?: TokenSource, start = startApiServer): Promise<Bench> {
  const server = await start(handler)
  const [clock, log] = [new SkippingClock(), recordingLog()]
  const cluster = createCluster({ server: server.url, clock, random: () => 0.5, log, ...(token && { token }) })
  closing.push(server.close, cluster.close)
  return { server, cluster, clock, lines: log.lines }
}

/** Answers with each handler once, in turn; then with the last. */
function inTurn(...handlers: readonly Handler[]): Handler {
  let turn = 0
  return (request, response) => handlers[Math.min(turn++, handlers.length - 1)]?.(request, response)
}

const podList = (items: readonly unknown[], metadata: Record<string, string> = {}): unknown => ({
  kind: 'PodList',
  apiVersion: 'v1',
  metadata: { resourceVersion: '100', ...metadata },
  items,
})

describe('reading', () => {
  test('a list is read page by page; its items say what they are, and of managed fields only who wrote and when', async () => {
    const writer = { manager: 'kubelet', operation: 'Update', subresource: 'status', time: '2026-11-02T09:00:00Z' }
    const fieldsV1 = { 'f:status': {} }
    const bare = { metadata: { name: 'a', managedFields: [{ ...writer, fieldsType: 'FieldsV1', fieldsV1 }] } }
    const { server, cluster } = await bench(({ query }, response) =>
      json(response, 200, query.get('continue') === 'p2' ? podList([pod('b')]) : podList([bare], { continue: 'p2' })),
    )
    const pods = await cluster.list(podKind, 'shop', 'app=api')
    const named = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', managedFields: [writer] } }
    expect(pods).toEqual([named, pod('b')])
    const [first] = server.to('/api/v1/namespaces/shop/pods')
    expect(Object.fromEntries(first?.query ?? [])).toEqual({ limit: '500', labelSelector: 'app=api' })
  })

  test('of each object of a list only that stays which its reader keeps', async () => {
    const { cluster } = await bench((_, response) => json(response, 200, podList([pod('a', '1', { spec: { x: 1 } })])))
    const keep: Keep = ({ spec: _, ...object }) => object
    expect(await cluster.list(podKind, 'shop', undefined, undefined, keep)).toEqual([pod('a')])
  })

  test('a list whose pages expired is read whole', async () => {
    const { server, cluster } = await bench(({ query }, response) => {
      if (query.has('continue')) return json(response, 410, status(410, 'Expired', 'too old'))
      return json(
        response,
        200,
        query.has('limit') ? podList([pod('a')], { continue: 'p2' }) : podList([pod('a'), pod('b')]),
      )
    })
    expect(await cluster.list(podKind, 'shop')).toHaveLength(2)
    expect(server.to('/api/v1/namespaces/shop/pods')).toHaveLength(3)
  })

  test('what does not exist is undefined, also when its kind does not exist', async () => {
    const { cluster } = await bench((_, response) => json(response, 404, status(404, 'NotFound', 'pods "x" not found')))
    expect(await cluster.get({ ...podKind, namespace: 'shop', name: 'x' })).toBeUndefined()
    expect(await cluster.get({ apiVersion: 'example.org/v1', kind: 'Widget', name: 'x' })).toBeUndefined()
  })

  test('a compressed answer is understood', async () => {
    const { cluster } = await bench((request, response) => {
      expect(request.headers['accept-encoding']).toBe('gzip')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(podList([pod('a')]))))
    })
    expect(await cluster.list(podKind, undefined)).toEqual([pod('a')])
  })

  test('the log of a container comes as text, bounded', async () => {
    const { server, cluster } = await bench((_, response) => response.end('boom\n'))
    expect(await cluster.logs('api-1', 'shop', { container: 'api', previous: true, tailLines: 20 })).toBe('boom\n')
    const query = server.to('/api/v1/namespaces/shop/pods/api-1/log')[0]?.query
    expect(Object.fromEntries(query ?? [])).toEqual({
      container: 'api',
      previous: 'true',
      tailLines: '20',
      limitBytes: '1048576',
    })
  })

  test('an answer that is no JSON is a broken remote, not a crash', async () => {
    const { cluster } = await bench((_, response) => response.end('<html>'))
    await expect(cluster.list(podKind, 'shop')).rejects.toMatchObject({ kind: 'remote', code: 'kubernetes-answer' })
  })
})

describe('writing', () => {
  test('apply sends the object as JSON to server-side apply, strictly, without managedFields', async () => {
    const { server, cluster } = await bench((_, response) => json(response, 200, pod('a', '7')))
    const object = { ...podKind, metadata: { name: 'a', namespace: 'shop', managedFields: [] }, spec: { x: 1 } }
    expect(await cluster.apply(object, { dryRun: true, force: true })).toEqual(pod('a', '7'))
    const [request] = server.to('/api/v1/namespaces/shop/pods/a')
    expect(request).toMatchObject({ method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' } })
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      fieldManager: 'slipway',
      force: 'true',
      fieldValidation: 'Strict',
      dryRun: 'All',
    })
    expect(JSON.parse(request?.body ?? '')).toEqual({
      ...podKind,
      metadata: { name: 'a', namespace: 'shop' },
      spec: { x: 1 },
    })
  })

  test('without options apply neither forces nor is dry', async () => {
    const { server, cluster } = await bench((_, response) => json(response, 200, pod('a')))
    await cluster.apply({ ...podKind, metadata: { name: 'a', namespace: 'shop' } })
    const query = server.to('/api/v1/namespaces/shop/pods/a')[0]?.query
    expect([query?.get('force'), query?.has('dryRun')]).toEqual(['false', false])
  })

  test('removing says whether there was something', async () => {
    const { server, cluster } = await bench(
      inTurn(
        (_, response) => json(response, 200, status(200, '', '')),
        (_, response) => json(response, 404, status(404, 'NotFound', 'gone')),
      ),
    )
    const key = { ...podKind, namespace: 'shop', name: 'a' }
    expect([await cluster.remove(key), await cluster.remove(key)]).toEqual([true, false])
    expect(server.to('/api/v1/namespaces/shop/pods/a')[0]?.query.get('propagationPolicy')).toBe('Background')
  })

  test('warnings of the API server are passed on once', async () => {
    const { cluster, lines } = await bench((_, response) =>
      json(response, 200, pod('a'), { warning: '299 - "unknown field \\"spec.x\\"", 299 - "old"' }),
    )
    await cluster.apply({ ...podKind, metadata: { name: 'a', namespace: 'shop' } })
    await cluster.apply({ ...podKind, metadata: { name: 'a', namespace: 'shop' } })
    expect(lines).toEqual(['warning: unknown field "spec.x"', 'warning: old'])
  })
})

test('a proxy of the environment is used as a tunnel', async () => {
  const tunnels: string[] = []
  const proxy = createServer().on('connect', (request: IncomingMessage, client: Socket) => {
    tunnels.push(request.url ?? '')
    const [host = '', port = ''] = (request.url ?? '').split(':')
    const server = connectTo(Number(port), host, () => client.write('HTTP/1.1 200 OK\r\n\r\n'))
    client.pipe(server).pipe(client)
    server.on('error', () => client.destroy())
    client.on('error', () => server.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  const before = process.env['http_proxy']
  process.env['http_proxy'] = `http://127.0.0.1:${port}`
  closing.push(async () => {
    if (before === undefined) delete process.env['http_proxy']
    else process.env['http_proxy'] = before
    proxy.closeAllConnections()
    proxy.close()
  })
  const { server, cluster } = await bench((_, response) => json(response, 200, { gitVersion: 'v1.36.4' }))
  expect(await cluster.version()).toBe('v1.36.4')
  expect(tunnels).toEqual([new URL(server.url).host])
})

describe('trouble on the way', () => {
  const unauthorized: Handler = (_, response) => json(response, 401, status(401, 'Unauthorized', 'Unauthorized'))

  test('a refused token is replaced once by a fresh one', async () => {
    const asked: boolean[] = []
    const token: TokenSource = async fresh => {
      asked.push(fresh)
      return fresh ? 'new' : 'old'
    }
    const { cluster } = await bench(
      ({ headers }, response) =>
        headers.authorization === 'Bearer new'
          ? json(response, 200, { gitVersion: 'v1.36.4' })
          : json(response, 401, {}),
      token,
    )
    expect(await cluster.version()).toBe('v1.36.4')
    expect(asked).toEqual([false, true])
  })

  test('a fresh token that is refused as well is an error', async () => {
    const { server, cluster } = await bench(unauthorized, async () => 'any')
    await expect(cluster.version()).rejects.toMatchObject({ status: 401, kind: 'denied' })
    expect(server.to('/version')).toHaveLength(2)
  })

  test('a write that was turned away unprocessed is repeated when the server says', async () => {
    const { cluster, clock } = await bench(
      inTurn(
        (_, response) => json(response, 429, status(429, 'TooManyRequests', 'slow down'), { 'retry-after': '3' }),
        (_, response) => json(response, 201, pod('a')),
      ),
    )
    await cluster.create({ ...podKind, metadata: { name: 'a', namespace: 'shop' } })
    expect(clock.slept).toHaveLength(1)
    expect(clock.slept[0]).toBeGreaterThanOrEqual(3_000)
  })

  test('a read whose body breaks off is repeated', async () => {
    const { cluster } = await bench(
      inTurn(
        (_, response) => {
          response.writeHead(200, { 'content-length': '1000' })
          response.write('{"kind":', () => response.destroy())
        },
        (_, response) => json(response, 200, podList([pod('a')])),
      ),
    )
    expect(await cluster.list(podKind, 'shop')).toHaveLength(1)
  })

  test('a create whose answer is lost is not repeated', async () => {
    const { server, cluster } = await bench((_, response) => response.destroy())
    await expect(cluster.create({ ...podKind, metadata: { name: 'a', namespace: 'shop' } })).rejects.toMatchObject({
      reason: 'reset',
    })
    expect(server.to('/api/v1/namespaces/shop/pods')).toHaveLength(1)
  })

  test('a read gives up after its patience', async () => {
    const { cluster, clock } = await bench((_, response) =>
      json(response, 503, status(503, 'ServiceUnavailable', 'starting')),
    )
    const before = clock.now()
    await expect(cluster.list(podKind, 'shop')).rejects.toBeInstanceOf(KubeError)
    expect(clock.now() - before).toBeGreaterThan(15_000)
    expect(clock.now() - before).toBeLessThanOrEqual(30_000)
  })

  test('nobody at the port is told as unreachable', async () => {
    const { server, cluster } = await bench(() => {})
    await server.close()
    await expect(cluster.version()).rejects.toMatchObject({ code: 'cluster-unreachable', reason: 'refused' })
  })

  test('an abort ends a request that hangs, with the reason of the signal', async () => {
    const controller = new AbortController()
    const { cluster } = await bench(() => controller.abort(new Error('cancelled by the user')))
    await expect(cluster.version(controller.signal)).rejects.toThrow('cancelled by the user')
  })
})

describe('which kinds there are', () => {
  test('is asked once, and again for a kind that came later', async () => {
    let widgets = false
    const { server, cluster } = await bench(
      (request, response) => {
        const group = { name: 'example.org', version: 'v1', resources: [['widgets', 'Widget', true]] } as const
        if (request.path === '/api')
          return json(response, 200, groups({ name: '', version: 'v1', resources: [['pods', 'Pod', true]] }))
        return json(response, 200, groups(...(widgets ? [group] : [])))
      },
      undefined,
      startLoopback,
    )
    const widget = { apiVersion: 'example.org/v1', kind: 'Widget' }
    expect(await cluster.namespaced(podKind)).toBe(true)
    expect(await cluster.namespaced(widget)).toBeUndefined()
    widgets = true
    expect(await cluster.namespaced(widget)).toBe(true)
    expect(await cluster.namespaced(podKind)).toBe(true)
    expect(server.to('/apis')).toHaveLength(3)
    expect(server.to('/apis')[0]?.headers.accept).toContain('as=APIGroupDiscoveryList')
  })

  test('an apply of an unknown kind says so', async () => {
    const { cluster } = await bench(() => {})
    await expect(cluster.apply({ apiVersion: 'x.io/v1', kind: 'Nope', metadata: { name: 'a' } })).rejects.toThrow(
      'does not serve Nope in x.io/v1',
    )
  })
})
