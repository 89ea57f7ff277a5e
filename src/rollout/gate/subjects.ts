import { assess, isSettledWhenStored, ruleKey } from '../../health/assess.ts'
import { cause } from '../../health/evidence.ts'
import type { Cause, Health } from '../../health/model.ts'
import { gateLabel } from '../../health/readiness-gates.ts'
import { instant, nameOf, view, type Job } from '../../health/objects.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { writersOf } from '../../kubernetes/objects.ts'
import type { Instant } from '../../runtime/clock.ts'
import type { AppliedObject, GateRequest } from '../model.ts'
import { find, type Channel, type Scene, type Store } from './store.ts'

/** An object of the release that is judged, as it stands now. */
export interface Subject {
  readonly name: string
  readonly live?: KubeObject
  readonly health: Health
  /** How many of its new pods their load balancers find healthy; absent when there is none. */
  readonly healthyTargets?: number
  /** Somebody else's change: this release can no longer be judged. */
  readonly foreign?: Cause
}

/** The applied objects that have a health of their own. */
export function gatedObjects(request: GateRequest): readonly AppliedObject[] {
  return request.applied.filter(({ object }) => !isSettledWhenStored(object))
}

/** What the health rules are told at the start, beside what is watched. */
export function sceneOf({ around, applied, healthRules, requireReadinessGates }: GateRequest): Scene {
  const reconfigured = applied.flatMap(({ object, reconfigured }) =>
    reconfigured === true ? (object.metadata.uid ?? []) : [],
  )
  return {
    reconfigured,
    ...(around === undefined ? {} : { around }),
    ...(healthRules === undefined ? {} : { customRules: healthRules }),
    ...(requireReadinessGates === undefined ? {} : { requireReadinessGates }),
  }
}

/** Kinds that are judged by their pods. */
const podOwners = new Set([
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'apps/ReplicaSet',
  'batch/Job',
  '/Pod',
  'argoproj.io/Rollout',
])
/** Those whose pods belong to ReplicaSets. */
const replicaSetOwners = new Set(['apps/Deployment', 'argoproj.io/Rollout'])
/** Kinds whose pods only explain. */
const podUsers = new Set(['serving.knative.dev/Service', 'serving.knative.dev/Revision'])
/** Done when they are stored, unless their controller protests: worth a look, and no loss where there can be none. */
const seldomWrong = new Set(['batch/CronJob', 'policy/PodDisruptionBudget'])

/** The greatest first: one channel serves them all. */
const needs: readonly Channel['need'][] = ['proof', 'subject', 'hint']

/**
 * One list+watch per kind and namespace: the set's own kinds, their pods and ReplicaSets, events, and nodes. Each costs
 * about four requests in ten minutes, so what only explains is watched where an object of the set needs it.
 */
export function channelsFor(
  gated: readonly AppliedObject[],
  request: Pick<GateRequest, 'around' | 'karpenter'> = {},
): readonly Channel[] {
  const channels = new Map<string, Channel>()
  const add = (apiVersion: string, kind: string, namespace: string | undefined, need: Channel['need']): void => {
    const key = `${apiVersion}/${kind}/${namespace ?? ''}`
    const known = channels.get(key)
    if (known === undefined || needs.indexOf(need) < needs.indexOf(known.need))
      channels.set(key, { apiVersion, kind, namespace, need })
  }
  for (const { object } of gated) {
    const { namespace } = object.metadata
    const kind = ruleKey(object)
    const hasPods = podOwners.has(kind)
    add(object.apiVersion, object.kind, namespace, hasPods ? 'proof' : seldomWrong.has(kind) ? 'hint' : 'subject')
    if (namespace === undefined) continue
    if (hasPods) {
      add('v1', 'Pod', namespace, 'proof')
      add('v1', 'Node', undefined, 'hint')
      if (request.karpenter === true) add('v1', 'Event', 'default', 'hint')
      if (wantsGates(namespace, request)) add('elbv2.k8s.aws/v1beta1', 'TargetGroupBinding', namespace, 'hint')
    }
    if (replicaSetOwners.has(kind)) add('apps/v1', 'ReplicaSet', namespace, 'proof')
    if (podUsers.has(kind) || (kind === '/Service' && hasSelector(object))) add('v1', 'Pod', namespace, 'hint')
    if (kind === '/PersistentVolumeClaim') add('storage.k8s.io/v1', 'StorageClass', undefined, 'hint')
    add('v1', 'Event', namespace, 'hint')
  }
  return [...channels.values()]
}

function wantsGates(namespace: string, { around = [] }: Pick<GateRequest, 'around'>): boolean {
  const home = around.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace)
  return home?.metadata.labels?.[gateLabel] === 'enabled'
}

function hasSelector(service: KubeObject): boolean {
  const spec = service['spec'] as { readonly selector?: object } | undefined
  return Object.keys(spec?.selector ?? {}).length > 0
}

/** Judges every gated object against the store. */
export function assessSubjects(gated: readonly AppliedObject[], store: Store, now: Instant): readonly Subject[] {
  return gated.map(applied => assessSubject(applied, store, now))
}

function assessSubject({ object }: AppliedObject, store: Store, now: Instant): Subject {
  const name = nameOf(object)
  const { listed, object: live } = find(store, object)
  if (isBlind(object, store)) {
    if (isDoneWhenStored(object)) return { name, health: { status: 'healthy' } }
    return {
      name,
      health: { status: 'healthy', partial: `${object.kind} objects could not be seen: stored is all that is known` },
    }
  }
  if (!listed) return { name, health: { status: 'progressing', says: 'not seen yet', evidence: [] } }
  if (live === undefined) return gone(object, name, store, now)
  const foreign = foreignChange(object, live, name, now)
  if (foreign !== undefined) return { name, live, foreign, health: { status: 'unknown', says: foreign.says } }
  if ((live.metadata.generation ?? 0) < (object.metadata.generation ?? 0)) {
    return {
      name,
      live,
      health: { status: 'progressing', says: 'the applied generation is not seen yet', evidence: [] },
    }
  }
  return { name, live, health: assess(live, store.related, now) }
}

/** A kind that cannot be watched, most often because the role may not. Of those that prove health the gate itself is blind. */
function isBlind(object: KubeObject, store: Store): boolean {
  return [...store.channels.values()].some(
    ({ channel, lost }) =>
      lost !== undefined &&
      channel.need !== 'proof' &&
      channel.kind === object.kind &&
      channel.namespace === object.metadata.namespace,
  )
}

/** No controller has to do anything for these: confined deployers may apply them and not list them. */
function isDoneWhenStored(object: KubeObject): boolean {
  const kind = ruleKey(object)
  if (kind === '/Namespace' || seldomWrong.has(kind)) return true
  const spec = object['spec'] as { readonly type?: string } | undefined
  return kind === '/Service' && spec?.type !== 'LoadBalancer'
}

/** A Job may be gone because it is over: `ttlSecondsAfterFinished`. Everything else was deleted by somebody. */
function gone(object: KubeObject, name: string, store: Store, now: Instant): Subject {
  const last = store.deleted.get(object.metadata.uid ?? '')
  if (object.kind === 'Job') {
    const end = last === undefined ? undefined : assess(last, store.related, now)
    if (end?.status === 'healthy' && end.partial === undefined)
      return { name, health: { ...end, note: 'it completed and was removed by its time to live' } }
    if (end?.status === 'failing') return { name, health: end }
    if (last === undefined && view<Job>(object).spec.ttlSecondsAfterFinished !== undefined) {
      return {
        name,
        health: { status: 'healthy', partial: 'it was removed by its time to live before its end was seen' },
      }
    }
  }
  return {
    name,
    foreign: cause('object-deleted', { subject: name, at: now }),
    health: { status: 'unknown', says: 'it was deleted' },
  }
}

function foreignChange(applied: KubeObject, live: KubeObject, name: string, now: Instant): Cause | undefined {
  if (applied.metadata.uid !== undefined && live.metadata.uid !== applied.metadata.uid) {
    return cause('object-recreated', { subject: name, at: now })
  }
  if ((live.metadata.generation ?? 0) <= (applied.metadata.generation ?? 0)) return undefined
  // An autoscaler moves spec.replicas, and with it the generation: only another template is another release.
  if (templateOf(live) === templateOf(applied)) return undefined
  const manager = lastManager(live)
  if (manager === 'slipway') return cause('superseded', { subject: name, at: now })
  return cause('foreign-change', {
    subject: name,
    at: now,
    facts: { message: manager === undefined ? '' : `${manager} changed its pod template` },
  })
}

function templateOf(object: KubeObject): string {
  const spec = object['spec'] as { readonly template?: unknown } | undefined
  return JSON.stringify(spec?.template) ?? ''
}

/** Who wrote the spec last, as the API server noted it. */
function lastManager(object: KubeObject): string | undefined {
  const writers = writersOf(object).filter(({ subresource }) => subresource === undefined)
  return writers.toSorted((a, b) => (instant(b.time) ?? 0) - (instant(a.time) ?? 0))[0]?.manager
}
