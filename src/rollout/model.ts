import type { Cause, Evidence, Verdict } from '../health/model.ts'
import type { HealthOptions } from '../health/options.ts'
import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'

/** An object of a release right after its apply: what the gate starts from. */
export interface AppliedObject {
  /** As the API server stored it (with uid, generation, resourceVersion). */
  readonly object: KubeObject
  /** The generation before the apply; undefined when the object is new. */
  readonly previousGeneration?: number
  /** True when this release changed its spec or its annotations, or made it: its controller has something to answer. */
  readonly reconfigured?: boolean
}

export interface GateRequest extends HealthOptions {
  /** What is gated, for people: the name of a wave. */
  readonly name?: string
  readonly applied: readonly AppliedObject[]
  /** True when somebody else applied them: then each object says itself when it was last changed. */
  readonly elsewhere?: boolean
  /** Evidence from before this instant is inert. Taken before the first write. */
  readonly startedAt: Instant
  /** Bound on the whole gate. */
  readonly timeoutMs: number
  /** How long everything must stay ready before it is called healthy. */
  readonly soakMs: number
  /** Secrets and ConfigMaps of the whole set: one that a pod misses may still come. */
  readonly brings?: readonly BroughtConfig[]
  /** The alarms to watch, as they were before the first write: one that was quiet and goes off fails the release. */
  readonly alarms?: readonly Alarm[]
  /** What stands around: namespaces, service accounts, Services, IngressClasses. They explain, no more. */
  readonly around?: readonly KubeObject[]
  /** True where Karpenter runs: it tells of nodes that did not come in the namespace `default`. */
  readonly karpenter?: boolean
}

/** A line of the release's timeline, in order of time. */
export interface TimelineEntry {
  readonly at: Instant
  readonly subject: string
  readonly says: string
  readonly kind: 'change' | 'evidence' | 'verdict'
}

/** Last lines of a container that is part of the cause. */
export interface LogExcerpt {
  readonly pod: string
  readonly container: string
  readonly previous: boolean
  readonly lines: readonly string[]
}

/** A warning of the cluster about an object of the cause. */
export interface ObjectEvent {
  /** `Pod shop/api-7d9f-x2k` */
  readonly object: string
  /** `FailedMount` */
  readonly reason: string
  /** One line. */
  readonly says: string
  readonly count: number
  /** When it was last seen, on the cluster's clock. */
  readonly at: Instant
}

/** How long one wave of a release took: from its first write until it was ready, or the end. */
export interface WaveSpan {
  readonly name: string
  readonly from: Instant
  readonly to: Instant
}

export interface GateResult {
  readonly verdict: Verdict
  /** Present unless the verdict is a success. */
  readonly cause?: Cause
  readonly timeline: readonly TimelineEntry[]
  readonly evidence: readonly Evidence[]
  readonly logs: readonly LogExcerpt[]
  /** The last warnings about the objects of the cause, oldest first; absent when there is no cause. */
  readonly events?: readonly ObjectEvent[]
  /** The waves that were begun, in their order; absent when a gate ran alone. */
  readonly waves?: readonly WaveSpan[]
  readonly startedAt: Instant
  readonly readyAt?: Instant
  readonly endedAt: Instant
  /** Why a success is only partial. */
  readonly partial?: string
}

/** What can agree or disagree with the cluster about an image (port; the adapter asks ECR). */
export interface ImageCheck {
  /**
   * `absent` and `no-platform` are terminal; `unknown` when this source cannot tell.
   * `platform` is that of the node which is to run it, such as `linux/arm64`; without it any that can run will do.
   */
  check(
    image: string,
    signal?: AbortSignal,
    platform?: string,
  ): Promise<'present' | 'absent' | 'no-platform' | 'unknown'>
}

/** One target of a target group, as the load balancer sees it. */
export interface Target {
  /** IP address of a pod; the id of an instance in groups of that type. */
  readonly address: string
  readonly port: number
  /** State of the API: `initial`, `healthy`, `unhealthy`, `draining`, `unused`, `unavailable`, `unhealthy.draining`. */
  readonly state: string
  /** `Target.ResponseCodeMismatch` */
  readonly reason?: string
  readonly description?: string
}

export interface TargetGroupHealth {
  readonly targets: readonly Target[]
  /** How long a target may be unhealthy before that means something: threshold × interval of the group's health check. */
  readonly patienceMs: number
}

/** What a load balancer says of the pods behind it (port; the adapter asks Elastic Load Balancing). */
export interface TargetHealth {
  /** Throws DeniedError when the role may not ask, RemoteError when there is no answer. */
  read(targetGroup: string, signal?: AbortSignal): Promise<TargetGroupHealth>
}

/** An alarm of the input `alarms`. */
export interface Alarm {
  readonly name: string
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'
  /** The service's own sentence for its state. */
  readonly reason?: string
}

/** The alarms that a release is to leave quiet (port; the adapter asks CloudWatch). */
export interface Alarms {
  /** All of them. Throws UserError for one that does not exist, DeniedError, or RemoteError when there is no answer. */
  read(signal?: AbortSignal): Promise<readonly Alarm[]>
}

/** A Secret or ConfigMap that a release brings, or has made by a controller. */
export interface BroughtConfig {
  /** `Secret shop/database` */
  readonly object: string
  /** Names of its keys; absent where only the controller knows them. */
  readonly keys?: readonly string[]
}

/** One release of an application, as recorded in the cluster (last 10 are kept). */
export interface ReleaseRecord {
  /** Increases by one with each release of the application. */
  readonly revision: number
  readonly application: string
  readonly commit?: string
  readonly actor?: string
  /** Where the set came from (the input `manifests`); releases of other sources are not pruned by this one. */
  readonly source?: string
  /** Images as deployed, by digest. */
  readonly images: readonly string[]
  /** The rendered set, pinned, without server fields. */
  readonly objects: readonly KubeObject[]
  readonly startedAt: Instant
  readonly endedAt?: Instant
  /** Identities of objects that others had made before this application took them over; no way back deletes them. */
  readonly adopted?: readonly string[]
  /** Those that this release took over, as they were before its first write; a rollback restores them. */
  readonly before?: readonly KubeObject[]
  /** What the release changes, as planned. */
  readonly changes?: readonly PlannedChange[]
  /** Absent while the release runs or when its run died. */
  readonly verdict?: Verdict
  readonly cause?: string
  /** Set on a record that a rollback on demand made: the revision whose set it re-applied. */
  readonly rollbackTo?: number
  /** Set when this release failed and the set of that revision was brought back, healthy. */
  readonly rolledBackTo?: number
}

/** A field that a release changes, its values shortened for people. Values of Secrets are left out. */
export interface FieldChange {
  /** `spec.template.spec.containers[api].image` */
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly before?: string
  readonly after?: string
}

/** What a release changes about one object. */
export interface PlannedChange {
  /** `Deployment shop/api` */
  readonly object: string
  readonly change: 'create' | 'update' | 'none' | 'prune' | 'restore'
  /** Empty unless `update`. */
  readonly fields: readonly FieldChange[]
  /** Configuration of the set whose change starts the pods of this workload anew. */
  readonly restartedBy?: readonly string[]
  /** Set on a Job that runs before or after the workloads. */
  readonly hook?: 'before' | 'after'
}

/** The previous release, applied again after a failure. */
export interface RollbackOutcome {
  /** 0 when no release was healthy before and what stood before the first was restored. */
  readonly toRevision: number
  readonly toCommit?: string
  /** How it ended: what the verdict of the release itself is paired with. */
  readonly verdict: 'rolled-back-healthy' | 'rollback-failed'
  readonly result: GateResult
  /** What could not go back, a sentence each. */
  readonly notes?: readonly string[]
}

/** What a deploy or a rollback came to. */
export interface ReleaseOutcome {
  readonly application: string
  readonly namespace: string
  /** Absent for a dry run. */
  readonly revision?: number
  readonly commit?: string
  readonly images: readonly string[]
  readonly changes: readonly PlannedChange[]
  /** Absent for a dry run. */
  readonly result?: GateResult
  readonly rollback?: RollbackOutcome
  /** Why there was no rollback although the release failed. */
  readonly noRollback?: string
  /** Set by a rollback on demand: the revision that was brought back. */
  readonly rollbackTo?: number
  /** What a person should know beside the verdict, a sentence each. */
  readonly notes?: readonly string[]
  /** The release is not judged: the set was only validated by the server. */
  readonly dryRun: boolean
}
