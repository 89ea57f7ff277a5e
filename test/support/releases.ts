import type { KubeObject } from '../../src/kubernetes/model.ts'
import { deploy, type DeployRequest } from '../../src/rollout/deploy.ts'
import type { ReleaseOutcome } from '../../src/rollout/model.ts'
import type { ReleasePorts } from '../../src/rollout/ports.ts'
import { releaseStore, type ReleaseStore } from '../../src/rollout/record/record.ts'
import { rollback, type RollbackRequest } from '../../src/rollout/way-back/rollback.ts'
import { recordingLog, type RecordingLog } from './context.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryApi } from './memory-api.ts'
import { object } from './objects.ts'

/** The application `shop` in the namespace `shop` of a cluster in memory. */
export interface Shop {
  readonly api: MemoryApi
  readonly clock: ManualClock
  readonly log: RecordingLog
  /** Cancels what is running; the next call has a signal of its own. */
  cancel(): void
  deploy(
    objects: readonly KubeObject[],
    request?: Partial<DeployRequest>,
    ports?: Partial<ReleasePorts>,
  ): Promise<ReleaseOutcome>
  rollback(request?: Partial<RollbackRequest>, ports?: Partial<ReleasePorts>): Promise<ReleaseOutcome>
  readonly records: ReleaseStore
}

export function shop(): Shop {
  const api = new MemoryApi()
  const clock = new ManualClock()
  const log = recordingLog()
  let running = new AbortController()
  const ports = (): ReleasePorts => {
    running = new AbortController()
    return { cluster: api, clock, log, signal: running.signal }
  }
  const bounds = { timeoutMs: 60_000, soakMs: 0, holder: 'run 1', dryRun: false }
  const place = { application: 'shop', namespace: 'shop' }
  const more = { images: [], source: 'k8s/', rollback: true, force: false, takeOwnership: false }
  api.put(object('Namespace', 'shop'))
  return {
    api,
    clock,
    log,
    cancel: () => running.abort(new Error('the step was cancelled')),
    deploy: (objects, request, given) =>
      deploy({ ...bounds, ...place, ...more, objects, ...request }, { ...ports(), ...given }),
    rollback: (request, given) => rollback({ ...bounds, ...place, ...request }, { ...ports(), ...given }),
    records: releaseStore('shop', 'shop', { cluster: api, log }),
  }
}

/** ConfigMaps: the gate has nothing to wait for, so that a release of them is healthy when it is applied. */
export function maps(...names: readonly string[]): readonly KubeObject[] {
  return names.map(name => object('ConfigMap', name))
}
