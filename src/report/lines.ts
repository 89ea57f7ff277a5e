import type { Verdict } from '../health/model.ts'
import type { BuildResult } from '../image/model.ts'
import type { ScanResult } from '../scan/model.ts'
import { sayBlobs } from './build-report.ts'
import { cleanText, count, formatSeconds, shortCommit } from './document.ts'
import type { ReleaseView, RollbackView } from './release-view.ts'
import { isSuccess, sayVerdict, shortSubject, troubleshooting } from './release-view.ts'

/** Lines of a container's log that the last lines of a job repeat. */
const excerptLines = 5

/**
 * The last lines of a deploy's log: the verdict first, then what the container said, the way back and what to do.
 * `docs` is where the causes are explained.
 */
export function releaseLines(view: ReleaseView, docs: string = troubleshooting): string {
  const { cause, partial, logs } = view
  const excerpt = logs[0]?.lines.slice(-excerptLines) ?? []
  const lines = [
    releaseLine(view),
    ...(partial === undefined ? [] : [`  ${cleanLine(partial)}`]),
    ...(cause === undefined ? [] : excerpt.map(line => `    ${cleanLine(line)}`)),
    ...(view.place === undefined ? [] : [`  in ${cleanLine(view.place.text)}`]),
    ...wayBackLines(view),
    ...(cause === undefined ? [] : [`  next: ${sentence(cause.next)} → ${docs}#${cause.code}`]),
  ]
  return lines.join('\n')
}

/** `✗ shop 4f2c9ab failed after 3.1 s · api: container "api" exited with 3 twice (code: crash-loop, blame: code)` */
export function releaseLine({ application, commit, verdict, seconds, cause }: ReleaseView): string {
  const name = commit === undefined ? application : `${application} ${shortCommit(commit)}`
  const why =
    cause === undefined
      ? ''
      : ` · ${shortSubject(cause.subject)}: ${sentence(cause.says)} (code: ${cause.code}, blame: ${cause.blame})`
  return `${mark(verdict)} ${name} ${sayVerdict(verdict)} after ${formatSeconds(seconds)}${why}`
}

/** `rolled back to 9d01e77 · healthy after 6.4 s · 312 requests, 0 failed` */
export function rollbackLine(
  { verdict, seconds, toCommit, toRevision, cause, notes = [] }: RollbackView,
  requests?: ReleaseView['requests'],
): string {
  const release = toRevision === 0 ? 'what stood before the first release' : `release ${toRevision}`
  const target = toCommit === undefined ? release : shortCommit(toCommit)
  const result = `${sayVerdict(verdict)} after ${formatSeconds(seconds)}`
  const parts = [`${isSuccess(verdict) ? 'rolled back' : 'NOT rolled back'} to ${target}`, result]
  return [
    ...parts,
    ...(cause === undefined ? [] : [sentence(cause)]),
    ...notes.map(sentence),
    ...(requests === undefined ? [] : [sayRequests(requests)]),
  ].join(' · ')
}

/** `✓ scan of shop/api passed after 4.2 s · 0 critical, 2 high, 5 medium, 0 low (fail on: critical)` and the reasons under it. */
export function scanLines(result: ScanResult, docs: string = troubleshooting): string {
  const { verdict, repository, seconds, counts, policy, reasons, warnings } = result
  const icon = verdict === 'pass' ? '✓' : verdict === 'fail' ? '✗' : '?'
  const rated = `${counts.critical} critical, ${counts.high} high, ${counts.medium} medium, ${counts.low} low`
  const unrated = counts.unrated === 0 ? '' : `, ${counts.unrated} unrated`
  const lines = [
    `${icon} scan of ${repository} ${sayScan(verdict)} after ${formatSeconds(seconds)} · ${rated}${unrated} (fail on: ${policy})`,
    ...reasons.map(({ says }) => `    ${cleanLine(says)}`),
    ...warnings.map(warning => `  note: ${cleanLine(warning)}`),
    ...reasons.slice(0, 1).map(({ todo, code }) => `  next: ${sentence(todo)} → ${docs}#${code}`),
  ]
  return lines.join('\n')
}

/** `✓ shop/api 4f2c9ab01d3e built and pushed after 12.4 s · sha256:9c1f…` and the reference to deploy. */
export function buildLines({ repository, tags, digest, skipped, seconds, image, pushed }: BuildResult): string {
  const done = skipped ? 'was there already: reused' : 'built and pushed'
  const layers = pushed === undefined || pushed.blobs.length === 0 ? '' : `\n  layers: ${sayBlobs(pushed)}`
  return `✓ ${repository} ${tags[0] ?? ''} ${done} after ${formatSeconds(seconds)} · ${digest.slice(0, 19)}…${layers}\n  image: ${image}`
}

export function sayScan(verdict: ScanResult['verdict']): string {
  return { pass: 'passed', fail: 'failed', inconclusive: 'is inconclusive' }[verdict]
}

export function sayRequests({ total, failed }: { readonly total: number; readonly failed: number }): string {
  return `${count(total, 'request')}, ${failed} failed`
}

/** Without the full stop, for a place inside a line. */
export function sentence(text: string): string {
  return cleanLine(text).replace(/\.$/, '')
}

function wayBackLines(view: ReleaseView): readonly string[] {
  if (view.rollback !== undefined) return [`  ${rollbackLine(view.rollback, view.requests)}`]
  return [...(view.noRollback === undefined ? [] : [`  ${cleanLine(view.noRollback)}`]), ...requestsAlone(view)]
}

function requestsAlone({ requests }: ReleaseView): readonly string[] {
  return requests === undefined ? [] : [`  ${sayRequests(requests)}`]
}

function mark(verdict: Verdict): string {
  if (isSuccess(verdict)) return '✓'
  return verdict === 'superseded' || verdict === 'cancelled' ? '–' : verdict === 'unknown' ? '?' : '✗'
}

function cleanLine(text: string): string {
  return cleanText(text)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
}
