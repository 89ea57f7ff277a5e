import { UserError } from '../../runtime/errors.ts'
import type { Finding, Severity } from '../findings.ts'
import { severities } from '../findings.ts'
import { anyTextMatches, pathMatches } from './glob.ts'

/** A finding that meets all conditions of a rule stops the pipeline. Severity is a floor; `any` includes unrated. */
export interface Rule {
  readonly severity: Exclude<Severity, 'unrated'> | 'any'
  /** A version with a fix exists. */
  readonly fixable?: boolean
  /** A fix exists, and the finding is known for longer than this many days: time enough to have updated. */
  readonly fixOlderThanDays?: number
  /** An exploit is known to the scanner. */
  readonly exploit?: boolean
  /** Listed by CISA as exploited in the wild (Known Exploited Vulnerabilities). */
  readonly kev?: boolean
  /** Probability of exploitation within 30 days, 0 to 1, as FIRST gives it (EPSS); at least this. */
  readonly epss?: number
  /** Name of the package; `*` stands for any text. */
  readonly package?: string
  /** Path inside the image; `*` within a folder, `**` across folders. */
  readonly path?: string
  /** Which part of the image brought it: the base image, or what the Dockerfile adds. */
  readonly layer?: 'base' | 'app'
  /** Not in the image that this one is compared with, nor newly disclosed about what both have. */
  readonly introduced?: boolean
}

/** How a finding relates to the image that runs: `unknown` when that image has no result to compare with. */
export type Change = 'introduced' | 'newly-disclosed' | 'unchanged' | 'unknown'

/** What is known of a finding beside the scan itself. What is absent is not known, and no rule takes it for a no. */
export interface FindingFacts {
  readonly change: Change
  readonly part: 'base' | 'app' | 'unknown'
  readonly epss?: number
  readonly kev?: boolean
}

/** Which knowledge a rule lacked. */
export type Missing = 'severity' | 'package' | 'path' | 'fix' | 'age' | 'exploit' | 'kev' | 'epss' | 'layer' | 'change'

export type Meets = 'yes' | 'no' | { readonly missing: readonly Missing[] }

/**
 * Whether `finding` meets `rule`. One condition that does not hold decides; else what nobody knows makes the answer
 * unknown, never a no. `now`: milliseconds since 1970. Pure.
 */
export function meets(finding: Finding, facts: FindingFacts, rule: Rule, now: number): Meets {
  const asked = conditions(finding, facts, rule, now).filter(({ asks }) => asks)
  if (asked.some(({ holds }) => holds === false)) return 'no'
  const missing = asked.flatMap(({ holds, by }) => (holds === undefined ? [by] : []))
  return missing.length === 0 ? 'yes' : { missing }
}

interface Condition {
  /** What the answer needs. */
  readonly by: Missing
  /** Whether the rule has this condition at all. */
  readonly asks: boolean
  /** Undefined when nobody knows. */
  readonly holds: boolean | undefined
}

const dayMs = 86_400_000

function conditions(finding: Finding, facts: FindingFacts, rule: Rule, now: number): readonly Condition[] {
  const { fix, firstSeen, exploit } = finding
  const { fixOlderThanDays: days, epss } = rule
  const hasFix = fix === 'unknown' ? undefined : fix === 'yes'
  const old = days === undefined || firstSeen === undefined ? undefined : now - firstSeen > days * dayMs
  const likely = epss === undefined || facts.epss === undefined ? undefined : facts.epss >= epss
  const part = facts.part === 'unknown' ? undefined : facts.part === rule.layer
  const change = facts.change === 'unknown' ? undefined : facts.change === 'introduced'
  return [
    { by: 'severity', asks: true, holds: reaches(finding, rule) },
    {
      by: 'package',
      asks: rule.package !== undefined,
      holds: anyTextMatches(rule.package ?? '', finding.package.name),
    },
    { by: 'path', asks: rule.path !== undefined, holds: inPath(finding, rule.path ?? '') },
    { by: 'fix', asks: rule.fixable === true || days !== undefined, holds: hasFix },
    { by: 'age', asks: days !== undefined, holds: old },
    { by: 'exploit', asks: rule.exploit === true, holds: exploit },
    { by: 'kev', asks: rule.kev === true, holds: facts.kev },
    { by: 'epss', asks: epss !== undefined, holds: likely },
    { by: 'layer', asks: rule.layer !== undefined, holds: part },
    { by: 'change', asks: rule.introduced === true, holds: change },
  ]
}

/** Packages of an operating system have no path, so that no rule for a path is about them; of others it is not known. */
function inPath({ package: { path, manager } }: Finding, pattern: string): boolean | undefined {
  if (path !== undefined) return pathMatches(pattern, path)
  return manager === undefined || manager === 'OS' ? false : undefined
}

function reaches({ severity }: Finding, rule: Rule): boolean {
  if (rule.severity === 'any') return true
  return severity !== 'unrated' && severities.indexOf(severity) <= severities.indexOf(rule.severity)
}

/** Reads `critical, high:fixable:introduced` (commas or lines); `none` alone never fails. Throws UserError `input-fail-on`. */
export function parseRules(text: string): readonly Rule[] {
  const words = text
    .split(/[,\n]/)
    .map(word => word.trim())
    .filter(word => word !== '')
  if (words.length === 1 && words[0]?.toLowerCase() === 'none') return []
  if (words.length === 0) throw wrong('It is empty.')
  return words.map(parseRule)
}

function parseRule(word: string): Rule {
  const [name = '', ...qualifiers] = word.split(':').map(part => part.trim())
  const severity = [...severities, 'any' as const].find(known => known === name.toLowerCase())
  if (severity === undefined || severity === 'unrated') throw wrong(`"${name}" is no severity.`)
  const conditions: Partial<Rule> = {}
  for (const qualifier of qualifiers) {
    const read = readQualifier(qualifier)
    if (read === undefined) throw wrong(`"${qualifier}" in "${word}" is no condition.`)
    if (Object.keys(read).some(key => key in conditions))
      throw wrong(`"${word}" says "${qualifier}" beside another condition of its kind.`)
    Object.assign(conditions, read)
  }
  return { severity, ...conditions }
}

function readQualifier(text: string): Partial<Rule> | undefined {
  const lower = text.toLowerCase()
  if (lower === 'fixable' || lower === 'exploit' || lower === 'kev' || lower === 'introduced') return { [lower]: true }
  if (lower === 'base' || lower === 'app') return { layer: lower }
  const epss = /^epss>=(0(?:\.\d+)?|1(?:\.0+)?)$/.exec(lower)
  if (epss) return { epss: Number(epss[1]) }
  const days = /^fix>(\d{1,4})d$/.exec(lower)
  if (days) return { fixOlderThanDays: Number(days[1]) }
  const glob = /^(package|path)=(\S+)$/.exec(text)
  if (glob?.[1] === 'package') return { package: glob[2] ?? '' }
  if (glob?.[1] === 'path') return { path: glob[2] ?? '' }
  return undefined
}

/** A rule as `parseRules` reads it: `high:fixable:introduced`. It is the rule's name in every report. */
export function formatRule(rule: Rule): string {
  return [
    rule.severity,
    ...(['fixable', 'exploit', 'kev', 'introduced'] as const).filter(key => rule[key] === true),
    ...(rule.fixOlderThanDays === undefined ? [] : [`fix>${rule.fixOlderThanDays}d`]),
    ...(rule.epss === undefined ? [] : [`epss>=${rule.epss}`]),
    ...(rule.layer === undefined ? [] : [rule.layer]),
    ...(rule.package === undefined ? [] : [`package=${rule.package}`]),
    ...(rule.path === undefined ? [] : [`path=${rule.path}`]),
  ].join(':')
}

function wrong(why: string): UserError {
  return new UserError('input-fail-on', 'The input fail-on cannot be read.', {
    why,
    todo: 'Write severities with their conditions, such as "critical, high:fixable, any:kev", or "none".',
  })
}
