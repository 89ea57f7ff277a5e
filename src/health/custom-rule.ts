import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evaluate } from './evaluate.ts'
import { ExpressionError, parseExpression, type Expression } from './expression.ts'
import type { Health } from './model.ts'
import { isBehind, isRecord, oneLine, view, type Other } from './objects.ts'
import { awaited, behind, refused } from './waiting.ts'

/** How the health of a custom resource is read, as declared in `slipway.yaml`. Plain data: expressions are text. */
export interface HealthRule {
  /** Only its group counts: a rule outlives a version of the API. */
  readonly apiVersion: string
  readonly kind: string
  /** All of them hold when it is healthy. */
  readonly success: readonly string[]
  /** One of them holds when it has failed. */
  readonly failure?: readonly string[]
  /** One of them holds while it is on its way, whatever `success` says. */
  readonly progress?: readonly string[]
  /** Gives the text of its state. */
  readonly message?: string
  /** False when its controller writes no `status.observedGeneration`. */
  readonly observedGeneration?: boolean
}

/** What is wrong with an expression, as half a sentence; undefined when nothing is. */
export function mistakeIn(text: string): string | undefined {
  try {
    compiled(text)
    return undefined
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return `"${oneLine(text, 80)}" is no condition: ${thrown.message}`
    throw thrown
  }
}

/** Custom resources only: kinds of Kubernetes itself have a rule that knows more than a status can say. */
export const customApiVersion = /^[a-z0-9-]+(\.[a-z0-9-]+)+\/v\d\w*$/

/** Fields of a rule that hold expressions. */
const conditionFields = ['success', 'failure', 'progress'] as const

/**
 * Rules from untyped JSON. Gives the first mistake as half a sentence with its place instead: `[0].success[1] …`.
 */
export function readRules(value: unknown): readonly HealthRule[] | string {
  if (!Array.isArray(value)) return 'it is no list'
  for (const [index, rule] of (value as unknown[]).entries()) {
    const wrong = mistakeInRule(rule)
    if (wrong !== undefined) return `[${index}]${wrong}`
  }
  return value as readonly HealthRule[]
}

function mistakeInRule(rule: unknown): string | undefined {
  if (!isRecord(rule)) return ' is no rule'
  const { apiVersion, kind, message, success } = rule
  if (typeof apiVersion !== 'string' || !customApiVersion.test(apiVersion))
    return '.apiVersion is not that of a custom resource, such as example.com/v1'
  if (typeof kind !== 'string' || kind === '') return '.kind is missing'
  if (!Array.isArray(success) || success.length === 0) return '.success is missing'
  for (const field of conditionFields) {
    const texts = rule[field] ?? []
    if (!Array.isArray(texts)) return `.${field} is no list`
    for (const [index, text] of (texts as unknown[]).entries()) {
      const wrong = typeof text === 'string' ? mistakeIn(text) : 'is no text'
      if (wrong !== undefined) return `.${field}[${index}] ${wrong}`
    }
  }
  const wrong = message === undefined ? undefined : typeof message === 'string' ? mistakeIn(message) : 'is no text'
  return wrong === undefined ? undefined : `.message ${wrong}`
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')

/** The rule that was declared for the kind of this object. */
export function ruleFor(object: KubeObject, rules: readonly HealthRule[] = []): HealthRule | undefined {
  return rules.find(rule => rule.kind === object.kind && groupOf(rule.apiVersion) === groupOf(object.apiVersion))
}

/**
 * By a declared rule. A status of an older generation says nothing, so `observedGeneration` is demanded unless the rule
 * says that there is none.
 */
export function assessByRule(rule: HealthRule, object: KubeObject, now: Instant): Health {
  const other = view<Other>(object)
  const unseen = rule.observedGeneration !== false && other.status.observedGeneration === undefined
  if (unseen || (rule.observedGeneration !== false && isBehind(other))) return behind(object, now)
  const text = messageOf(rule, object)
  const broken = firstOf(rule.failure, object, true)
  if (broken !== undefined)
    return refused(object, 'custom-rule-failed', text ?? broken, now, { text, facts: { rule: broken } })
  const busy = firstOf(rule.progress, object, true)
  if (busy !== undefined) return awaited(object, 'not-current', text ?? busy, now, { text: text ?? busy })
  const missing = firstOf(rule.success, object, false)
  if (missing === undefined) return { status: 'healthy' }
  const says = text ?? `${missing} does not hold yet`
  return awaited(object, 'not-current', says, now, { text: says })
}

/** The first expression that is (or is not) true. One that takes too many steps is neither. */
function firstOf(texts: readonly string[] | undefined, object: KubeObject, wanted: boolean): string | undefined {
  return texts?.find(text => (evaluate(compiled(text), object) === true) === wanted)
}

function messageOf({ message }: HealthRule, object: KubeObject): string | undefined {
  const text = message === undefined ? null : evaluate(compiled(message), object)
  return typeof text === 'string' && text !== '' ? text : undefined
}

// A rule is read once and looked at with every change of its objects. Few texts: those of one slipway.yaml.
const read = new Map<string, Expression>()

function compiled(text: string): Expression {
  const known = read.get(text) ?? parseExpression(text)
  read.set(text, known)
  return known
}
