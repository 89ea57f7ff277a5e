import type { Probe } from './objects.ts'

/** Seconds since the release was applied; `never` for what does not come. */
export type Until = number | 'never'

/** Something that stands in the way, in the words of who says so, until it is gone. */
export interface Trouble {
  readonly message: string
  readonly until: Until
}

/** What a program does from one start to its end. Hidden: the API server only sees what the kubelet makes of it. */
export interface Run {
  /** Seconds after its start from which its probes (startup, readiness) pass. */
  readonly readyAfter: Until
  /** Seconds after its start between which readiness fails again. */
  readonly flaps?: readonly (readonly [from: number, to: number])[]
  /** Seconds after its start from which liveness fails. */
  readonly hangsAfter?: number
  /** Its exit code when the kubelet ends it because of that; 137 unless it listens to SIGTERM. */
  readonly killedWith?: number
  readonly exit?: { readonly after: number; readonly code: number; readonly oom?: boolean }
  /** The runtime cannot even start it. */
  readonly startError?: string
}

/** The programs of one pod: one entry per start, the last of them for all starts that follow. */
export interface Life {
  readonly main: readonly Run[]
  readonly init?: readonly Run[]
  readonly sidecar?: readonly Run[]
}

/** The release before this one. */
export interface Before {
  readonly secondsAgo: number
  /** Its pods crash; with `secondsAgo` beyond 600 its Deployment is over its progress deadline. */
  readonly crashes: boolean
  /** Seconds until its pods pass their probes. */
  readonly readyAfter: number
  /** Its pods end when they are asked to. */
  readonly podsLeave: boolean
}

/** Something that its pods name and that is not there, or not yet. */
export interface MissingConfig {
  readonly as: 'env' | 'volume'
  readonly kind: 'Secret' | 'ConfigMap' | 'PersistentVolumeClaim'
  /** Only this key of it is missing. */
  readonly key?: string
  readonly until: Until
  /** The set holds something that makes it (an ExternalSecret, say). */
  readonly brought: boolean
  /** The role may read objects of this kind. */
  readonly readable: boolean
}

/** Between the API server and the gate. */
export interface NetworkFaults {
  readonly latencyMs: readonly [least: number, most: number]
  /** Share of the watch events that are told twice, and that overtake others. */
  readonly duplicated: number
  readonly reordered: number
  /** A watch of a kind that breaks; `silent`: nobody notices until it is mended. */
  readonly cuts: readonly {
    readonly kind: string
    readonly from: number
    readonly to: number
    readonly silent: boolean
  }[]
  /** The API server answers with an error (429, 5xx) to everything that is asked anew. */
  readonly outages: readonly { readonly from: number; readonly to: number; readonly status: number }[]
  /** What the role may not read: most often nodes, which are no part of its namespace. */
  readonly hidden: readonly ('Event' | 'Node')[]
}

/** One world, whole: what is applied, what its parts will do, and what goes wrong. Plain JSON, so that it can be kept. */
export interface Blueprint {
  /** Of the small delays only; all that matters is written below. */
  readonly seed: number
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job'
  /** Pods of a Deployment or StatefulSet, nodes of a DaemonSet, 1 for a Job. */
  readonly replicas: number
  readonly strategy: 'RollingUpdate' | 'Recreate' | 'Parallel'
  readonly surge: number
  readonly unavailable: number
  readonly minReadySeconds: number
  readonly backoffLimit: number
  readonly paused?: boolean
  /** Absent when this is the first release. */
  readonly before?: Before
  readonly probes: { readonly readiness?: Probe; readonly liveness?: Probe; readonly startup?: Probe }
  /** A readiness gate of the pods, and when its controller meets it. */
  readonly gateMet?: Until
  /** By order of creation (ordinal of a StatefulSet); the last one for all pods that follow. */
  readonly lives: readonly Life[]
  readonly image?: Trouble & { readonly reason?: 'InvalidImageName' | 'ErrImageNeverPull' }
  readonly pullSeconds: number
  readonly config?: MissingConfig
  readonly sandbox?: Trouble
  readonly admission?: Trouble
  /** Nodes, and pods that fit on each. */
  readonly nodes: number
  readonly room: number
  readonly autoscaler: 'none' | 'refuses' | { readonly afterSeconds: number }
  /** A node that is lost, by its index. */
  readonly loss?: { readonly node: number; readonly at: number; readonly how: 'dies' | 'vanishes' | 'drained' }
  /** A node on which every program crashes, by its index. */
  readonly badNode?: number
  /** An autoscaler of replicas moves them. */
  readonly scaling: readonly { readonly at: number; readonly to: number }[]
  readonly network: NetworkFaults
  /** What the registry says when it is asked about the image; absent when there is nobody to ask. */
  readonly registry?: { readonly answer: 'present' | 'absent' | 'no-platform' | 'unknown'; readonly afterMs: number }
  /** How far the runner's clock is ahead of the cluster's. */
  readonly aheadMs: number
  /** How long after the apply the gate begins. */
  readonly gateDelayMs: number
  readonly timeoutSeconds: number
  readonly soakSeconds: number
}

export const isOverAt = (trouble: { readonly until: Until } | undefined, seconds: number): boolean =>
  trouble === undefined || (trouble.until !== 'never' && seconds >= trouble.until)

export const runOf = (runs: readonly Run[], restarts: number): Run => runs[restarts] ?? runs.at(-1) ?? steady

/** A program that runs and is ready at once. */
export const steady: Run = { readyAfter: 0 }
