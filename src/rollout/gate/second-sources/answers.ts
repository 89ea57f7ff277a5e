import type { Instant } from '../../../runtime/clock.ts'
import type { Alarm, ImageCheck, TargetGroupHealth } from '../../model.ts'

export type ImageAnswer = Awaited<ReturnType<ImageCheck['check']>>

/** What the API server has under a name. Of a Secret only the names of its keys are ever kept. */
export type ConfigAnswer =
  | { readonly found: 'present'; readonly keys: readonly string[] }
  | { readonly found: 'absent' | 'unknown' }

/** A target group whose targets are pods of a Service (`TargetGroupBinding` of the AWS Load Balancer Controller). */
export interface TargetBinding {
  /** ARN */
  readonly targetGroup: string
  /** Name of the Service. */
  readonly service: string
  readonly selector: Readonly<Record<string, string>>
  /** Port of the pods: its number, or the name that a container gives it. */
  readonly targetPort: number | string
}

/** What second sources leave in the gate's mailbox. Plain JSON, so that a trace of it can be replayed. */
export type SourceEvent =
  | { readonly image: string; readonly platform?: string; readonly answer: ImageAnswer }
  /** `config` names the object: `Secret shop/database`. */
  | { readonly config: string; readonly answer: ConfigAnswer }
  /** All bindings of a namespace; null while they are being asked for. */
  | { readonly bindingsIn: string; readonly bindings: readonly TargetBinding[] | null }
  | { readonly targetGroup: string; readonly at: Instant; readonly health: TargetGroupHealth }
  | { readonly alarms: readonly Alarm[]; readonly at: Instant }
  /** A source gave no answer: the ARN of a target group, or `alarms`. */
  | { readonly silent: string; readonly at: Instant; readonly reason: string; readonly denied: boolean }

/** A source that gives no answer, since when. */
export interface Silence {
  readonly since: Instant
  readonly reason: string
  readonly denied: boolean
}

/** All that second sources have said so far. */
export interface Answers {
  /** By `imageKey`. */
  readonly images: ReadonlyMap<string, ImageAnswer>
  readonly config: ReadonlyMap<string, ConfigAnswer>
  /** By namespace. */
  readonly bindings: ReadonlyMap<string, readonly TargetBinding[] | null>
  readonly targetGroups: ReadonlyMap<string, TargetGroupHealth>
  readonly alarms: ReadonlyMap<string, Alarm>
  /** When the alarms were last read. */
  readonly alarmsAt?: Instant
  /** By the name in the event; a source that answers again is not in here any more. */
  readonly silences: ReadonlyMap<string, Silence>
}

export const noAnswers: Answers = {
  images: new Map(),
  config: new Map(),
  bindings: new Map(),
  targetGroups: new Map(),
  alarms: new Map(),
  silences: new Map(),
}

export function imageKey(image: string, platform: string | undefined): string {
  return platform === undefined ? image : `${image} ${platform}`
}

/** Pure: what is known after these events. */
export function foldAnswers(answers: Answers, events: readonly SourceEvent[]): Answers {
  return events.length === 0 ? answers : events.reduce(after, answers)
}

function after(answers: Answers, event: SourceEvent): Answers {
  if ('image' in event)
    return { ...answers, images: put(answers.images, imageKey(event.image, event.platform), event.answer) }
  if ('config' in event) return { ...answers, config: put(answers.config, event.config, event.answer) }
  if ('bindingsIn' in event) return { ...answers, bindings: put(answers.bindings, event.bindingsIn, event.bindings) }
  if ('targetGroup' in event) {
    const { targetGroup, health } = event
    const targetGroups = put(answers.targetGroups, targetGroup, health)
    return { ...answers, targetGroups, silences: without(answers.silences, targetGroup) }
  }
  if ('alarms' in event) {
    const alarms = new Map(event.alarms.map(alarm => [alarm.name, alarm]))
    return { ...answers, alarms, alarmsAt: event.at, silences: without(answers.silences, 'alarms') }
  }
  const { silent, at, reason, denied } = event
  const since = answers.silences.get(silent)?.since ?? at
  return { ...answers, silences: put(answers.silences, silent, { since, reason, denied }) }
}

function put<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value)
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return map.has(key) ? new Map([...map].filter(([other]) => other !== key)) : map
}
