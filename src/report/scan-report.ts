import type { Finding } from '../scan/findings.ts'
import type { PlatformScan, ScanResult } from '../scan/model.ts'
import type { Block, Report, Text, Tone } from './document.ts'
import { count, formatSeconds } from './document.ts'
import { sayScan } from './lines.ts'
import { markdown } from './markdown.ts'
import { troubleshooting } from './release-view.ts'

/** Rows that are open, and rows that a fold may hold: a summary has 1 MiB. */
const openRows = 25
const foldedRows = 500

const tones: Readonly<Record<ScanResult['verdict'], Tone>> = { pass: 'good', fail: 'bad', inconclusive: 'warn' }

export interface ScanReportShape {
  /** Rows of the tables that are folded away. */
  readonly rows?: number
  /** With the time that the scan took: false where the same findings must give the same bytes. */
  readonly timed?: boolean
}

/** The report of a scan: verdict, why, what to update, then all findings and platforms. Pure. */
export function scanReport(
  result: ScanResult,
  docs: string = troubleshooting,
  { rows = foldedRows, timed = true }: ScanReportShape = {},
): Report {
  const { repository, verdict, blocking, seconds, policy, digest } = result
  const scanned = result.platforms.filter(({ state }) => state === 'complete').length
  const tail = blocking.length > 0 ? ` · ${count(blocking.length, 'finding blocks', 'findings block')} this image` : ''
  return {
    title: `Scan of ${repository} ${sayScan(verdict)}`,
    tone: tones[verdict],
    headline: ['Scan of ', { strong: repository }, ` ${sayScan(verdict)}${tail}`],
    blocks: [
      {
        kind: 'text',
        text: [
          { code: digest },
          ` · ${scanned} of ${count(result.platforms.length, 'platform')} scanned${timed ? ` in ${formatSeconds(seconds)}` : ''} · fails on `,
          { code: policy },
        ],
      },
      ...reasonBlocks(result, docs),
      countTable(result),
      ...comparedBlocks(result),
      ...upgradeBlocks(result),
      ...warningBlocks(result),
      ...waivedBlocks(result, rows),
      ...findingBlocks(result, rows),
      ...platformBlocks(result.platforms),
    ],
  }
}

function reasonBlocks({ reasons }: ScanResult, docs: string): readonly Block[] {
  if (reasons.length === 0) return []
  const item = ({ says, todo, code }: ScanResult['reasons'][number]): Text => [
    `${says} ${todo} `,
    { code: `${docs}#${code}` },
  ]
  return [{ kind: 'list', ordered: false, items: reasons.map(item) }]
}

function countTable({ counts, blocking }: ScanResult): Block {
  const keys = ['critical', 'high', 'medium', 'low', 'informational', 'unrated'] as const
  const blocked = (key: (typeof keys)[number]): number =>
    blocking.filter(({ finding }) => finding.severity === key).length
  return {
    kind: 'table',
    head: ['', 'Critical', 'High', 'Medium', 'Low', 'Informational', 'Unrated'],
    numeric: [1, 2, 3, 4, 5, 6],
    rows: [
      [['Found'], ...keys.map(key => [String(counts[key])])],
      [['Blocking'], ...keys.map(key => (blocked(key) > 0 ? [{ strong: String(blocked(key)) }] : ['0']))],
    ],
  }
}

/** What this image adds to the one that it is compared with, and takes away. */
function comparedBlocks({ comparedWith, judged, fixed = [] }: ScanResult): readonly Block[] {
  if (comparedWith === undefined) return []
  const of = (change: string): number => judged.filter(({ facts }) => facts.change === change).length
  const rows: readonly (readonly [string, number])[] = [
    ['Introduced by this image', of('introduced')],
    ['Newly disclosed in what both have', of('newly-disclosed')],
    ['In both', of('unchanged')],
    ['Cause not known', of('unknown')],
    ['Fixed by this image', fixed.length],
  ]
  return [
    { kind: 'text', text: ['Compared with ', { code: comparedWith.image }, `, ${comparedWith.why}:`] },
    {
      kind: 'table',
      head: ['Findings', 'Number'],
      numeric: [1],
      rows: rows.filter(([, number]) => number > 0).map(([name, number]) => [[name], [String(number)]]),
    },
  ]
}

/** What to update, the package that frees most findings first. */
function upgradeBlocks({ blocking }: ScanResult): readonly Block[] {
  const groups = new Map<string, Finding[]>()
  for (const { finding } of blocking) {
    const key = `${finding.package.name} ${finding.package.version}`.trim()
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  if (groups.size === 0) return []
  const order = [...groups].toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  const items = order.slice(0, openRows).map(([name, findings]): Text => {
    const versions = [
      ...new Set(findings.flatMap(({ fixedIn }) => (fixedIn === undefined ? [] : [fixedIn]))),
    ].toSorted()
    const fixes = `: ${count(findings.length, 'finding')} (${findings
      .slice(0, 3)
      .map(({ id }) => id)
      .join(', ')}${findings.length > 3 ? ', …' : ''})`
    if (versions.length === 0) return [{ code: name }, ` has no known fix${fixes}`]
    return [{ code: name }, versions.length === 1 ? ' → ' : ' → the newest of ', { code: versions.join(', ') }, fixes]
  })
  return [
    { kind: 'heading', text: ['What to update'] },
    { kind: 'list', ordered: true, items },
    ...more(groups.size - openRows, 'package'),
  ]
}

/** Findings that somebody accepted: who, until when, and why. */
function waivedBlocks({ judged }: ScanResult, most: number): readonly Block[] {
  const waived = judged.flatMap(one => (one.decision === 'waived' ? [one] : []))
  if (waived.length === 0) return []
  const rows = waived
    .slice(0, most)
    .map(({ finding, waiver }): readonly Text[] => [
      [{ code: finding.id }],
      [{ code: finding.package.name }],
      [waiver.owner],
      [waiver.expires],
      [waiver.reason],
    ])
  const table: Block = { kind: 'table', head: ['Vulnerability', 'Package', 'Owner', 'Until', 'Reason'], rows }
  return [
    {
      kind: 'details',
      summary: [`Accepted (${waived.length})`],
      blocks: [table, ...more(waived.length - most, 'finding')],
    },
  ]
}

function warningBlocks({ warnings }: ScanResult): readonly Block[] {
  return warnings.map(warning => ({ kind: 'text', text: [`Note: ${warning}`] }))
}

function findingBlocks({ findings, blocking }: ScanResult, most: number): readonly Block[] {
  const rules = new Map(blocking.map(({ finding, rule }) => [finding, rule]))
  const table = (shown: readonly Finding[]): Block => ({
    kind: 'table',
    head: ['Severity', 'Vulnerability', 'Package', 'Fixed in', 'Platforms', 'Blocks'],
    rows: shown.map(finding => findingRow(finding, rules.get(finding))),
  })
  if (findings.length === 0) return []
  const summary: Text = [`All findings (${findings.length})`]
  return [
    {
      kind: 'details',
      summary,
      blocks: [table(findings.slice(0, most)), ...more(findings.length - most, 'finding')],
    },
  ]
}

function findingRow(finding: Finding, rule: string | undefined): readonly Text[] {
  const { id, severity, uri, fixedIn, fix, platforms } = finding
  return [
    [severity],
    [uri === undefined ? { code: id } : { link: uri, text: id }],
    [{ code: `${finding.package.name} ${finding.package.version}`.trim() }],
    [fixedIn === undefined ? { yes: 'yes', no: 'no fix', unknown: 'not known' }[fix] : { code: fixedIn }],
    [platforms.join(', ')],
    rule === undefined ? [''] : [{ code: rule }],
  ]
}

function platformBlocks(platforms: readonly PlatformScan[]): readonly Block[] {
  const row = (scan: PlatformScan): readonly Text[] => [
    [scan.platform],
    [{ code: scan.digest }],
    scan.state === 'complete' ? [count(scan.findings.length, 'finding')] : [scan.reason.says],
  ]
  if (platforms.length === 0) return []
  return [
    {
      kind: 'details',
      summary: ['Platforms'],
      blocks: [{ kind: 'table', head: ['Platform', 'Digest', 'Result'], rows: platforms.map(row) }],
    },
  ]
}

function more(left: number, what: string): readonly Block[] {
  return left > 0 ? [{ kind: 'text', text: [`… and ${count(left, `more ${what}`)}.`] }] : []
}

/** The report as a step summary. */
export function scanSummary(result: ScanResult, docs: string = troubleshooting): string {
  return markdown(scanReport(result, docs))
}
