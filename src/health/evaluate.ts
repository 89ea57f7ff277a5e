import type { KubeObject } from '../kubernetes/model.ts'
import type { Expression } from './expression.ts'
import { isRecord } from './objects.ts'

type Names = Readonly<Record<string, unknown>>

/** An object of the API holds some thousand values; a rule that needs more is no condition any more. */
const mostSteps = 20_000

/** The value of an expression for an object; null for what is absent. Undefined when it takes more steps than it may. */
export function evaluate(expression: Expression, object: KubeObject): unknown {
  const run = new Evaluation(object)
  try {
    return run.value(expression, { ...object, self: object })
  } catch (thrown) {
    if (thrown instanceof TooManySteps) return undefined
    throw thrown
  }
}

class TooManySteps extends Error {}

class Evaluation {
  #steps = 0
  readonly #object: KubeObject

  constructor(object: KubeObject) {
    this.#object = object
  }

  value(expression: Expression, names: Names): unknown {
    if (++this.#steps > mostSteps) throw new TooManySteps()
    switch (expression.kind) {
      case 'value':
        return expression.value
      case 'list':
        return expression.items.map(item => this.value(item, names))
      case 'name':
        return names[expression.name] ?? null
      case 'field':
        return fieldOf(this.value(expression.of, names), this.value(expression.key, names))
      case 'not':
        return this.value(expression.of, names) !== true
      case 'binary':
        return this.#binary(expression, names)
      case 'macro':
        return this.#macro(expression, names)
      case 'call':
    }
    return this.#call(
      expression.name,
      expression.args.map(arg => this.value(arg, names)),
    )
  }

  #binary({ operator, left, right }: Extract<Expression, { kind: 'binary' }>, names: Names): unknown {
    const first = this.value(left, names)
    if (operator === '&&') return first === true && this.value(right, names) === true
    if (operator === '||') return first === true || this.value(right, names) === true
    return compare(operator, first, this.value(right, names))
  }

  #call(name: string, [subject, argument]: readonly unknown[]): unknown {
    switch (name) {
      case 'has':
        return subject !== null
      case 'size':
        return sizeOf(subject)
      case 'contains':
        return contains(subject, argument)
      case 'startsWith':
        return typeof subject === 'string' && typeof argument === 'string' && subject.startsWith(argument)
      default:
        return this.#condition(subject)
    }
  }

  /** `condition("Ready")`: the entry of `status.conditions` with that type. */
  #condition(type: unknown): unknown {
    const conditions = fieldOf(this.#object['status'], 'conditions')
    return Array.isArray(conditions) ? (conditions.find(entry => fieldOf(entry, 'type') === type) ?? null) : null
  }

  #macro({ name, of, each, test }: Extract<Expression, { kind: 'macro' }>, names: Names): boolean {
    const list = this.value(of, names)
    const items: readonly unknown[] = Array.isArray(list) ? list : []
    const holds = (item: unknown): boolean => this.value(test, { ...names, [each]: item }) === true
    // Of an absent list everything would hold; a controller that has not written it yet has proven nothing.
    return name === 'exists' ? items.some(holds) : Array.isArray(list) && items.every(holds)
  }
}

/** Own fields only: `status.constructor` is absent. */
function fieldOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) return typeof key === 'number' ? ((value as unknown[])[key] ?? null) : null
  if (!isRecord(value) || typeof key !== 'string' || !Object.hasOwn(value, key)) return null
  return value[key] ?? null
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value) || typeof value === 'string') return value.length
  return isRecord(value) ? Object.keys(value).length : 0
}

function contains(value: unknown, part: unknown): boolean {
  if (Array.isArray(value)) return value.includes(part)
  return typeof value === 'string' && typeof part === 'string' && value.includes(part)
}

/** Values of different types are different, and have no order. */
function compare(operator: string, left: unknown, right: unknown): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (operator === 'in')
    return Array.isArray(right) ? right.includes(left) : isRecord(right) && Object.hasOwn(right, String(left))
  const ordered =
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string')
  if (!ordered) return false
  if (operator === '<') return left < right
  if (operator === '<=') return left <= right
  return operator === '>' ? left > right : left >= right
}
