import type { KubeObject, ObjectMeta } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Placement } from './nodes.ts'

/** The parts of Kubernetes objects that health rules read. Everything optional stays optional: controllers fill it late. */
export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastUpdateTime?: string
  readonly observedGeneration?: number
}

export interface Probe {
  readonly initialDelaySeconds?: number
  readonly periodSeconds?: number
  readonly failureThreshold?: number
}

export interface Container {
  readonly name: string
  readonly image?: string
  /** `Always` on an init container makes it a sidecar. */
  readonly restartPolicy?: string
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly startupProbe?: Probe
}

export interface Termination {
  readonly exitCode: number
  readonly reason?: string
  readonly message?: string
  readonly signal?: number
  readonly startedAt?: string
  readonly finishedAt?: string
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly running?: { readonly startedAt?: string }
  readonly terminated?: Termination
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  readonly started?: boolean
  readonly state?: ContainerState
  readonly lastState?: ContainerState
}

export interface Conditions {
  readonly conditions?: readonly Condition[]
}

export interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string
    readonly restartPolicy?: string
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly serviceAccountName?: string
    readonly volumes?: readonly { readonly name: string }[]
    readonly readinessGates?: readonly { readonly conditionType: string }[]
  }
  readonly status: Conditions & {
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** What Deployment, ReplicaSet, StatefulSet and DaemonSet have in common. */
export interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly paused?: boolean
    readonly progressDeadlineSeconds?: number
    readonly minReadySeconds?: number
    readonly template?: { readonly spec?: Placement }
    readonly strategy?: { readonly type?: string }
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: { readonly partition?: number } }
  }
  readonly status: Conditions & {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly currentRevision?: string
    readonly updateRevision?: string
    readonly desiredNumberScheduled?: number
    readonly updatedNumberScheduled?: number
    readonly numberAvailable?: number
  }
}

export interface Job extends KubeObject {
  readonly spec: {
    readonly suspend?: boolean
    readonly completions?: number
    readonly ttlSecondsAfterFinished?: number
  }
  readonly status: Conditions & { readonly active?: number; readonly succeeded?: number; readonly failed?: number }
}

/** An object with no rule of its own. */
export interface Other extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Conditions & {
    /** A string in some controllers (Argo Rollouts). */
    readonly observedGeneration?: number | string
    readonly phase?: string
  }
}

/** Each object is looked at many times while it stands; its view is made once. */
const views = new WeakMap<KubeObject, KubeObject>()

/** The border between untyped JSON and the rules: trusts the API server's schema, supplies absent `spec` and `status`. */
export function view<T extends KubeObject>(object: KubeObject): T {
  let seen = views.get(object)
  if (seen === undefined) {
    seen = { ...object, spec: object['spec'] ?? {}, status: object['status'] ?? {} }
    views.set(object, seen)
  }
  return seen as T
}

/** Milliseconds of an RFC 3339 time; undefined when absent or unreadable. */
export function instant(text: unknown): Instant | undefined {
  if (typeof text !== 'string') return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

/** `Deployment shop/api`, or `Namespace shop` for cluster-scoped objects. */
export function nameOf(object: { readonly kind: string; readonly metadata: ObjectMeta }): string {
  const { namespace, name } = object.metadata
  return `${object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

export function condition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find(candidate => candidate.type === type)
}

/** True when the status describes an older spec than the one that is stored. */
export function isStale(object: Workload): boolean {
  return (object.status.observedGeneration ?? 0) < (object.metadata.generation ?? 0)
}

/**
 * The same of any object, by the convention of `observedGeneration`. It is a number by convention, and a string in Argo
 * Rollouts; controllers that do not write it say nothing by leaving it out.
 */
export function isBehind({ metadata, status }: Other): boolean {
  const observed = status.observedGeneration
  return observed !== undefined && Number(observed) < (metadata.generation ?? 0)
}

/** When somebody last wrote the object itself, not its status; undefined when nothing tells. */
export function lastWrite({ metadata }: KubeObject): Instant | undefined {
  const writers = metadata['managedFields']
  if (!Array.isArray(writers)) return undefined
  const times = writers
    .filter((writer: { readonly subresource?: string }) => writer.subresource === undefined)
    .flatMap((writer: { readonly time?: string }) => instant(writer.time) ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One line, at most `limit` characters: what a system said, fit for a table. */
export function oneLine(text: string | undefined, limit = 300): string {
  const line = (text ?? '').replace(/\s+/g, ' ').trim()
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
