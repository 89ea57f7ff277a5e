import type { ScanResult } from '../scan/model.ts'
import { markdown } from './markdown.ts'
import { troubleshooting } from './release-view.ts'
import { scanReport } from './scan-report.ts'

/** GitHub refuses comments of more than 65,536 characters; the rest is for the mark that finds it again. */
const mostCharacters = 65_000
/** Rows of findings that a comment may hold: as many as there is room for. */
const rowsToTry = [100, 25, 5] as const

/**
 * The report of a scan as a comment on a pull request. The same findings give the same bytes, so that a comment that
 * says them already is left alone. Pure.
 */
export function scanComment(result: ScanResult, docs: string = troubleshooting): string {
  for (const rows of rowsToTry) {
    const body = markdown(scanReport(result, docs, { rows, timed: false }))
    if (body.length <= mostCharacters) return body
  }
  return shortest(result, docs)
}

/** Names of kilobytes leave no room for any list. */
function shortest(result: ScanResult, docs: string): string {
  const { title, tone, headline } = scanReport(result, docs, { timed: false })
  const text = ['The findings are too long for a comment: see the summary of the run.']
  return markdown({ title, tone, headline, blocks: [{ kind: 'text', text }] })
}

/** Whether there is news for whoever reads the pull request: something blocks, is not known, or comes with it. */
export function isWorthAComment({ verdict, judged }: ScanResult): boolean {
  return verdict !== 'pass' || judged.some(({ facts }) => facts.change === 'introduced')
}
