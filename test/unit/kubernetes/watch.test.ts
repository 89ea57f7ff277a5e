import { afterEach, describe, expect, test } from '@jest/globals'
import { getEventListeners } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createCluster } from '../../../src/kubernetes/client.ts'
import type { Keep, WatchEvent } from '../../../src/kubernetes/model.ts'
import { pod, startApiServer, status } from '../../support/api-server.ts'
import { recordingLog } from '../../support/context.ts'
import { json, type Loopback, type SeenRequest } from '../../support/loopback.ts'
import { ManualClock, eventually } from '../../support/manual-clock.ts'

const podKind = { apiVersion: 'v1', kind: 'Pod' } as const
const pods = '/api/v1/namespaces/shop/pods'
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** One open watch as the server sees it. */
interface Stream {
  readonly request: SeenRequest
  send(type: string, object: unknown): void
  raw(bytes: string): void
  /** Ends in good order. */
  end(): void
  /** Breaks the connection. */
  reset(): void
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>
}

interface Scene {
  readonly server: Loopback
  readonly clock: ManualClock
  readonly events: WatchEvent[]
  readonly abort: AbortController
  readonly done: Promise<void>
  /** The n-th watch that was opened, counted from 0. */
  readonly stream: (n: number) => Promise<Stream>
  readonly lists: () => number
  readonly until: (n: number) => Promise<void>
}

type Answer = (request: SeenRequest, response: ServerResponse) => boolean

/** Watches the pods of a loopback API server that lists `pod a` at version 100; `instead` may answer first. */
async function watching(instead: Answer = () => false): Promise<Scene> {
  const streams: Stream[] = []
  let lists = 0
  const server = await startApiServer((request, response) => {
    if (instead(request, response)) return
    if (!request.query.has('watch')) {
      lists++
      return json(response, 200, {
        kind: 'PodList',
        metadata: { resourceVersion: String(99 + lists) },
        items: [pod('a')],
      })
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    streams.push({
      request,
      send: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
      raw: bytes => void response.write(bytes),
      end: () => void response.end(),
      reset: () => void response.destroy(),
      closed: new Promise(resolve => void response.on('close', resolve)),
    })
  })
  const [clock, abort, events] = [new ManualClock(), new AbortController(), [] as WatchEvent[]]
  const cluster = createCluster({ server: server.url, clock, random: () => 0.5, log: recordingLog() })
  const done = (async () => {
    for await (const event of cluster.watch(podKind, 'shop', abort.signal)) events.push(event)
  })()
  done.catch(() => {})
  closing.push(server.close, cluster.close, async () => abort.abort())
  return {
    server,
    clock,
    events,
    abort,
    done,
    lists: () => lists,
    until: n => eventually(() => events.length >= n),
    stream: async n => {
      await eventually(() => streams[n] !== undefined)
      const stream = streams[n]
      if (!stream) throw new Error('unreachable')
      return stream
    },
  }
}

const types = (events: readonly WatchEvent[]): string[] => events.map(({ type }) => type)

describe('a watch in good weather', () => {
  test('lists first, then passes changes on from the version of the list', async () => {
    const { events, until, stream } = await watching()
    const first = await stream(0)
    first.send('MODIFIED', pod('a', '101'))
    first.send('DELETED', pod('a', '102'))
    await until(3)
    expect(events).toEqual([
      { type: 'listed', kind: podKind, objects: [pod('a')], resourceVersion: '100' },
      { type: 'modified', object: pod('a', '101') },
      { type: 'deleted', object: pod('a', '102') },
    ])
    expect(Object.fromEntries(first.request.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '567',
      resourceVersion: '100',
    })
  })

  test('hands over what the reader keeps, of the list and of every change', async () => {
    const server = await startApiServer(({ query }, response) => {
      if (!query.has('watch')) return json(response, 200, { metadata: { resourceVersion: '1' }, items: [pod('a')] })
      response.write(`${JSON.stringify({ type: 'ADDED', object: pod('b', '2') })}\n`)
    })
    const cluster = createCluster({
      server: server.url,
      clock: new ManualClock(),
      random: () => 0.5,
      log: recordingLog(),
    })
    closing.push(server.close, cluster.close)
    const abort = new AbortController()
    const seen: (string | undefined)[] = []
    const keep: Keep = object => ({ ...object, metadata: { ...object.metadata, uid: 'kept' } })
    for await (const event of cluster.watch(podKind, 'shop', abort.signal, keep)) {
      if (event.type === 'listed') seen.push(...event.objects.map(({ metadata }) => metadata.uid))
      if (event.type === 'added') seen.push(event.object.metadata.uid)
      if (seen.length === 2) abort.abort(new Error('enough'))
    }
    expect(seen).toEqual(['kept', 'kept'])
  })

  test('goes on from the last bookmark when the server ends the watch, without a gap', async () => {
    const { clock, events, stream, lists } = await watching()
    const first = await stream(0)
    first.send('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: '150' } })
    first.end()
    await clock.sleeping(0, 200)
    clock.advance(200)
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('150')
    expect([types(events), lists()]).toEqual([['listed'], 1])
  })
})

describe('a watch in bad weather', () => {
  test('resumes a broken connection unnoticed', async () => {
    const { clock, events, stream, until } = await watching()
    const first = await stream(0)
    first.send('ADDED', pod('b', '110'))
    await until(2)
    first.reset()
    await clock.sleeping(0, 200)
    clock.advance(200)
    const second = await stream(1)
    expect(second.request.query.get('resourceVersion')).toBe('110')
    second.send('ADDED', pod('c', '111'))
    await until(3)
    expect(types(events)).toEqual(['listed', 'added', 'added'])
  })

  test('when resuming fails a gap begins at the last sign of life, and a fresh list ends it', async () => {
    let down = false
    const { clock, events, stream, until } = await watching((_, response) => {
      if (down) response.destroy()
      return down
    })
    const heardAt = clock.now()
    const first = await stream(0)
    down = true
    first.reset()
    await clock.sleeping(0, 200)
    clock.advance(200)
    await until(2)
    down = false
    await clock.sleeping(0, 5_000)
    clock.advance(5_000)
    await until(3)
    expect(types(events)).toEqual(['listed', 'gap', 'listed'])
    expect(events[1]).toMatchObject({ type: 'gap', kind: podKind, since: heardAt })
  })

  test('a long outage is one gap', async () => {
    let tries = 0
    const { clock, events, stream, until } = await watching(({ query }, response) => {
      if (tries === 0 && !query.has('watch')) return false
      if (tries++ === 0) return false
      json(response, 500, status(500, 'InternalError', 'etcd is away'))
      return true
    })
    ;(await stream(0)).reset()
    // The transport is patient with lists on its own; whoever sleeps, the time goes on.
    const enough = (): boolean => tries >= 12
    while (!enough()) {
      await clock.sleeping(0, 10_000)
      clock.advance(10_000)
    }
    await until(2)
    expect(types(events)).toEqual(['listed', 'gap'])
  })

  test('an expired version, told by status, leads to a fresh list without a gap', async () => {
    let gone = false
    const { clock, events, stream, until } = await watching(({ query }, response) => {
      if (!gone || !query.has('watch')) return false
      gone = false
      json(response, 410, status(410, 'Expired', 'too old resource version'))
      return true
    })
    const first = await stream(0)
    gone = true
    first.reset()
    await clock.sleeping(0, 200)
    clock.advance(200)
    await until(1)
    await clock.sleeping(0, 5_000)
    clock.advance(5_000)
    await until(2)
    expect(types(events)).toEqual(['listed', 'listed'])
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('101')
  })

  test('an expired version, told in the stream, leads to a fresh list without a gap', async () => {
    const { events, stream, until } = await watching()
    ;(await stream(0)).send('ERROR', status(410, 'Expired', 'too old resource version'))
    await until(2)
    expect(types(events)).toEqual(['listed', 'listed'])
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('101')
  })

  test('another error in the stream is a broken connection, not the end', async () => {
    const { clock, stream } = await watching()
    ;(await stream(0)).send('ERROR', status(500, 'InternalError', 'etcdserver: leader changed'))
    await clock.sleeping(0, 200)
    clock.advance(200)
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('100')
  })

  test('silence for 75 s makes it connect anew from the last version', async () => {
    const { clock, events, stream } = await watching()
    await stream(0)
    await clock.sleeping(70_000)
    clock.advance(75_000)
    await clock.sleeping(0, 200)
    clock.advance(200)
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('100')
    expect(types(events)).toEqual(['listed'])
  })

  test('every byte proves life: a bookmark puts the check off', async () => {
    const { clock, events, stream, server, until } = await watching()
    const first = await stream(0)
    await clock.sleeping(70_000)
    clock.advance(60_000)
    first.send('ADDED', pod('b', '120'))
    await until(2)
    clock.advance(15_000)
    // The guard looks at its first deadline, sees the byte and sleeps for what is left.
    await clock.sleeping(59_000, 61_000)
    expect(server.to(pods).filter(({ query }) => query.has('watch'))).toHaveLength(1)
    expect(types(events)).toEqual(['listed', 'added'])
  })

  test('what is no event breaks the connection, and the next one goes on', async () => {
    const { clock, stream } = await watching()
    ;(await stream(0)).raw('<html>502</html>\n')
    await clock.sleeping(0, 200)
    clock.advance(200)
    expect((await stream(1)).request.query.get('resourceVersion')).toBe('100')
  })

  test('429 on opening is waited for as long as the server says', async () => {
    let full = true
    const { clock, stream } = await watching(({ query }, response) => {
      if (!full || !query.has('watch')) return false
      full = false
      json(response, 429, status(429, 'TooManyRequests', 'slow down'), { 'retry-after': '7' })
      return true
    })
    await clock.sleeping(7_000, 8_000)
    clock.advance(8_000)
    await stream(0)
  })
})

describe('the end of a watch', () => {
  test('an abort ends it without an error and leaves no listener and no connection', async () => {
    const { abort, done, stream, clock } = await watching()
    const first = await stream(0)
    await clock.sleeping(70_000)
    abort.abort(new Error('cancelled'))
    await done
    expect(clock.sleepers).toBe(0)
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0)
    await first.closed
  })

  test('a consumer that stops early closes the connection', async () => {
    const { server, clock } = await watching()
    const signal = new AbortController().signal
    const cluster = createCluster({ server: server.url, clock, random: () => 0.5, log: recordingLog() })
    closing.push(cluster.close)
    for await (const event of cluster.watch(podKind, 'shop', signal)) {
      expect(event.type).toBe('listed')
      break
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('a refusal before the first list is thrown', async () => {
    const { done } = await watching((_, response) => {
      json(
        response,
        403,
        status(403, 'Forbidden', 'User "ci" cannot list resource "pods" in API group "" in the namespace "shop"'),
      )
      return true
    })
    await expect(done).rejects.toMatchObject({ status: 403, kind: 'denied' })
  })

  test('a refusal later is a gap: a restarting API server forgets who may what', async () => {
    let forgetful = false
    const { clock, events, stream, until } = await watching((_, response) => {
      if (forgetful) json(response, 403, status(403, 'Forbidden', 'RBAC: clusterrole not found'))
      return forgetful
    })
    const first = await stream(0)
    forgetful = true
    first.reset()
    await clock.sleeping(0, 200)
    clock.advance(200)
    await until(2)
    expect(events[1]).toMatchObject({ type: 'gap', reason: 'RBAC: clusterrole not found' })
  })
})
