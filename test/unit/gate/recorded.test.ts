import { describe, expect, test } from '@jest/globals'
import { isSame, replay } from '../../../src/rollout/gate/trace/replay.ts'
import { runGate } from '../../../src/rollout/gate/run-gate.ts'
import { recordTrace } from '../../../src/rollout/gate/trace/trace.ts'
import type { GateResult, ImageCheck } from '../../../src/rollout/model.ts'
import type { Log } from '../../../src/runtime/context.ts'
import { objectsOf, recordings, type Recording } from '../../support/recordings.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { SimulatedTime } from './simulated-time.ts'

const silent: Log = {
  info: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
  group: (_title, work) => work(),
}

/** What a real kubelet and the controllers wrote, at the pace at which they wrote it. */
async function played({ head, lines }: Recording): Promise<GateResult & { readonly trace: readonly string[] }> {
  const { request } = head
  const time = new SimulatedTime(request.startedAt)
  const cluster = new SimulatedCluster(() => time.now())
  for (const [place, text] of Object.entries(head.logs ?? {})) cluster.logTexts.set(place, text)
  for (const kind of ['Secret', 'ConfigMap']) cluster.readable.add(kind)
  for (const { object } of request.applied) cluster.put(object)
  for (const { ms, event } of lines) {
    for (const object of objectsOf(event)) {
      time.at(
        request.startedAt + ms,
        () => void (event.type === 'deleted' ? cluster.drop(object) : cluster.put(object)),
      )
    }
  }
  const images: ImageCheck = { check: image => Promise.resolve(head.images?.[image] ?? 'unknown') }
  let text = ''
  const about = { application: 'shop', namespace: 'shop', cluster: 'prod' }
  const ports = {
    trace: recordTrace(about, { write: part => void (text += part) }, same => same),
    cluster,
    clock: time,
    log: silent,
    signal: new AbortController().signal,
    images,
  }
  const result = await time.run(runGate(request, ports))
  return { ...result, trace: text.split('\n') }
}

describe('what a real kubelet wrote, replayed', () => {
  test.each(recordings())('$head.scenario → $head.expected.verdict $head.expected.cause', async recording => {
    const { verdict, cause, trace } = await played(recording)
    expect({ verdict, cause: cause?.code }).toEqual({ cause: undefined, ...recording.head.expected })
    const again = replay(trace)
    // Logs are not in a trace, and a cause may be named by them.
    expect(again.gates.map(({ result }) => result?.cause?.evidence)).toEqual([cause?.evidence])
    expect(isSame(again)).toBe(true)
  })

  test('a crash is told in the moment in which the second exit is written', async () => {
    const crash = recordings().find(({ head }) => head.scenario === 'crash')
    if (crash === undefined) throw new Error('there is no recording of a crash')
    const secondExit = crash.lines.find(({ event }) => {
      if (event.type !== 'modified' || event.object.kind !== 'Pod') return false
      const [status] =
        (event.object['status'] as { containerStatuses?: { restartCount: number; state: { terminated?: object } }[] })
          .containerStatuses ?? []
      return status?.restartCount === 1 && status.state.terminated !== undefined
    })
    const { endedAt, cause } = await played(crash)
    expect(endedAt - crash.head.request.startedAt).toBe(secondExit?.ms)
    expect(cause?.says).toBe('container "api" exited with 3 twice')
  })
})
