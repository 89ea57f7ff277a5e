import type { AccessDoctor } from '../kubernetes/access/doctor.ts'
import type { Cluster } from '../kubernetes/model.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/context.ts'
import type { GateTrace } from './gate/trace/trace.ts'
import type { Alarms, ImageCheck, TargetHealth } from './model.ts'

/** What a release needs of the world. */
export interface ReleasePorts {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** A second opinion on images; without it pull errors take longer to confirm. */
  readonly images?: ImageCheck
  /** What the load balancers say of the new pods; without it their readiness is all that is known. */
  readonly targets?: TargetHealth
  /** Alarms that must stay quiet; absent when the user names none. */
  readonly alarms?: Alarms
  /** Says why the API server refuses what it refuses; without it its own words have to do. */
  readonly access?: AccessDoctor
  /** Keeps what the gates see. */
  readonly trace?: GateTrace
}
