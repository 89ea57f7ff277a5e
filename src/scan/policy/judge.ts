import type { Finding } from '../findings.ts'
import { countBySeverity, mergeFindings } from '../findings.ts'
import type { Blocking, Judged, PlatformScan, Reason, ScanResult } from '../model.ts'
import { missingReasons, platformReasons } from './reasons.ts'
import type { WhyMissing } from './reasons.ts'
import { formatRule, meets } from './rule.ts'
import type { FindingFacts, Missing, Rule } from './rule.ts'
import { isAbout, waiverFor } from './waivers.ts'
import type { Waiver } from './waivers.ts'

export interface ScanPolicy {
  /** Empty: findings are reported and never stop anything, unless `unrated` does. */
  readonly failOn: readonly Rule[]
  /** What to do with findings that have no severity; `warn` by default. */
  readonly unrated?: 'fail' | 'warn' | 'ignore'
  /** Findings that somebody accepted for a while. */
  readonly waivers?: readonly Waiver[]
}

/** What is known beside the scan. */
export interface Scene {
  /** ECR repository, for the scope of waivers. */
  readonly repository: string
  /** Milliseconds since 1970: waivers and ages are counted to it. */
  readonly now: number
  readonly factsOf: (finding: Finding) => FindingFacts
  /** Why a kind of knowledge is missing, as the end of a sentence. */
  readonly whyMissing?: WhyMissing
}

export type Judgement = Pick<
  ScanResult,
  'verdict' | 'findings' | 'judged' | 'counts' | 'blocking' | 'reasons' | 'warnings'
>

/** The text of a policy: its rules as parseRules reads them, and whether findings without severity count. */
export function formatPolicy({ failOn, unrated }: ScanPolicy): string {
  const rules = [...failOn.map(formatRule), ...(unrated === 'fail' ? ['unrated'] : [])]
  return rules.length === 0 ? 'none' : rules.join(', ')
}

/**
 * Judges what is known. Pure. A platform without a result, or knowledge that a rule needs and nobody has, is
 * `inconclusive`: missing data never passes. A finding that blocks is `fail`, whatever else is missing.
 * A policy without rules asks for nothing and is always a `pass`; what is missing is then a warning.
 */
export function judge(scans: readonly PlatformScan[], policy: ScanPolicy, scene: Scene): Judgement {
  const findings = mergeFindings(scans.filter(scan => scan.state === 'complete'))
  const judged = findings.map(finding => decide(finding, policy, scene))
  const blocking = judged.flatMap(one => (one.decision === 'blocks' ? [{ finding: one.finding, rule: one.rule }] : []))
  const unknown = [...platformReasons(scans), ...missingReasons(judged, scene.whyMissing)]
  const asksNothing = policy.failOn.length === 0 && policy.unrated !== 'fail'
  const reasons = asksNothing ? [] : [...blockingReasons(blocking), ...expiredReasons(judged), ...unknown]
  return {
    verdict: blocking.length > 0 ? 'fail' : reasons.length > 0 ? 'inconclusive' : 'pass',
    findings,
    judged,
    counts: countBySeverity(findings),
    blocking,
    reasons,
    warnings: [
      ...warningsOf(findings, policy),
      ...unusedWaivers(findings, policy, scene),
      ...(asksNothing ? unknown.map(({ says, todo }) => `${says} ${todo}`) : []),
    ],
  }
}

/** The first rule that holds decides; one that may hold leaves it open; a waiver that holds takes either away. */
function decide(finding: Finding, policy: ScanPolicy, scene: Scene): Judged {
  const facts = scene.factsOf(finding)
  const met = ruleFor(finding, facts, policy, scene.now)
  if (met === undefined) return { finding, facts, decision: 'passes' }
  const accepted = waiverFor(finding, policy.waivers ?? [], scene)
  if (accepted?.expired === false)
    return { finding, facts, decision: 'waived', rule: met.rule, waiver: accepted.waiver }
  const expired = accepted === undefined ? {} : { expired: accepted.waiver }
  if (met.missing.length > 0)
    return { finding, facts, decision: 'open', rule: met.rule, missing: met.missing, ...expired }
  return { finding, facts, decision: 'blocks', rule: met.rule, ...expired }
}

interface MetRule {
  readonly rule: string
  /** Empty when the rule holds for sure. */
  readonly missing: readonly Missing[]
}

function ruleFor(
  finding: Finding,
  facts: FindingFacts,
  { failOn, unrated }: ScanPolicy,
  now: number,
): MetRule | undefined {
  if (finding.severity === 'unrated' && unrated === 'fail') return { rule: 'unrated', missing: [] }
  const answers = failOn.flatMap((rule): MetRule[] => {
    const answer = meets(finding, facts, rule, now)
    return answer === 'no' ? [] : [{ rule: formatRule(rule), missing: answer === 'yes' ? [] : answer.missing }]
  })
  return answers.find(({ missing }) => missing.length === 0) ?? answers[0]
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
          ? 'Update the package or the base image, or accept it in the file of waivers.'
          : `Update ${first.package.name} to ${first.fixedIn} or newer.`,
    }
  })
}

/** A waiver that ended is told beside the finding that it no longer covers: its owner has to decide again. */
function expiredReasons(judged: readonly Judged[]): readonly Reason[] {
  const ended = new Map(
    judged.flatMap(one => ('expired' in one && one.expired !== undefined ? [[one.expired, one.finding] as const] : [])),
  )
  return [...ended].map(
    ([
      { id, expires, owner, line },
      {
        package: { name },
      },
    ]) => ({
      code: 'waiver-expired',
      says: `The waiver of ${id} for ${name} ended on ${expires}${line === undefined ? '' : ` (line ${line})`}; ${owner} answers for it.`,
      todo: `Update ${name}, or let ${owner} accept it anew with a later day.`,
    }),
  )
}

/** A waiver that is about nothing is forgotten, or misspelt; one for another repository is no business of this scan. */
function unusedWaivers(findings: readonly Finding[], { waivers = [] }: ScanPolicy, scene: Scene): readonly string[] {
  const unused = waivers.filter(waiver => !findings.some(finding => isAbout(waiver, finding, scene)))
  return unused
    .filter(({ scope }) => scope.repository === undefined || isOf(scope.repository, scene.repository))
    .map(
      ({ id, owner, line }) =>
        `The waiver of ${id}${line === undefined ? '' : ` (line ${line})`} is about no finding of this image: ${owner} may remove it.`,
    )
}

function isOf(pattern: string, repository: string): boolean {
  return pattern === repository || pattern.includes('*')
}

function warningsOf(findings: readonly Finding[], { unrated = 'warn', failOn }: ScanPolicy): readonly string[] {
  const count = findings.filter(({ severity }) => severity === 'unrated').length
  if (count === 0 || unrated !== 'warn' || failOn.some(({ severity }) => severity === 'any')) return []
  return [`${count === 1 ? '1 finding has' : `${count} findings have`} no severity yet and did not count.`]
}
