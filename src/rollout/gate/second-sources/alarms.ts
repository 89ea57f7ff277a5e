import { evidence } from '../../../health/evidence.ts'
import type { Evidence } from '../../../health/model.ts'
import type { Instant } from '../../../runtime/clock.ts'
import type { Alarm, GateRequest } from '../../model.ts'
import type { Answers } from './answers.ts'

/** A success rests on a reading that is no older than this: two turns of the poll. */
const freshMs = 20_000
/** How long the alarms may be silent before it cannot be known whether one went off. */
export const alarmsGraceMs = 60_000

/** Alarms that were quiet before the first write and are raised now. One that was raised already says nothing about this release. */
export function raisedAlarms({ alarms = [] }: GateRequest, answers: Answers, now: Instant): readonly Evidence[] {
  const before = new Map(alarms.map(({ name, state }) => [name, state]))
  return [...answers.alarms.values()]
    .filter(({ name, state }) => state === 'ALARM' && before.has(name) && before.get(name) !== 'ALARM')
    .map(alarm => evidenceOf(alarm, now))
}

function evidenceOf({ name, reason }: Alarm, now: Instant): Evidence {
  const on = { apiVersion: 'cloudwatch', kind: 'Alarm', metadata: { name, uid: `alarm ${name}` } }
  const text = reason === undefined ? `"${name}"` : `"${name}": ${reason}`
  return evidence('alarm-raised', { on, subject: `Alarm ${name}`, at: now, text })
}

/**
 * When it cannot be known any more whether an alarm went off; undefined while the last reading is fresh enough to
 * call a release healthy, or when no alarm was asked for.
 */
export function alarmsDueBy(
  { alarms = [] }: GateRequest,
  answers: Answers,
  begunAt: Instant,
  now: Instant,
): Instant | undefined {
  const readAt = answers.alarmsAt ?? begunAt
  if (alarms.length === 0 || (answers.alarmsAt !== undefined && now < readAt + freshMs)) return undefined
  return readAt + alarmsGraceMs
}
