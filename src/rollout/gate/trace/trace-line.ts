import type { Verdict } from '../../../health/model.ts'
import type { KubeObject } from '../../../kubernetes/model.ts'
import { isRecord } from '../../../kubernetes/objects.ts'
import type { Instant } from '../../../runtime/clock.ts'
import { UserError } from '../../../runtime/errors.ts'
import type { GateRequest } from '../../model.ts'
import type { Answer } from '../inquiry.ts'
import type { GateEvent } from '../state.ts'
import { traceVersion, type TraceHead } from './trace.ts'

/** A line of a trace, as the gate had it. */
export type TraceLine =
  | { readonly is: 'head'; readonly head: TraceHead }
  | { readonly is: 'opened'; readonly request: GateRequest; readonly at: Instant }
  | { readonly is: 'looked'; readonly events: readonly GateEvent[]; readonly at: Instant }
  | { readonly is: 'read'; readonly answer: Answer; readonly at: Instant }
  | { readonly is: 'closed'; readonly verdict: Verdict; readonly code?: string; readonly at: Instant }
  | { readonly is: 'truncated'; readonly says: string }

/**
 * Reads line `number`. `objects` are those of the lines before, by uid: a line may refer to them, and adds its own.
 * Throws UserError for what is no line of a trace, or of a version that is not known here.
 */
export function parseTraceLine(text: string, number: number, objects: Map<string, KubeObject>): TraceLine {
  const line = parsed(text, number)
  if ('trace' in line) return head(line, number)
  if (typeof line['truncated'] === 'string') return { is: 'truncated', says: line['truncated'] }
  const { at } = line
  if (typeof at !== 'number') throw broken(number, 'it has no time')
  if (isRecord(line['gate']) && Array.isArray(line['gate']['applied']))
    return { is: 'opened', request: line['gate'] as unknown as GateRequest, at }
  if (Array.isArray(line['looked'])) return { is: 'looked', events: events(line['looked'], number, objects), at }
  if (Array.isArray(line['read'])) return { is: 'read', answer: { events: events(line['read'], number, objects) }, at }
  if (typeof line['failed'] === 'string') return { is: 'read', answer: { failed: line['failed'] }, at }
  if (typeof line['verdict'] === 'string') return closed(line, line['verdict'] as Verdict, at)
  throw broken(number, 'it is none of the lines that a gate writes')
}

function parsed(text: string, number: number): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw broken(number, 'it is no JSON; a run that was killed may have left half a line')
  }
  if (!isRecord(value)) throw broken(number, 'it is no JSON object')
  return value
}

function head({ trace, ...rest }: Record<string, unknown>, number: number): TraceLine {
  if (trace === traceVersion) return { is: 'head', head: rest as unknown as TraceHead }
  throw new UserError('trace-version', `Line ${number}: this trace is of version ${String(trace)}.`, {
    why: `This program reads version ${traceVersion}.`,
    todo: 'Replay it with the release of Slipway that wrote it.',
  })
}

function closed({ cause }: Record<string, unknown>, verdict: Verdict, at: Instant): TraceLine {
  const code = isRecord(cause) && typeof cause['code'] === 'string' ? cause['code'] : undefined
  return { is: 'closed', verdict, at, ...(code === undefined ? {} : { code }) }
}

function events(list: readonly unknown[], number: number, objects: Map<string, KubeObject>): readonly GateEvent[] {
  return list.map(item => {
    if (!isRecord(item)) throw broken(number, 'an event of it is no JSON object')
    const seen = item['event']
    if (!isRecord(seen)) return item as unknown as GateEvent
    const whole = (object: unknown): KubeObject => resolved(object, number, objects)
    const event = {
      ...seen,
      ...('object' in seen ? { object: whole(seen['object']) } : {}),
      ...(Array.isArray(seen['objects']) ? { objects: seen['objects'].map(whole) } : {}),
    }
    return { ...item, event } as unknown as GateEvent
  })
}

function resolved(value: unknown, number: number, objects: Map<string, KubeObject>): KubeObject {
  if (!isRecord(value)) throw broken(number, 'an object of it is no JSON object')
  if (typeof value['same'] === 'string') {
    const known = objects.get(value['same'])
    if (known === undefined) throw broken(number, `it refers to an object that no line before it shows`)
    return known
  }
  if (!isRecord(value['metadata'])) throw broken(number, 'an object of it has no metadata')
  const object = value as unknown as KubeObject
  if (object.metadata.uid !== undefined) objects.set(object.metadata.uid, object)
  return object
}

function broken(number: number, why: string): UserError {
  return new UserError('trace-broken', `Line ${number} of the trace cannot be read: ${why}.`, {
    todo: 'Take the file as it was written; nothing in it may be changed.',
  })
}
