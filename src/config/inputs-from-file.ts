import { UserError } from '../runtime/errors.ts'
import type { SlipwayFile } from './slipway-file.ts'

/** Which entry of slipway.yaml a step is about; empty means the only one. */
export interface Choice {
  readonly service?: string
  readonly environment?: string
}

/**
 * What slipway.yaml says for the inputs of one action, as text, by the inputs' names.
 * Inputs that are given in the workflow win over it. Pure.
 */
export function inputsFromFile(file: SlipwayFile, action: string, choice: Choice): Readonly<Record<string, string>> {
  const values: Record<string, string | undefined> = {}
  if (action === 'build-push' || action === 'scan')
    Object.assign(values, file.build, file.services && only('service', file.services, choice.service))
  if (action === 'ecr-login' || action === 'ecr-repository') Object.assign(values, file.build)
  if (action === 'ecr-repository')
    values['repository-settings'] = file.repositories && JSON.stringify(file.repositories)
  if (action === 'scan') values['fail-on'] = failOnOf(file)
  if (action === 'deploy' || action === 'rollback') {
    const [name, service] = file.services ? chosen('service', file.services, choice.service) : []
    const environment = file.environments && only('environment', file.environments, choice.environment)
    Object.assign(values, environment, gateOf(file), { application: name, manifests: service?.manifests })
    values['environment-url'] = environment?.url
    values['values'] = [service?.values ?? [], environment?.values ?? []].flat().join('\n') || undefined
  }
  if (action === 'verify')
    Object.assign(values, file.environments && only('environment', file.environments, choice.environment), gateOf(file))
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** An empty list stops nothing; an empty text would be no answer at all. */
function failOnOf({ scan }: SlipwayFile): string | undefined {
  const rules = scan?.['fail-on']
  return rules?.length === 0 ? 'none' : rules?.map(ruleText).join(', ')
}

type FailRule = NonNullable<NonNullable<SlipwayFile['scan']>['fail-on']>[number]

/** As the input `fail-on` writes it: `high:fixable`. Its parser says what is wrong with a rule that is text already. */
function ruleText(rule: FailRule): string {
  if (typeof rule === 'string') return rule
  const { severity, 'fix-older-than': days, epss, layer, package: name, path } = rule
  return [
    severity,
    ...(['fixable', 'exploit', 'kev', 'introduced'] as const).filter(key => rule[key] === true),
    ...(days === undefined ? [] : [`fix>${days}`]),
    ...(epss === undefined ? [] : [`epss>=${epss}`]),
    ...(layer === undefined ? [] : [layer]),
    ...(name === undefined ? [] : [`package=${name}`]),
    ...(path === undefined ? [] : [`path=${path}`]),
  ].join(':')
}

function gateOf(file: SlipwayFile): Record<string, string | undefined> {
  const { timeout, soak, rollback, alarms = [], 'require-readiness-gates': gates } = file.gate ?? {}
  return {
    timeout,
    soak,
    rollback: rollback?.toString(),
    alarms: alarms.length === 0 ? undefined : alarms.join('\n'),
    'require-readiness-gates': gates?.toString(),
    ...healthOf(file),
  }
}

/** In the form of the input `health-rules`. */
function healthOf({ health }: SlipwayFile): Record<string, string> {
  if (health === undefined || health.length === 0) return {}
  const rules = health.map(({ 'observed-generation': observedGeneration, ...rule }) => ({
    ...rule,
    observedGeneration,
  }))
  return { 'health-rules': JSON.stringify(rules) }
}

function only<T>(what: 'service' | 'environment', entries: Readonly<Record<string, T>>, name: string | undefined): T {
  return chosen(what, entries, name)[1]
}

function chosen<T>(
  what: 'service' | 'environment',
  entries: Readonly<Record<string, T>>,
  name: string | undefined,
): [string, T] {
  const names = Object.keys(entries)
  const wanted = name ?? (names.length === 1 ? names[0] : undefined)
  const found = wanted === undefined ? undefined : entries[wanted]
  if (wanted !== undefined && found !== undefined) return [wanted, found]
  throw new UserError(
    'config-choice',
    wanted === undefined
      ? `input "${what}" is missing: the config names ${names.length} of them.`
      : `input "${what}": the config has no ${what} "${wanted}".`,
    {
      why: `It has ${names.join(', ') || 'none'}.`,
      todo: `Name one of them.`,
    },
  )
}
