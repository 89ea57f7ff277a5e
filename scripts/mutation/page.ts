import type { Mutant } from './mutants.ts'

export interface Judged {
  readonly mutant: Mutant
  /** The test that noticed it; null when none did. */
  readonly by: string | null
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`

/** The page in docs/: the score per file, and each mutant that no test noticed. */
export function pageOf(results: readonly Judged[], all: number): string {
  const noticed = (some: readonly Judged[]): number => some.filter(({ by }) => by !== null).length
  const rows = [...Map.groupBy(results, ({ mutant }) => mutant.file)]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(
      ([file, some]) => `| \`${file}\` | ${some.length} | ${noticed(some)} | ${percent(noticed(some), some.length)} |`,
    )
  const survivors = results
    .filter(({ by }) => by === null)
    .map(
      ({ mutant: { file, line, operator, before, after } }) =>
        `- \`${file}:${line}\` ${operator}: \`${oneLine(before)}\` → \`${oneLine(after)}\``,
    )
  return [
    '# Mutation score',
    '',
    'Each mutant is one rule of `src/health` or of the core of the gate, flipped: a condition negated, a comparison moved by one, "and" for "or", a figure doubled, a pattern that matches nothing, a member of a set taken out. A mutant that no test notices is a rule that nobody holds, or one that changes nothing. Written by `npm run mutate -- --record`.',
    '',
    `**${noticed(results)} of ${results.length} noticed (${percent(noticed(results), results.length)})**${results.length < all ? `, a sample out of ${all} mutants` : ''}.`,
    '',
    '| file | mutants | noticed | score |',
    '|---|--:|--:|--:|',
    ...rows,
    '',
    '## Not noticed',
    '',
    ...(survivors.length > 0 ? survivors : ['None.']),
    '',
  ].join('\n')
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().replaceAll('`', "'")
