import { everyAnswer, opposite, someAnswer, unknowable, type Answer, type KeyValue } from './answer.ts'
import { matchesOne, type Reading } from './patterns.ts'
import type { TrustCondition } from './policy.ts'

export interface ConditionVerdict extends TrustCondition {
  readonly found: KeyValue
  readonly holds: Answer
}

/** An operator, taken apart. */
export interface Operator {
  readonly set: 'any' | 'all' | undefined
  readonly ifExists: boolean
  /** In lower case, without `Not`: `stringlike`. */
  readonly name: string
  readonly negated: boolean
}

/** Whether one value of the request is among those of the policy. */
type Comparison = (value: string, wanted: readonly string[], reading: Reading) => Answer

const exactly = { wildcards: false, ignoreCase: false }
const likewise = { wildcards: true, ignoreCase: false }
const anyCase = { wildcards: false, ignoreCase: true }

/** By the operator's name without `Not`. Sources: IAM guide, "Condition operators". */
const comparisons: Readonly<Record<string, Comparison>> = {
  stringequals: (value, wanted, reading) => matchesOne(value, wanted, exactly, reading),
  stringequalsignorecase: (value, wanted, reading) => matchesOne(value, wanted, anyCase, reading),
  stringlike: (value, wanted, reading) => matchesOne(value, wanted, likewise, reading),
  arnequals: arnLike,
  arnlike: arnLike,
  bool: (value, wanted, reading) =>
    /^(true|false)$/i.test(value) ? matchesOne(value, wanted, anyCase, reading) : 'no',
  binaryequals: (value, wanted) => yes(wanted.includes(value)),
  numericequals: numbers((value, bound) => value === bound),
  numericlessthan: numbers((value, bound) => value < bound),
  numericlessthanequals: numbers((value, bound) => value <= bound),
  numericgreaterthan: numbers((value, bound) => value > bound),
  numericgreaterthanequals: numbers((value, bound) => value >= bound),
  dateequals: dates((value, bound) => value === bound),
  datelessthan: dates((value, bound) => value < bound),
  datelessthanequals: dates((value, bound) => value <= bound),
  dategreaterthan: dates((value, bound) => value > bound),
  dategreaterthanequals: dates((value, bound) => value >= bound),
  // The keys that hold addresses are known to AWS only, and answered before this is asked.
  ipaddress: () => 'no',
}

/** `not` stands in the middle: StringNotEquals, but NotIpAddress at the start. */
export function operatorOf(written: string): Operator | undefined {
  const [, set, rest = ''] = /^(?:(forallvalues|foranyvalue):)?(.+)$/i.exec(written) ?? []
  const lower = rest.toLowerCase()
  const ifExists = lower.endsWith('ifexists')
  const full = ifExists ? lower.slice(0, -'ifexists'.length) : lower
  const name = full.replace(/^(string|numeric|date|arn|)not/, '$1')
  if (name !== 'null' && comparisons[name] === undefined) return undefined
  return {
    set: set === undefined ? undefined : set.toLowerCase() === 'foranyvalue' ? 'any' : 'all',
    ifExists,
    name,
    negated: name !== full,
  }
}

/** Whether a condition holds for a request, and what the request says under its key. */
export function judgeCondition(condition: TrustCondition, reading: Reading): ConditionVerdict {
  const found = reading.keys(condition.key.toLowerCase())
  const operator = operatorOf(condition.operator)
  return { ...condition, found, holds: operator ? holds(operator, condition.values, found, reading) : 'no' }
}

function holds(operator: Operator, wanted: readonly string[], found: KeyValue, reading: Reading): Answer {
  if (found === unknowable) return 'unknown'
  if (operator.name === 'null') return yes(wanted.some(value => value.toLowerCase() === String(found === undefined)))
  if (found === undefined) return yes(whenAbsent(operator))
  const one = (value: string): Answer => {
    const among = comparisons[operator.name]?.(value, wanted, reading) ?? 'no'
    return operator.negated ? opposite(among) : among
  }
  const values = typeof found === 'string' ? [found] : found
  if (operator.set === 'any') return someAnswer(values.map(one))
  if (operator.set === 'all') return everyAnswer(values.map(one))
  // A key with several values needs a set operator; without one nothing matches.
  return typeof found === 'string' ? one(found) : 'no'
}

/**
 * What is not there matches nothing, so what is negated holds. The set operators go before `IfExists`: none of no
 * values is among the wanted ones (ForAnyValue: no), and all of no values are (ForAllValues: yes).
 */
function whenAbsent({ set, ifExists, negated }: Operator): boolean {
  if (set !== undefined) return set === 'all'
  return ifExists || negated
}

/** Each of the six parts by itself; `*` never reaches over a colon, except in the last part. */
function arnLike(value: string, wanted: readonly string[], reading: Reading): Answer {
  const given = arnParts(value)
  if (!given) return 'no'
  return someAnswer(
    wanted.map(pattern => {
      const parts = arnParts(pattern)
      return parts ? everyAnswer(parts.map((part, i) => matchesOne(given[i] ?? '', [part], likewise, reading))) : 'no'
    }),
  )
}

function arnParts(text: string): readonly string[] | undefined {
  const parts = text.split(':')
  return parts.length < 6 ? undefined : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

function numbers(compare: (value: number, bound: number) => boolean): Comparison {
  return compared(text => (text.trim() === '' ? Number.NaN : Number(text)), compare)
}

/** Dates in ISO 8601, or seconds since 1970. */
function dates(compare: (value: number, bound: number) => boolean): Comparison {
  return compared(text => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text)), compare)
}

function compared(read: (text: string) => number, compare: (value: number, bound: number) => boolean): Comparison {
  return (text, wanted) => {
    const value = read(text)
    return yes(wanted.map(read).some(bound => !Number.isNaN(bound) && compare(value, bound)))
  }
}

function yes(holding: boolean): Answer {
  return holding ? 'yes' : 'no'
}
