import { readRules, type HealthRule } from '../health/custom-rule.ts'
import type { Parser } from '../runtime/inputs.ts'
import { refuse } from '../runtime/parsers.ts'

const todo = 'Write the rules in the section "health" of slipway.yaml, where editors check them as you type.'

/** Rules for the health of custom resources: the section `health` of slipway.yaml as JSON. */
export const healthRules: Parser<readonly HealthRule[]> = {
  accepts: 'JSON list of rules, as in the section `health` of `slipway.yaml`',
  parse(value, name) {
    const rules = readRules(jsonOf(value, name))
    if (typeof rules === 'string') throw refuse(name, `${name}: ${rules}.`, todo)
    return rules
  },
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse(name, `${name} is not JSON.`, todo)
  }
}
