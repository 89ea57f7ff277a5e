import type { Blueprint, Life, Run } from './blueprint.ts'
import { lifeOf } from './kubelet.ts'
import type { Probe } from './objects.ts'

/** What must come of a release, by what is hidden in its world. */
export interface Truth {
  readonly healthy: boolean
  /** What stands in the way for ever; empty when it ends well. */
  readonly obstacles: readonly Obstacle[]
}

/** Something that never goes away, with the verdicts and causes that tell it rightly. */
export interface Obstacle {
  readonly what: string
  readonly verdicts: readonly ('failed' | 'stalled')[]
  readonly causes: readonly string[]
}

const failed = (what: string, ...causes: readonly string[]): Obstacle => ({ what, verdicts: ['failed'], causes })
/** Which one depends on what the gate could look up at that moment. */
const either = (what: string, ...causes: readonly string[]): Obstacle => ({
  what,
  verdicts: ['failed', 'stalled'],
  causes,
})
const stalled = (what: string, ...causes: readonly string[]): Obstacle => ({ what, verdicts: ['stalled'], causes })

/**
 * Decided from the blueprint alone: does this release, left to itself, end with all pods Ready and staying so?
 * No status that the simulation wrote is looked at.
 */
export function truthOf(blueprint: Blueprint): Truth {
  const obstacles = [
    imageObstacle(blueprint),
    configObstacle(blueprint),
    admissionObstacle(blueprint),
    placeObstacle(blueprint),
    programObstacle(blueprint),
  ]
    .filter(obstacle => obstacle !== undefined)
    .map(obstacle => (blueprint.network.hidden.includes('Event') ? unseen(obstacle) : obstacle))
  return { healthy: obstacles.length === 0, obstacles }
}

/** Told by events only: without them a probe's kill looks like any exit, and what keeps a pod away like nothing at all. */
function unseen({ what, verdicts, causes }: Obstacle): Obstacle {
  const byProbe = ['liveness-kill', 'startup-exhausted'].some(cause => causes.includes(cause))
  const byEvent = ['volume-missing', 'config-missing', 'sandbox-failing', 'ip-exhaustion'].some(cause =>
    causes.includes(cause),
  )
  if (byProbe) return asExits({ what, verdicts, causes })
  // The controllers of StatefulSets, DaemonSets and Jobs tell refusals in events, too.
  const byController = refusals.some(([, cause]) => causes.includes(cause)) || causes.includes('create-refused')
  if (!byEvent && !byController) return { what, verdicts, causes }
  return { what, verdicts: ['failed', 'stalled'], causes: [...causes, 'no-progress', 'progress-deadline'] }
}

const asExits = (obstacle: Obstacle): Obstacle => ({ ...obstacle, causes: [...obstacle.causes, 'crash-loop'] })

/**
 * The truth for a gate that was not told of each kill: a container that ended with 137 twice is then told as that, which
 * it did. The kubelet says so much of a pod in a row and no more, and watches break.
 */
export function withoutKills({ healthy, obstacles }: Truth): Truth {
  const byProbe = ({ causes }: Obstacle): boolean =>
    causes.includes('liveness-kill') || causes.includes('startup-exhausted')
  return { healthy, obstacles: obstacles.map(obstacle => (byProbe(obstacle) ? asExits(obstacle) : obstacle)) }
}

function imageObstacle({ image, registry }: Blueprint): Obstacle | undefined {
  if (image?.until !== 'never') return undefined
  if (image.reason === 'InvalidImageName') return failed('the image has no valid name', 'invalid-image-name')
  if (image.reason === 'ErrImageNeverPull') return failed('the image may not be pulled', 'image-never-pull')
  if (registry?.answer === 'absent') return failed('the image does not exist', 'image-not-found')
  if (registry?.answer === 'no-platform') return failed('the image has no such platform', 'image-wrong-platform')
  if (image.message.includes('no match for platform')) return failed('no such platform', 'image-wrong-platform')
  if (/403|denied/.test(image.message)) return stalled('the image may not be read', 'image-pull-denied')
  if (image.message.endsWith('not found') && registry?.answer !== 'present')
    return failed('the image does not exist', 'image-not-found')
  return stalled('the registry cannot be reached', 'image-pull-failing')
}

function configObstacle({ config, sandbox, gateMet, network }: Blueprint): Obstacle | undefined {
  if (config?.until === 'never') {
    const what = 'its configuration never comes'
    if (config.kind === 'PersistentVolumeClaim') return failed(what, 'volume-missing')
    // What the set itself brings may still come: that is waited for, and not called certain.
    const isStillDue = config.brought && config.readable
    if (isStillDue && network.outages.length > 0) return either(what, 'config-missing')
    return isStillDue ? stalled(what, 'config-missing') : failed(what, 'config-missing')
  }
  if (sandbox?.until === 'never') return stalled('no sandbox can be made', 'sandbox-failing', 'ip-exhaustion')
  return gateMet === 'never' ? stalled('the readiness gate is never met', 'readiness-gate-pending') : undefined
}

const refusals: readonly (readonly [RegExp, string])[] = [
  [/exceeded quota/, 'quota-exceeded'],
  [/violates PodSecurity/, 'pod-security'],
  [/service account/, 'service-account-missing'],
  [/failed calling webhook/, 'webhook-failing'],
  [/denied the request/, 'admission-denied'],
]

function admissionObstacle({ admission, paused, before, kind, strategy }: Blueprint): Obstacle | undefined {
  if (paused === true && kind === 'Deployment') return stalled('it is paused', 'paused')
  if (before?.crashes === true && kind === 'StatefulSet' && strategy !== 'Parallel')
    return stalled('broken pods of before block the set', 'stateful-set-stuck')
  const waitsForOld = kind === 'StatefulSet' || (kind === 'Deployment' && strategy === 'Recreate')
  if (before?.podsLeave === false && waitsForOld) return stalled('pods of before never leave', 'pod-not-ending')
  if (admission?.until !== 'never') return undefined
  const cause = refusals.find(([text]) => text.test(admission.message))?.[1] ?? 'create-refused'
  return cause === 'webhook-failing' ? stalled('no pod may be created', cause) : failed('no pod may be created', cause)
}

/** Pods that must find a place at the same time. */
export function placesNeeded({ kind, replicas, scaling, before, strategy, surge }: Blueprint): number {
  if (kind === 'DaemonSet') return 1
  const most = Math.max(replicas, ...scaling.map(({ to }) => to))
  return most + (before !== undefined && kind === 'Deployment' && strategy === 'RollingUpdate' ? surge : 0)
}

function placeObstacle(blueprint: Blueprint): Obstacle | undefined {
  const { nodes, room, autoscaler, badNode } = blueprint
  if (badNode !== undefined)
    return { what: 'one node is bad', verdicts: ['failed', 'stalled'], causes: ['bad-node', 'crash-loop'] }
  if (blueprint.kind === 'DaemonSet' || nodes * room >= placesNeeded(blueprint) || typeof autoscaler !== 'string')
    return undefined
  return stalled('there is no room', 'unschedulable', 'scale-up-refused')
}

const exitCauses = ({ exit, startError }: Run): readonly string[] => {
  if (startError !== undefined) return [/exec format/.test(startError) ? 'image-wrong-platform' : 'start-error']
  if (exit?.oom === true) return ['oom-killed']
  return [exit?.code === 126 || exit?.code === 127 ? 'start-error' : 'crash-loop']
}

/** A program that never serves; what it does at its last known start it does for ever. */
function programObstacle(blueprint: Blueprint): Obstacle | undefined {
  if (blueprint.kind === 'Job') return jobObstacle(blueprint)
  const flawed = blueprint.lives.map(life => flawOf(life, blueprint)).filter(flaw => flaw !== undefined)
  const [first] = flawed
  if (first === undefined) return undefined
  if (flawed.length === blueprint.lives.length) return first
  // While all other pods are well, the one that is not may be its node's fault.
  return { ...first, verdicts: ['failed', 'stalled'], causes: [...first.causes, 'bad-node'] }
}

function jobObstacle(blueprint: Blueprint): Obstacle | undefined {
  const attempts = Array.from({ length: blueprint.backoffLimit + 1 }, (_, order) => lifeOf(blueprint, order))
  const succeeds = attempts.some(({ main }) => main.at(-1)?.exit?.code === 0)
  return succeeds ? undefined : failed('each attempt of the Job fails', 'job-failed')
}

const isLate = ({ readyAfter }: Run, { initialDelaySeconds = 0, periodSeconds, failureThreshold }: Probe): boolean =>
  readyAfter === 'never' || readyAfter > initialDelaySeconds + periodSeconds * failureThreshold

/** The run that goes on for ever: one that hangs is ended by a probe, and where there is none nothing ends it. */
function lastRun(runs: readonly Run[], { liveness, startup }: Blueprint['probes']) {
  const ends = (run: Run): boolean =>
    run.exit !== undefined ||
    run.startError !== undefined ||
    (run.hangsAfter !== undefined && liveness !== undefined) ||
    (startup !== undefined && isLate(run, startup))
  return runs.find(run => !ends(run)) ?? runs.at(-1)
}

function flawOf(life: Life, { probes }: Blueprint): Obstacle | undefined {
  const { liveness, startup, readiness } = probes
  const init = life.init?.at(-1)
  if (init !== undefined && init.exit?.code !== 0) return failed('its init container fails', ...exitCauses(init))
  const sidecar = life.sidecar?.at(-1)
  if (sidecar?.exit !== undefined) return failed('its sidecar ends', ...exitCauses(sidecar))
  const run = lastRun(life.main, probes) ?? { readyAfter: 0 }
  if (run.exit !== undefined || run.startError !== undefined) return failed('it ends by itself', ...exitCauses(run))
  if (startup !== undefined && isLate(run, startup))
    return failed('it never passes its startup probe', 'startup-exhausted')
  if (run.hangsAfter !== undefined && liveness !== undefined) return failed('it hangs', 'liveness-kill')
  return run.readyAfter === 'never' && readiness !== undefined ? stalled('it is never ready', 'not-ready') : undefined
}
