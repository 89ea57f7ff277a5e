import { groupOf } from '../../../kubernetes/names.ts'
import { isRecord } from '../../../kubernetes/objects.ts'
import { UserError } from '../../../runtime/errors.ts'
import type { Path } from '../../../runtime/yaml-lines.ts'
import type { Manifest } from '../model.ts'
import { placeIn, sayField } from '../places.ts'
import type { Doubt } from './check.ts'

interface Limits {
  readonly timeoutMs: number
  readonly soakMs: number
}

/** Times of a manifest that contradict each other, or those of the release. */
interface Contradiction {
  readonly path: Path
  readonly says: string
  /** True when no pod of the object can become healthy in time. */
  readonly impossible: boolean
}

/** Defaults of the API server (core/v1 Probe, apps/v1 Deployment), in seconds and times. */
const usual = { period: 10, failures: 3, deadline: 600 } as const

/**
 * Throws UserError for times with which a changed pod can never become healthy; returns what may only take longer than
 * the release waits. Pure.
 */
export function findContradictions(manifests: readonly Manifest[], limits: Limits): readonly Doubt[] {
  const found = manifests.flatMap(manifest => contradictionsOf(manifest, limits).map(one => ({ manifest, ...one })))
  const impossible = found.find(one => one.impossible)
  if (impossible) {
    const { manifest, path, says } = impossible
    throw new UserError('timeouts-contradict', `${sayField(manifest, path)} ${says}.`, {
      why: 'No new pod could become healthy in time; nothing was applied.',
      todo: 'Lower that time, or raise the one that it collides with.',
      place: placeIn(manifest, path),
    })
  }
  return found.map(({ manifest, path, says }) => ({
    place: placeIn(manifest, path),
    says: `${sayField(manifest, path)} ${says}: a release may stall although nothing is wrong.`,
  }))
}

function contradictionsOf({ object }: Manifest, limits: Limits): readonly Contradiction[] {
  const spec = object['spec']
  if (!isRecord(spec) || !['apps', 'batch'].includes(groupOf(object)) || object.kind === 'CronJob') return []
  const deadline = object.kind === 'Deployment' ? seconds(spec['progressDeadlineSeconds'] ?? usual.deadline) : Infinity
  return [...ownTimes(spec, deadline, limits), ...podTimes(spec, limits)]
}

/** The API server refuses a progress deadline that is not longer than minReadySeconds; here it has a line. */
function ownTimes(
  spec: Record<string, unknown>,
  deadline: number,
  { timeoutMs, soakMs }: Limits,
): readonly Contradiction[] {
  const ready = seconds(spec['minReadySeconds'])
  const active = seconds(spec['activeDeadlineSeconds'])
  const found: Contradiction[] = []
  if (ready > 0 && deadline <= ready)
    found.push({
      path: ['spec', 'progressDeadlineSeconds'],
      says: `is ${deadline} s, and minReadySeconds ${ready} s`,
      impossible: true,
    })
  if (ready > 0 && ready * 1_000 + soakMs >= timeoutMs)
    found.push({
      path: ['spec', 'minReadySeconds'],
      says: `is ${ready} s, ${ofRelease({ timeoutMs, soakMs })}`,
      impossible: true,
    })
  if (active * 1_000 > timeoutMs)
    found.push({
      path: ['spec', 'activeDeadlineSeconds'],
      says: `gives the Job ${active} s, and the input "timeout" is ${timeoutMs / 1_000} s`,
      impossible: false,
    })
  return found
}

function podTimes(spec: Record<string, unknown>, limits: Limits): readonly Contradiction[] {
  const template = spec['template']
  const pod = isRecord(template) ? template['spec'] : undefined
  if (!isRecord(pod)) return []
  const path: Path = ['spec', 'template', 'spec']
  const grace = seconds(pod['terminationGracePeriodSeconds'])
  const leaving: readonly Contradiction[] =
    grace * 1_000 > limits.timeoutMs
      ? [
          {
            path: [...path, 'terminationGracePeriodSeconds'],
            says: `lets an old pod take ${grace} s to end, and the input "timeout" is ${limits.timeoutMs / 1_000} s`,
            impossible: false,
          },
        ]
      : []
  const containers = Array.isArray(pod['containers']) ? pod['containers'] : []
  return [
    ...leaving,
    ...containers.flatMap((container, index) => probeTimes(container, [...path, 'containers', index], limits)),
  ]
}

function probeTimes(container: unknown, path: Path, limits: Limits): readonly Contradiction[] {
  if (!isRecord(container)) return []
  const found: Contradiction[] = []
  const { readinessProbe: readiness, startupProbe: startup } = container
  const delay = isRecord(readiness) ? seconds(readiness['initialDelaySeconds']) : 0
  if (delay > 0 && delay * 1_000 + limits.soakMs >= limits.timeoutMs)
    found.push({
      path: [...path, 'readinessProbe', 'initialDelaySeconds'],
      says: `is ${delay} s, ${ofRelease(limits)}`,
      impossible: true,
    })
  if (isRecord(startup)) {
    const budget =
      seconds(startup['initialDelaySeconds']) +
      seconds(startup['failureThreshold'] ?? usual.failures) * seconds(startup['periodSeconds'] ?? usual.period)
    if (budget * 1_000 + limits.soakMs > limits.timeoutMs)
      found.push({
        path: [...path, 'startupProbe'],
        says: `gives the container ${budget} s to start, ${ofRelease(limits)}`,
        impossible: false,
      })
  }
  return found
}

function ofRelease({ timeoutMs, soakMs }: Limits): string {
  return `and the inputs "timeout" and "soak" are ${timeoutMs / 1_000} s and ${soakMs / 1_000} s`
}

function seconds(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
