import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { Cause, Verdict } from '../../src/health/model.ts'
import type { BroughtConfig, TargetHealth } from '../../src/rollout/model.ts'
import type { Kube } from '../inside/kube.ts'
import type { Moment } from './moments.ts'
import type { ScenarioResult } from './results.ts'

/** Where a scenario is played: its namespace, and the two ways to reach the API server. */
export interface Stage {
  readonly namespace: string
  /** As Slipway reaches it. */
  readonly cluster: ClusterClient
  /** As kubelets, controllers and people do: any request, as the administrator. */
  readonly kube: Kube
  /** State folder of the platform. */
  readonly state: string
  /** Aborts when the verdict is there. */
  readonly signal: AbortSignal
  /** To be undone when the scenario is over: what does not go away with the namespace. */
  readonly atEnd: (undo: () => Promise<void>) => void
}

/** What a release came to, however it was made. */
export interface Ending {
  readonly verdict: Verdict | 'refused'
  readonly cause?: Pick<Cause, 'code' | 'says'> | undefined
  readonly endedAt: number
  /** Of the release before, when it was brought back. */
  readonly back?: Verdict
  /** Everything that was said on the way. */
  readonly told?: readonly string[]
}

export interface Expected {
  readonly verdict: Ending['verdict']
  /** Absent for a success. */
  readonly cause?: string
  /** The release before is brought back, with this verdict. */
  readonly back?: Verdict
  /** A part of what must be told on the way, where the verdict alone does not say it. */
  readonly told?: string
}

/** A release that goes well or badly, and what must be said of it. */
export interface Scenario {
  /** Unique; its namespace is named for it. */
  readonly name: string
  /** In the catalogue of 65; variants share one. Absent: only recorded. */
  readonly number?: number
  readonly title: string
  readonly where: ScenarioResult['where']
  readonly objects: (namespace: string) => readonly KubeObject[]
  /** What was there before the release. */
  readonly before?: (stage: Stage) => Promise<void>
  /** What happens after the last write, before the gate has looked. */
  readonly applied?: (stage: Stage) => Promise<void>
  /** What happens beside it. May go on until the verdict. */
  readonly meanwhile?: (stage: Stage) => Promise<void>
  /** A release through the engine, where that decides; without it the objects are applied and gated. */
  readonly release?: (stage: Stage) => Promise<Ending>
  readonly expected: Expected
  /** What the seconds count from. */
  readonly after: Moment
  /** The most seconds from there to the verdict. */
  readonly bound: number
  /** Secrets and ConfigMaps that the whole set brings, sooner or later. */
  readonly brings?: (namespace: string) => readonly BroughtConfig[]
  /** What plays the load balancers, if there are any. */
  readonly targets?: (stage: Stage) => TargetHealth
  readonly soakMs?: number
  readonly timeoutMs?: number
}

/** Soak of the scenarios where they name no other, in seconds. */
export const soakSeconds = 10

/** What a success may take after the last needed status: the soak, and two seconds on busy cores. */
export const healthyBound = soakSeconds + 2

/** A crash loop is told with its second exit; on busy cores within two seconds. */
export const exitBound = 2

/** What persists is confirmed after 10 s. */
export const confirmedBound = 12
