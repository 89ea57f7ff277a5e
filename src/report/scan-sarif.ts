import type { Block, Text } from './document.ts'
import { markdownBlocks } from './markdown.ts'
import type { DocumentFinding, ScanDocument } from './scan-document.ts'

/**
 * What GitHub takes and shows ("SARIF support for code scanning"): 25,000 results and rules in a run, of which it shows
 * the 5,000 worst; 10 MB after gzip; 20 tags for a rule. Text that fits without gzip fits with it.
 */
const mostResults = 5_000
const mostBytes = 9_500_000
const mostText = 1_000
const mostPaths = 20

/** The same vulnerability in the same package: one alert, however many versions and paths have it. */
interface Group {
  readonly ruleId: string
  readonly first: DocumentFinding
  readonly all: readonly DocumentFinding[]
}

/**
 * SARIF 2.1.0 as GitHub code scanning takes it. A rule per vulnerability and package: GitHub makes one alert of results
 * with the same rule and line. Results stand at the line of the Dockerfile that brought them, else at its first; a path
 * inside the image would be refused as a path of the checkout. What does not fit is cut from the mild end and said in
 * a notification. Pure.
 */
export function scanSarif(document: ScanDocument): string {
  const groups = groupsOf(document.findings)
  let shown = groups.slice(0, mostResults)
  let text = render(document, shown, groups.length)
  // Markdown of rules is what weighs: each pass leaves at least a tenth behind, so that this ends.
  for (let bytes = bytesOf(text); bytes > mostBytes && shown.length > 0; bytes = bytesOf(text)) {
    shown = shown.slice(0, Math.floor(shown.length * Math.min(0.9, mostBytes / bytes)))
    text = render(document, shown, groups.length)
  }
  return text
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function render(document: ScanDocument, shown: readonly Group[], total: number): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Slipway image scan', rules: shown.map(ruleOf) } },
        // A stable category: a later scan of the same repository replaces this one, whatever the digest.
        automationDetails: { id: `image-scan/${document.repository}/` },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            // False would say that the scan itself broke: then GitHub shows no results.
            executionSuccessful: true,
            toolExecutionNotifications: notificationsOf(document, shown.length, total),
          },
        ],
        results: shown.map((group, index) => resultOf(group, index, document)),
        properties: {
          image: document.image,
          verdict: document.verdict,
          policy: document.policy,
          findings: document.findings.length,
          alertsLeftOut: total - shown.length,
        },
      },
    ],
  }
  return `${JSON.stringify(log)}\n`
}

const order: Readonly<Record<DocumentFinding['decision'], number>> = { blocks: 0, open: 1, passes: 2, waived: 3 }

/** What blocks first, then in the order of the document, which is worst first. */
function groupsOf(findings: readonly DocumentFinding[]): readonly Group[] {
  const groups = new Map<string, DocumentFinding[]>()
  for (const finding of findings.toSorted((a, b) => order[a.decision] - order[b.decision])) {
    const ruleId = short(`${finding.id}/${finding.package.name}`, 255).replaceAll(/\s+/g, ' ')
    const group = groups.get(ruleId)
    if (group === undefined) groups.set(ruleId, [finding])
    else group.push(finding)
  }
  return [...groups].flatMap(([ruleId, all]) => {
    const [first] = all
    return first === undefined ? [] : [{ ruleId, first, all }]
  })
}

function ruleOf({ ruleId, first, all }: Group): object {
  const { id, title, uri, severity } = first
  const security = securitySeverity(first)
  return {
    id: ruleId,
    name: short(id, 255),
    shortDescription: { text: fitted(braces, `${id} in ${first.package.name}`) },
    fullDescription: { text: fitted(braces, title) },
    ...(uri === undefined || !URL.canParse(uri) ? {} : { helpUri: new URL(uri).href }),
    help: helpOf(first, all),
    defaultConfiguration: { level: levelOf(first) },
    properties: {
      ...(security === undefined ? {} : { 'security-severity': security }),
      tags: ['security', 'container-image', severity, ...(first.kev === true ? ['known-exploited'] : [])],
    },
  }
}

function helpOf(first: DocumentFinding, all: readonly DocumentFinding[]): object {
  const { id, title, uri, epss, kev, exploit, rule, decision } = first
  const places = all.slice(0, mostPaths)
  const link: Text = uri === undefined ? [{ strong: short(id, 255) }] : [{ link: uri, text: short(id, 255) }]
  const known = [
    ...(kev === true ? ['exploited in the wild (CISA KEV)'] : []),
    ...(exploit === true ? ['an exploit is known'] : []),
    ...(epss === undefined ? [] : [`EPSS ${epss}`]),
  ]
  const blocks: readonly Block[] = [
    { kind: 'text', text: [...link, `: ${short(title, mostText)}`] },
    {
      kind: 'table',
      head: ['Package', 'Installed', 'Fixed in', 'Path'],
      rows: places.map(({ package: { name, version, path = '' }, fix, fixedIn }): readonly Text[] => [
        [{ code: short(name, 255) }],
        [{ code: short(version, 255) }],
        [fixedIn === undefined ? sayFix[fix] : { code: short(fixedIn, 255) }],
        [{ code: short(path, 255) }],
      ]),
    },
    ...(all.length > places.length
      ? [{ kind: 'text', text: [`… and ${all.length - places.length} more places.`] } as const]
      : []),
    ...(known.length === 0 ? [] : [{ kind: 'text', text: [`Risk: ${known.join(' · ')}`] } as const]),
    ...(rule === undefined ? [] : [{ kind: 'text', text: [sayRule[decision], { code: short(rule, 255) }] } as const]),
  ]
  const lines = places.map(({ package: { name, version }, fix, fixedIn }) =>
    short(`${name} ${version}: ${fixedIn === undefined ? sayFix[fix] : `fixed in ${fixedIn}`}`, mostText),
  )
  return { text: braces([short(title, mostText), ...new Set(lines)].join('\n')), markdown: markdownBlocks(blocks) }
}

const sayFix = { yes: 'a fix exists', no: 'no fix yet', unknown: 'fix not known' } as const
const sayRule: Readonly<Record<DocumentFinding['decision'], string>> = {
  blocks: 'Blocks by the rule ',
  open: 'Not known whether it meets the rule ',
  waived: 'Accepted; without that it would block by the rule ',
  passes: 'Rule: ',
}

function resultOf(group: Group, ruleIndex: number, document: ScanDocument): object {
  const { ruleId, first, all } = group
  const { image } = document
  const places = all.flatMap(({ package: { path } }) => path ?? []).slice(0, mostPaths)
  const versions = [...new Set(all.map(({ package: { version } }) => version))].filter(version => version !== '')
  const said = [
    `${first.id} (${first.severity}) in ${first.package.name} ${versions.slice(0, 5).join(', ')}`.trim(),
    first.fixedIn === undefined ? sayFix[first.fix] : `fixed in ${first.fixedIn}`,
    `image ${image}`,
    ...(places.length === 0 ? [] : [`at ${places.slice(0, 3).join(', ')}`]),
  ].join(' · ')
  return {
    ruleId,
    ruleIndex,
    level: levelOf(first),
    message: { text: fitted(message, said) },
    locations: [locationOf(first, document)],
    // Not `primaryLocationLineHash`: the upload computes that from the file and warns once a result when it differs.
    partialFingerprints: { 'slipwayFinding/v1': ruleId },
    ...(all.every(({ decision }) => decision === 'waived') ? { suppressions: [suppressionOf(first)] } : {}),
    properties: {
      decision: first.decision,
      change: first.change,
      part: first.part,
      platforms: [...new Set(all.flatMap(({ platforms }) => platforms))].toSorted(),
    },
  }
}

function suppressionOf({ waiver }: DocumentFinding): object {
  const justification = waiver === undefined ? 'accepted' : `${waiver.owner} until ${waiver.expires}: ${waiver.reason}`
  return { kind: 'external', status: 'accepted', justification: short(justification, mostText) }
}

function locationOf({ origin }: DocumentFinding, { dockerfile = 'Dockerfile' }: ScanDocument): object {
  const segments = dockerfile.split(/[/\\]+/).filter(segment => segment !== '' && segment !== '.' && segment !== '..')
  const uri = segments.map(segment => encodeURIComponent(segment)).join('/')
  return {
    physicalLocation: {
      artifactLocation: { uri: uri === '' ? 'Dockerfile' : uri, uriBaseId: '%SRCROOT%' },
      region: { startLine: origin?.line ?? 1 },
    },
  }
}

/** What was cut, and of which platforms nothing is known. */
function notificationsOf({ platforms }: ScanDocument, shown: number, total: number): readonly object[] {
  const cut = total - shown
  return [
    ...(cut > 0
      ? [
          {
            level: 'warning',
            message: {
              text: `${cut} of ${total} alerts are left out, the mildest: GitHub shows ${mostResults} at most.`,
            },
          },
        ]
      : []),
    ...platforms.flatMap(({ platform, reason }) =>
      reason === undefined
        ? []
        : [
            {
              level: 'warning',
              message: { text: fitted(message, `${platform}: ${reason.says} ${reason.todo}`) },
            },
          ],
    ),
  ]
}

function levelOf({ decision, severity }: DocumentFinding): 'error' | 'warning' | 'note' {
  if (decision === 'blocks') return 'error'
  if (decision === 'open' || severity === 'critical' || severity === 'high') return 'warning'
  return 'note'
}

/** GitHub's bands: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low. Each with a middle. */
const bands: Readonly<Partial<Record<DocumentFinding['severity'], readonly [number, number, number]>>> = {
  critical: [9.1, 9.5, 10],
  high: [7, 8, 8.9],
  medium: [4, 5.5, 6.9],
  low: [0.1, 2, 3.9],
}

/**
 * A number as text: anything else makes GitHub refuse the whole file. The score is held inside the band of the severity
 * that the scanner gave, so that GitHub shows the word that the gate judged by. Without a severity there is none.
 */
function securitySeverity({ severity, score }: DocumentFinding): string | undefined {
  const band = bands[severity]
  if (band === undefined) return undefined
  const [least, middle, most] = band
  return Math.min(most, Math.max(least, score ?? middle)).toFixed(1)
}

/** Brackets are links in messages (3.11.6 of the standard); braces are placeholders (3.11.5). */
function message(text: string): string {
  return braces(text.replaceAll(/\s+/g, ' ').replaceAll(/[\\[\]]/g, '\\$&'))
}

function braces(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

/** Cut before it is escaped: half of an escape at the end would be markup. An escape doubles a character at most. */
function fitted(escape: (text: string) => string, text: string): string {
  const whole = escape(text)
  return whole.length <= mostText ? whole : escape(short(text, mostText / 2))
}

/** At most so many characters, without half of one at the end. */
function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
