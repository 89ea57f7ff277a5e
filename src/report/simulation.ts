import type { Judged, ScanResult } from '../scan/model.ts'
import { cleanText, count } from './document.ts'

export type Simulated = Pick<ScanResult, 'verdict' | 'judged' | 'blocking' | 'reasons' | 'warnings'> & {
  readonly image: string
  readonly policy: string
}

const icons = { pass: '✓', fail: '✗', inconclusive: '?' } as const
const verdicts = { pass: 'would pass', fail: 'would fail', inconclusive: 'would be inconclusive' } as const

/** What a policy makes of saved findings, for a terminal: a line for each finding that it stops or leaves open. Pure. */
export function simulationLines({
  verdict,
  judged,
  blocking,
  reasons,
  warnings,
  image,
  policy,
}: Simulated): readonly string[] {
  const told = judged.filter(({ decision }) => decision !== 'passes')
  return [
    `${icons[verdict]} ${image} ${verdicts[verdict]} · ${blocking.length} of ${count(judged.length, 'finding')} ${blocking.length === 1 ? 'blocks' : 'block'} (fail on: ${policy})`,
    ...told.map(findingLine),
    ...reasons.map(({ says }) => `    ${says}`),
    ...warnings.map(warning => `  note: ${warning}`),
    ...reasons.slice(0, 1).map(({ todo }) => `  next: ${todo}`),
  ].map(cleanText)
}

function findingLine(one: Judged): string {
  const { id, severity, package: found, fixedIn } = one.finding
  const fixed = fixedIn === undefined ? '' : `, fixed in ${fixedIn}`
  return `  ${one.decision.padEnd(6)}  ${severity} ${id} in ${found.name} ${found.version}${fixed}${because(one)}`
}

function because(one: Judged): string {
  if (one.decision === 'passes') return ''
  const expired = 'expired' in one && one.expired !== undefined ? `; its waiver ended on ${one.expired.expires}` : ''
  if (one.decision === 'waived') return ` · ${one.rule}, accepted by ${one.waiver.owner} until ${one.waiver.expires}`
  if (one.decision === 'open') return ` · ${one.rule}, not known: ${one.missing.join(', ')}${expired}`
  return ` · ${one.rule}${expired}`
}
