import { instant, nameOf } from '../../health/objects.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { writersOf } from '../../kubernetes/objects.ts'
import type { Instant } from '../../runtime/clock.ts'
import type { AppliedObject, GateRequest } from '../model.ts'

/** With a clock this far off AWS refuses every signature: what seems further off is older, not skewed. */
const greatestSkewMs = 15 * 60_000
/** So late may the news of a change be without a clock being wrong. */
const unsureMs = 10_000

/**
 * The instant before which evidence is inert, on the cluster's clock: its own time of the first write of this release.
 * Where no generation moved (annotations of an Ingress, a Service) it is the last write, which may have been this one,
 * but not later than the runner's own clock says. The API server writes whole seconds, so it is rounded down.
 */
export function startLine(request: GateRequest): Instant {
  const { startedAt, applied } = request
  const own = [...ownLines(request).values()]
  if (own.length > 0) return Math.min(...own)
  const recent = (at: Instant): boolean => startedAt - at < greatestSkewMs
  const written = applied.flatMap(object => writtenAt(object) ?? []).filter(recent)
  const last = Math.max(...applied.flatMap(({ object }) => appliedAt(object) ?? []))
  const first = written.length > 0 ? Math.min(...written) : recent(last) ? Math.min(startedAt, last) : startedAt
  return Math.floor(first / 1_000) * 1_000
}

/**
 * The start line of each object that somebody else applied, by its name: the last write of the object itself, as the API
 * server noted it. Status and scale are other writers' and do not count. An object that has long stood gets a line just
 * far enough back to hold whatever the clocks: what happened to it days ago is no trouble of now.
 */
export function ownLines({ elsewhere, applied, startedAt }: GateRequest): ReadonlyMap<string, Instant> {
  if (elsewhere !== true) return new Map()
  return new Map(applied.map(({ object }) => [nameOf(object), Math.max(changedAt(object), startedAt - greatestSkewMs)]))
}

function changedAt(object: KubeObject): Instant {
  const writes = writersOf(object).filter(({ subresource }) => subresource === undefined)
  const times = [object.metadata.creationTimestamp, ...writes.map(({ time }) => time)]
  return Math.max(0, ...times.map(time => instant(time) ?? 0))
}

/** When the API server stored what this release changed; undefined when it changed nothing, or the kind has no generation. */
function writtenAt({ object, previousGeneration }: AppliedObject): Instant | undefined {
  const { generation, creationTimestamp } = object.metadata
  if (generation === undefined) return undefined
  if (previousGeneration === undefined) return instant(creationTimestamp)
  if (generation <= previousGeneration) return undefined
  return appliedAt(object)
}

/** When one of our applies last changed something. */
function appliedAt(object: KubeObject): Instant | undefined {
  return instant(
    writersOf(object).find(({ manager, operation }) => manager === 'slipway' && operation === 'Apply')?.time,
  )
}

/**
 * How far the runner's clock can be ahead of the cluster's, at most: nothing is seen before it was written.
 * Each change that is seen as it happens makes the bound tight. Infinite while nothing is known.
 */
export function skewBound(before: number, seen: readonly KubeObject[], now: Instant): number {
  let bound = before
  for (const object of seen)
    for (const { time } of writersOf(object)) bound = Math.min(bound, now - (instant(time) ?? -Infinity))
  return bound
}

/** The skew to reckon with, in milliseconds; positive when the runner's clock is ahead. */
export function skewOf(bound: number): number {
  return Math.abs(bound) <= unsureMs || bound > greatestSkewMs ? 0 : bound
}
