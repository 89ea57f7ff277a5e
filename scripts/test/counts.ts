import { readFileSync, rmSync } from 'node:fs'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const nothing: Counts = { passed: 0, failed: 0, skipped: 0 }

/** The part of jest's JSON report that is counted. */
export interface JestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  /** Files that could not even be loaded: no test of theirs is counted anywhere else. */
  readonly numRuntimeErrorTestSuites: number
}

/** Counts a report of jest. A run that failed without one, or against it, counts as one failure. */
export function countsOf(file: string, exitCode: number): Counts {
  const report = take(file)
  if (!report) return { ...nothing, failed: 1 }
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** Read once: the report of an earlier run must not be taken for this one's. */
function take(file: string): JestReport | undefined {
  try {
    const report: JestReport = JSON.parse(readFileSync(file, 'utf8'))
    rmSync(file)
    return report
  } catch {
    return undefined
  }
}

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The plain last line: `312 passed, 0 failed, 2 skipped`. */
export function summaryLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
