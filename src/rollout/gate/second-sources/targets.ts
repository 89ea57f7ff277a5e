import { evidence } from '../../../health/evidence.ts'
import type { Evidence, Health, Related } from '../../../health/model.ts'
import { condition, counted, view, type Pod } from '../../../health/objects.ts'
import { isDiscounted, revisionPods } from '../../../health/ownership.ts'
import type { KubeObject } from '../../../kubernetes/model.ts'
import type { Instant } from '../../../runtime/clock.ts'
import type { Target } from '../../model.ts'
import type { Answers, TargetBinding } from './answers.ts'
import type { Subject } from '../subjects.ts'

/** Kinds whose pods may stand behind a load balancer. */
const serving = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod'])

/** Reasons by which a load balancer says that it did ask the pod, and did not like the answer. */
const refusals = new Set(['Target.ResponseCodeMismatch', 'Target.Timeout', 'Target.FailedHealthChecks'])

/** How long a source may be silent before it counts as none. What it said last stands for so long, and longer if it was bad. */
const silenceMs = 60_000
/** How long a target may be on its way (registering, first checks) without any progress of the release. */
const provisioningMs = 300_000

/** A pod of the current revision that a target group leads to, and how the load balancer finds it. */
interface PodTarget {
  readonly pod: Pod
  readonly binding: TargetBinding
  /** Undefined while it is not registered, or nothing is known yet. */
  readonly target: Target | undefined
}

/** ARNs of the target groups to ask: those that lead to new pods which are up. */
export function targetGroupsInQuestion({ subjects, store: { related }, answers }: Asking): readonly string[] {
  return subjects.flatMap(({ live }) => {
    // Looked at on every change of every pod: most releases stand behind no load balancer.
    if (live === undefined || (answers.bindings.get(live.metadata.namespace ?? '')?.length ?? 0) === 0) return []
    const up = servingPods(live, related).filter(isServing)
    return bindingsOf(live, related, answers)
      .filter(({ selector }) => up.some(pod => selects(selector, pod)))
      .map(({ targetGroup }) => targetGroup)
  })
}

interface Asking {
  readonly subjects: readonly Subject[]
  readonly store: { readonly related: Related }
  readonly answers: Answers
}

/** Bindings of the namespace whose Service selects pods of this workload's current revision. */
function bindingsOf(live: KubeObject, related: Related, answers: Answers): readonly TargetBinding[] {
  const bindings = answers.bindings.get(live.metadata.namespace ?? '') ?? []
  if (bindings.length === 0 || !serving.has(live.kind)) return []
  const pods = servingPods(live, related)
  return bindings.filter(({ selector }) => pods.some(pod => selects(selector, pod)))
}

function servingPods(live: KubeObject, related: Related): readonly Pod[] {
  return revisionPods(live, related).filter(pod => !isDiscounted(pod, related))
}

/** A Service without a selector leads to nothing that we know. */
function selects(selector: Readonly<Record<string, string>>, { metadata }: Pod): boolean {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value)
}

/**
 * The subject as its load balancers see it: a workload is ready when each of its new pods is a healthy target in every
 * target group that leads to it. Targets of the pods before do not matter. Where a source cannot say, the subject stays
 * what it was, with a note.
 */
export function withTargets(subject: Subject, related: Related, answers: Answers, now: Instant): Subject {
  const { live, health, foreign } = subject
  if (live === undefined || foreign !== undefined || health.status === 'unknown') return subject
  if (!serving.has(live.kind)) return subject
  if (answers.bindings.get(live.metadata.namespace ?? '') === null)
    return heldBack(subject, 'looking which target groups lead to its pods', [], 0)
  const bindings = bindingsOf(live, related, answers)
  if (bindings.length === 0) return subject
  const [judged, unknown] = split(bindings, binding => isKnown(binding, answers, now))
  const pods = servingPods(live, related)
  const targets = judged.flatMap(binding =>
    pods.filter(pod => selects(binding.selector, pod)).map(pod => targetOf(pod, binding, answers)),
  )
  const healthy = targets.filter(({ target }) => target?.state === 'healthy').length
  if (healthy < targets.length) {
    const says = `${healthy} of ${counted(targets.length, 'new target')} healthy in ${namesOf(judged)}`
    return heldBack(subject, says, evidenceOf(targets, subject.name, answers, now), healthy)
  }
  const [first] = unknown
  if (first === undefined || health.status !== 'healthy') return { ...subject, healthyTargets: healthy }
  const reason = answers.silences.get(first.targetGroup)?.reason ?? ''
  const note = `the health of its targets in ${namesOf(unknown)} is not known: ${reason}`
  return { ...subject, healthyTargets: healthy, health: { ...health, note: joined(health.note, note) } }
}

const joined = (before: string | undefined, note: string): string =>
  before === undefined ? note : `${before}; ${note}`

function split<T>(items: readonly T[], holds: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(holds), items.filter(item => !holds(item))]
}

/** `k8s-shop-api-0a1b2c3d4e` of `arn:…:targetgroup/k8s-shop-api-0a1b2c3d4e/73e2d6bc24d8a067` */
function namesOf(bindings: readonly TargetBinding[]): string {
  return [...new Set(bindings.map(({ targetGroup }) => targetGroup.split('/')[1] ?? targetGroup))].join(', ')
}

/** False when the role may not ask, or when there was no answer for so long that the group counts as not there. */
function isKnown({ targetGroup }: TargetBinding, { silences, targetGroups }: Answers, now: Instant): boolean {
  const silence = silences.get(targetGroup)
  if (silence === undefined) return true
  if (silence.denied) return false
  const wasBad = targetGroups.get(targetGroup)?.targets.some(({ state }) => state === 'unhealthy') === true
  return wasBad || now < silence.since + silenceMs
}

function heldBack(subject: Subject, says: string, found: readonly Evidence[], healthyTargets: number): Subject {
  const { health } = subject
  if (health.status === 'unknown') return subject
  const evidence = [...(health.evidence ?? []), ...found]
  // What keeps the pods themselves from being ready is told first.
  const told: Health = health.status === 'healthy' ? { status: 'progressing', says, evidence } : { ...health, evidence }
  return { ...subject, health: told, healthyTargets }
}

function targetOf(pod: Pod, binding: TargetBinding, { targetGroups }: Answers): PodTarget {
  const address = addressOf(pod)
  const port = portOf(pod, binding)
  const target = targetGroups
    .get(binding.targetGroup)
    ?.targets.find(one => one.address === address && (port === undefined || one.port === port))
  return { pod, binding, target }
}

/** The first is the one that matters: a cluster of EKS speaks one IP version only. */
const addressOf = ({ status }: Pod): string | undefined => (status as { readonly podIP?: string }).podIP

interface Ports {
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
}

/** Undefined when the pod gives the port no such name: then its address alone has to do. */
function portOf({ spec }: Pod, { targetPort }: TargetBinding): number | undefined {
  if (typeof targetPort === 'number') return targetPort
  const containers = [...spec.containers, ...(spec.initContainers ?? [])] as readonly Ports[]
  return containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === targetPort)?.containerPort
}

/** Only of pods whose containers are ready: what else a load balancer finds wrong follows from the pod itself. */
function evidenceOf(
  targets: readonly PodTarget[],
  subject: string,
  answers: Answers,
  now: Instant,
): readonly Evidence[] {
  return targets
    .filter(({ pod, target }) => target?.state !== 'healthy' && isServing(pod))
    .map(({ pod, binding, target }) => {
      const refused = target?.state === 'unhealthy' && refusals.has(target.reason ?? '')
      return evidence('target-unhealthy', {
        on: pod,
        subject,
        at: now,
        node: pod.spec.nodeName,
        text: sentence(pod, binding, target),
        ...(refused
          ? { class: 'A1' as const, patienceMs: answers.targetGroups.get(binding.targetGroup)?.patienceMs ?? 0 }
          : { class: 'C' as const, patienceMs: provisioningMs }),
        facts: { targetGroup: namesOf([binding]) },
      })
    })
}

function isServing(pod: Pod): boolean {
  const { conditions } = view<Pod>(pod).status
  return (condition(conditions, 'ContainersReady') ?? condition(conditions, 'Ready'))?.status === 'True'
}

function sentence(pod: Pod, binding: TargetBinding, target: Target | undefined): string {
  const where = `in ${namesOf([binding])}`
  if (target === undefined) return `${addressOf(pod) ?? 'the pod'} is not registered ${where}`
  const why = [target.reason, target.description].filter(text => text !== undefined).join(': ')
  return `${target.address}:${target.port} is ${target.state} ${where}${why === '' ? '' : ` (${why})`}`
}
