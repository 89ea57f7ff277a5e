/** The parts of docs/health.md that follow from the code: the causes in their order, and the kinds that need no look. */
import { settled } from '../../src/health/assess.ts'
import { causes } from '../../src/health/causes.ts'
import type { CauseEntry } from '../../src/health/wording.ts'
import { markdownTable, withSection } from './sections.ts'

export function healthPage(page: string): string {
  const entries: readonly [string, CauseEntry][] = Object.entries(causes)
  const table = markdownTable(
    ['cause', 'class', 'blame', 'patience'],
    entries.map(([code, { class: kind, blame, patienceMs }]) => [
      `[\`${code}\`](troubleshooting.md#${code})`,
      kind,
      blame,
      patienceOf(patienceMs),
    ]),
  )
  const kinds = [...settled].map(kind => `\`${kind.replace(/^\//, '')}\``).join(', ')
  return withSection(withSection(page, 'causes', table), 'settled', `${kinds}.`)
}

function patienceOf(ms: number): string {
  if (ms === 0) return ''
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`
}
