import { UserError } from '../runtime/errors.ts'
import type { Finding, Severity } from './findings.ts'
import { countBySeverity, mergeFindings, severities } from './findings.ts'
import type { Blocking, PlatformScan, Reason, ScanResult } from './model.ts'

/** Stops a finding of at least this severity; with `fixable`, only when a fixed version exists. */
export interface FailRule {
  readonly severity: Exclude<Severity, 'unrated'>
  readonly fixable?: boolean
}

export interface ScanPolicy {
  /** Empty: findings are reported and never stop anything, unless `unrated` does. */
  readonly failOn: readonly FailRule[]
  /** What to do with findings that have no severity; `warn` by default. */
  readonly unrated?: 'fail' | 'warn' | 'ignore'
}

export type Judgement = Pick<ScanResult, 'verdict' | 'findings' | 'counts' | 'blocking' | 'reasons' | 'warnings'>

/** Reads `critical, high:fixable` (commas or lines); `none` alone never fails. Throws UserError `input-fail-on`. */
export function parseFailOn(text: string): readonly FailRule[] {
  const words = text
    .split(/[,\n]/)
    .map(word => word.trim().toLowerCase())
    .filter(word => word !== '')
  if (words.length === 1 && words[0] === 'none') return []
  if (words.length === 0) throw wrong('It is empty.')
  return words.map(word => {
    const [name, extra, ...rest] = word.split(':').map(part => part.trim())
    const severity = severities.find(known => known === name)
    if (severity === undefined || severity === 'unrated') throw wrong(`"${name ?? ''}" is no severity.`)
    if (rest.length > 0 || (extra !== undefined && extra !== 'fixable')) throw wrong(`"${word}" is no rule.`)
    return { severity, ...(extra === undefined ? {} : { fixable: true }) }
  })
}

/** The text of a policy: its rules as parseFailOn reads them, and whether findings without severity count. */
export function formatPolicy({ failOn, unrated }: ScanPolicy): string {
  const rules = [...failOn.map(textOf), ...(unrated === 'fail' ? ['unrated'] : [])]
  return rules.length === 0 ? 'none' : rules.join(', ')
}

/**
 * Judges what is known. Pure. A platform without a result, or a fix that nobody knows about where the policy asks for it,
 * is `inconclusive`: missing data never passes. A finding that blocks is `fail`, whatever else is missing.
 * A policy without rules asks for nothing and is always a `pass`; what is missing is then a warning.
 */
export function judge(scans: readonly PlatformScan[], policy: ScanPolicy): Judgement {
  const complete = scans.filter(scan => scan.state === 'complete')
  const findings = mergeFindings(complete)
  const blocking = findings.flatMap(finding => blocks(finding, policy))
  const unknown = [...missing(scans), ...unknownFixes(findings, blocking, policy)]
  const asksNothing = policy.failOn.length === 0 && policy.unrated !== 'fail'
  const reasons = asksNothing ? [] : [...blockingReasons(blocking), ...unknown]
  const verdict = blocking.length > 0 ? 'fail' : reasons.length > 0 ? 'inconclusive' : 'pass'
  return {
    verdict,
    findings,
    counts: countBySeverity(findings),
    blocking,
    reasons,
    warnings: [
      ...warningsOf(findings, policy),
      ...(asksNothing ? unknown.map(({ says, todo }) => `${says} ${todo}`) : []),
    ],
  }
}

function blocks(finding: Finding, { failOn, unrated }: ScanPolicy): readonly Blocking[] {
  if (finding.severity === 'unrated') return unrated === 'fail' ? [{ finding, rule: 'unrated' }] : []
  const rule = failOn.find(rule => reaches(finding, rule) && (rule.fixable !== true || finding.fix === 'yes'))
  return rule === undefined ? [] : [{ finding, rule: textOf(rule) }]
}

function reaches({ severity }: Finding, rule: FailRule): boolean {
  return severity !== 'unrated' && severities.indexOf(severity) <= severities.indexOf(rule.severity)
}

function missing(scans: readonly PlatformScan[]): readonly Reason[] {
  if (scans.length === 0) {
    return [
      {
        code: 'scan-no-platform',
        says: 'The image has no platform that could be scanned.',
        todo: 'Check what was pushed under this digest.',
      },
    ]
  }
  return scans.flatMap(scan =>
    scan.state === 'inconclusive' ? [{ ...scan.reason, says: `${scan.platform}: ${scan.reason.says}` }] : [],
  )
}

/** Findings that would block if a fix exists, where the scan does not say. */
function unknownFixes(
  findings: readonly Finding[],
  blocking: readonly Blocking[],
  { failOn }: ScanPolicy,
): readonly Reason[] {
  const blocked = new Set(blocking.map(({ finding }) => finding))
  const open = findings.filter(
    finding =>
      finding.fix === 'unknown' &&
      !blocked.has(finding) &&
      failOn.some(rule => rule.fixable === true && reaches(finding, rule)),
  )
  if (open.length === 0) return []
  const names = open
    .slice(0, 3)
    .map(({ id }) => id)
    .join(', ')
  return [
    {
      code: 'scan-fix-unknown',
      says: `Nobody says whether ${open.length === 1 ? `${names} has a fix` : `${open.length} findings have a fix (${names}${open.length > 3 ? ', …' : ''})`}: basic scans carry no fix information.`,
      todo: 'Use enhanced scanning, or a rule without "fixable".',
    },
  ]
}

function blockingReasons(blocking: readonly Blocking[]): readonly Reason[] {
  const rules = [...new Set(blocking.map(({ rule }) => rule))]
  return rules.map(rule => {
    const met = blocking.filter(one => one.rule === rule).map(({ finding }) => finding)
    const first = met[0]
    const fixed = first?.fixedIn === undefined ? '' : `, fixed in ${first.fixedIn}`
    const example =
      first === undefined ? '' : `${first.id} in ${first.package.name} ${first.package.version}`.trim() + fixed
    return {
      code: 'scan-blocked',
      says: `${met.length === 1 ? `${example} meets` : `${met.length} findings meet`} the rule "${rule}"${met.length === 1 ? '' : ` (worst: ${example})`}.`,
      todo:
        first?.fixedIn === undefined
          ? 'Update the package or the base image.'
          : `Update ${first.package.name} to ${first.fixedIn} or newer.`,
    }
  })
}

function warningsOf(findings: readonly Finding[], { unrated = 'warn' }: ScanPolicy): readonly string[] {
  const count = findings.filter(({ severity }) => severity === 'unrated').length
  if (count === 0 || unrated !== 'warn') return []
  return [`${count === 1 ? '1 finding has' : `${count} findings have`} no severity yet and did not count.`]
}

function textOf({ severity, fixable }: FailRule): string {
  return fixable === true ? `${severity}:fixable` : severity
}

function wrong(why: string): UserError {
  return new UserError('input-fail-on', 'The input fail-on cannot be read.', {
    why,
    todo: 'Use severities such as "critical, high:fixable", or "none".',
  })
}
