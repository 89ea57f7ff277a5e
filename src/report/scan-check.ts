import type { ScanResult } from '../scan/model.ts'
import { markdown } from './markdown.ts'
import { troubleshooting } from './release-view.ts'
import { scanDocument, type DocumentFinding, type ScanDocument } from './scan-document.ts'
import { scanReport } from './scan-report.ts'

/** One note on a line of a file; lengths as docs.github.com/rest/checks/runs bounds them. */
export interface CheckAnnotation {
  /** Relative to the repository. */
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly level: 'failure' | 'warning'
  readonly title: string
  readonly message: string
}

/** A scan as a check of its commit. */
export interface ScanCheck {
  readonly name: string
  readonly conclusion: 'success' | 'failure'
  readonly title: string
  /** Markdown. */
  readonly summary: string
  /** Worst first. */
  readonly annotations: readonly CheckAnnotation[]
}

/** GitHub refuses a summary of more than 65,535 characters. */
const mostCharacters = 65_000
const rowsToTry = [100, 25, 5] as const
/** Nobody reads more notes on one file; each fifty cost a request. */
const mostAnnotations = 150
const mostTitle = 255
/** GitHub's bound is 64 KB. */
const mostMessage = 8_000

/**
 * The check of a scan: an image without a verdict has not passed, so that its conclusion is that of the step.
 * A package that blocks is one note, at the line of the Dockerfile that brought it where that is known, else at its
 * first line. The same findings give the same bytes. Pure.
 */
export function scanCheck(result: ScanResult, docs: string = troubleshooting): ScanCheck {
  const document = scanDocument(result)
  const notes = annotationsOf(document)
  const leftOut = Math.max(0, notes.length - mostAnnotations)
  const summary = summaryOf(result, docs)
  return {
    // With the digest: of two images under one name GitHub shows the newer check, and a pass would hide a failure.
    name: `Scan of ${document.repository} (${shortDigest(document.digest)})`,
    conclusion: document.verdict === 'pass' ? 'success' : 'failure',
    title: short(titleOf(document), mostTitle),
    summary:
      leftOut === 0
        ? summary
        : `${summary.trimEnd()}\n\n${leftOut} more packages have no note: there is room for ${mostAnnotations}.\n`,
    annotations: notes.slice(0, mostAnnotations),
  }
}

const shortDigest = (digest: string): string => digest.slice(digest.indexOf(':') + 1).slice(0, 12)

function titleOf({ verdict, counts, policy, reasons }: ScanDocument): string {
  if (verdict === 'pass') return `Nothing blocks: ${counts.total} findings, policy ${policy}`
  if (verdict === 'inconclusive') return `No verdict: ${reasons[0]?.says ?? 'a result is missing'}`
  return counts.blocking === 0
    ? (reasons[0]?.says ?? 'It does not pass')
    : `${counts.blocking} of ${counts.total} findings ${counts.blocking === 1 ? 'blocks' : 'block'}, policy ${policy}`
}

function summaryOf(result: ScanResult, docs: string): string {
  for (const rows of rowsToTry) {
    const text = markdown(scanReport(result, docs, { rows, timed: false }))
    if (text.length <= mostCharacters) return text
  }
  const { title, tone, headline } = scanReport(result, docs, { timed: false })
  const text = ['The findings are too long for a check: see the summary of the run.']
  return markdown({ title, tone, headline, blocks: [{ kind: 'text', text }] })
}

function annotationsOf({ findings, dockerfile = 'Dockerfile' }: ScanDocument): readonly CheckAnnotation[] {
  const telling = findings.filter(({ decision }) => decision === 'blocks' || decision === 'open')
  const byPlace = Map.groupBy(telling, ({ package: { name, version }, origin, decision }) =>
    JSON.stringify([origin?.line ?? 1, name, version, decision]),
  )
  return [...byPlace.values()].flatMap(group => {
    const [first] = group
    return first === undefined ? [] : [annotationOf(first, group, dockerfile)]
  })
}

function annotationOf(
  { origin, decision, package: { name, version } }: DocumentFinding,
  group: readonly DocumentFinding[],
  path: string,
): CheckAnnotation {
  const more = group.length === 1 ? '' : ` and ${group.length - 1} more`
  const brought = origin?.instruction === undefined ? '' : `\nBrought by: ${origin.instruction}`
  return {
    path,
    line: origin?.line ?? 1,
    level: decision === 'blocks' ? 'failure' : 'warning',
    title: short(`${name} ${version}: ${group[0]?.id ?? ''}${more}`, mostTitle),
    message: short(`${group.map(lineOf).join('\n')}${brought}`, mostMessage),
  }
}

function lineOf({ id, severity, title, fix, fixedIn, rule, decision, missing }: DocumentFinding): string {
  const cure = fixedIn === undefined ? (fix === 'yes' ? 'there is a fix' : 'no fix is known') : `fixed in ${fixedIn}`
  const why =
    decision === 'open' ? `rule ${rule ?? ''}, not known: ${(missing ?? []).join(', ')}` : `rule ${rule ?? ''}`
  return `${id} (${severity}, ${cure}; ${why}): ${title}`
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
