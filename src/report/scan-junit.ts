import { count } from './document.ts'
import type { DocumentFinding, DocumentPlatform, ScanDocument } from './scan-document.ts'

/** How one case ends, and with which words. */
interface Case {
  readonly suite: string
  readonly name: string
  readonly ends: 'passed' | 'failure' | 'error' | 'skipped'
  readonly says: string
  readonly details: string
}

/**
 * JUnit XML: a case per platform, so that a clean image has cases too, and one per finding. What blocks is a failure,
 * what nobody knows is an error, what somebody accepted is skipped. No times: the same findings give the same bytes. Pure.
 */
export function scanJunit(document: ScanDocument): string {
  const cases = [
    ...document.platforms.map(platform => platformCase(platform, document)),
    ...document.findings.map(finding => findingCase(finding, document)),
  ]
  const number = (ends: Case['ends']): number => cases.filter(one => one.ends === ends).length
  const totals = `tests="${cases.length}" failures="${number('failure')}" errors="${number('error')}" skipped="${number('skipped')}"`
  const name = xml(`scan of ${document.repository}`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${name}" ${totals}>`,
    `  <testsuite name="${name}" ${totals}>`,
    '    <properties>',
    ...Object.entries(propertiesOf(document)).map(
      ([key, value]) => `      <property name="${key}" value="${xml(value)}"/>`,
    ),
    '    </properties>',
    ...cases.map(caseLines),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function propertiesOf({ verdict, image, policy }: ScanDocument): Readonly<Record<string, string>> {
  return { verdict, image, policy }
}

function platformCase({ platform, findings, reason }: DocumentPlatform, { repository }: ScanDocument): Case {
  const common = { suite: repository, name: `${platform} is scanned` }
  return reason === undefined
    ? { ...common, ends: 'passed', says: '', details: count(findings ?? 0, 'finding') }
    : { ...common, ends: 'error', says: reason.says, details: reason.todo }
}

const endings = { blocks: 'failure', open: 'error', waived: 'skipped', passes: 'passed' } as const

function findingCase(finding: DocumentFinding, { repository }: ScanDocument): Case {
  const { id, severity, package: found, decision } = finding
  return {
    suite: `${repository}.${found.name}`,
    name: `${id} in ${`${found.name} ${found.version}`.trim()}${found.path === undefined ? '' : ` (${found.path})`}`,
    ends: endings[decision],
    says: sayDecision(finding),
    details: [
      finding.title,
      `severity: ${severity}`,
      `fix: ${finding.fixedIn ?? finding.fix}`,
      ...(finding.platforms.length === 0 ? [] : [`platforms: ${finding.platforms.join(', ')}`]),
      ...(finding.uri === undefined ? [] : [finding.uri]),
    ].join('\n'),
  }
}

/** One line: what the policy says of a finding. */
function sayDecision({ id, decision, severity, rule, missing, waiver }: DocumentFinding): string {
  if (decision === 'blocks') return `${id} (${severity}) meets the rule ${rule ?? ''}`
  if (decision === 'open')
    return `${id} (${severity}): whether it meets ${rule ?? ''} is not known (${(missing ?? []).join(', ')})`
  if (waiver !== undefined) return `accepted by ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`
  return ''
}

function caseLines({ suite, name, ends, says, details }: Case): string {
  const open = `    <testcase classname="${xml(suite)}" name="${xml(name)}"`
  if (ends === 'passed') return `${open}><system-out>${xml(details)}</system-out></testcase>`
  if (ends === 'skipped') return `${open}><skipped message="${xml(says)}"/></testcase>`
  return `${open}><${ends} message="${xml(says)}" type="${ends === 'failure' ? 'policy' : 'inconclusive'}">${xml(details)}</${ends}></testcase>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** Text in tags and in quoted attributes; the document is clean of what XML cannot carry at all. */
function xml(text: string): string {
  return text.replaceAll(/[&<>"'\n\t]/g, character => entities[character] ?? '')
}
