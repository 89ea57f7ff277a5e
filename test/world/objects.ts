import type { KubeObject } from '../../src/kubernetes/model.ts'

/** The shapes of the objects that the simulated controllers write. Their own: nothing here comes from the gate. */
export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastUpdateTime?: string
}

export interface Probe {
  readonly initialDelaySeconds?: number
  readonly periodSeconds: number
  readonly failureThreshold: number
}

export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly restartPolicy?: 'Always'
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly startupProbe?: Probe
}

export interface Termination {
  readonly exitCode: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: string
  readonly finishedAt: string
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: string }
  readonly terminated?: Termination
}

export interface ContainerStatus {
  readonly name: string
  readonly image: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: ContainerState
  readonly lastState: ContainerState
}

export interface PodSpec {
  readonly nodeName?: string
  readonly restartPolicy: 'Always' | 'Never'
  readonly containers: readonly ContainerSpec[]
  readonly initContainers?: readonly ContainerSpec[]
  readonly readinessGates?: readonly { readonly conditionType: string }[]
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec
  readonly status: {
    readonly phase: string
    readonly reason?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

export interface Template {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: PodSpec
}

export interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number
    readonly paused?: boolean
    readonly minReadySeconds?: number
    readonly progressDeadlineSeconds?: number
    readonly podManagementPolicy?: string
    readonly strategy?: {
      readonly type: string
      readonly rollingUpdate?: { readonly maxSurge: number; readonly maxUnavailable: number }
    }
    readonly updateStrategy?: { readonly type: string; readonly rollingUpdate?: { readonly partition?: number } }
    readonly backoffLimit?: number
    readonly completions?: number
    readonly template: Template
  }
  readonly status: Counts & { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number }
}

/** Counters of a status; absent ones are zero, as the API writes them. */
export interface Counts {
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly currentRevision?: string
  readonly updateRevision?: string
  readonly active?: number
  readonly succeeded?: number
  readonly failed?: number
}

export interface Node extends KubeObject {
  readonly spec: {
    readonly unschedulable?: boolean
    readonly taints?: readonly { readonly key: string; readonly effect: string }[]
  }
  readonly status: { readonly conditions: readonly Condition[] }
}

export const conditionOf = (
  { status }: { readonly status: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined => status.conditions?.find(condition => condition.type === type)

export const isReady = (pod: Pod): boolean => conditionOf(pod, 'Ready')?.status === 'True'
export const isLeaving = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined
export const isOver = ({ status }: Pod): boolean => status.phase === 'Failed' || status.phase === 'Succeeded'
export const isOwnedBy = ({ metadata }: KubeObject, owner: KubeObject): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true

/** Since when a pod is Ready, by the API's own whole seconds; undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const ready = conditionOf(pod, 'Ready')
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? '') : undefined
}

/** Available: Ready for `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const since = readySince(pod)
  return since !== undefined && now >= since + minReadySeconds * 1_000
}

/** `api-2` of a StatefulSet is 2. */
export const ordinalOf = ({ metadata }: Pod): number => Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1))
