import type { Ensured, PreviewedPlan } from '../registry/repository/ensure.ts'
import type { Difference } from '../registry/repository/plan.ts'
import type { Block, Report, Tone } from './document.ts'
import { cleanText, count } from './document.ts'
import { markdown } from './markdown.ts'

/** Images of a preview that are named; a repository may lose thousands. */
const shownImages = 10

/** A plan of repositories in the log; its first line is the verdict. Pure. */
export function repositoryLines(ensured: Ensured): string {
  const { verdict, repositories } = ensured
  const mark = verdict === 'drifted' || verdict === 'refused' ? '✗' : '✓'
  const lines = repositories.flatMap(one => [
    `  ${sign(one)} ${one.name}`,
    ...details(one, verdict === 'applied').map(line => `      ${line}`),
    ...one.refusals.map(refusal => `    ✗ ${refusal}`),
    ...one.notes.map(note => `    note: ${note}`),
  ])
  return cleanText([`${mark} ${headline(ensured)}`, ...lines].join('\n'))
}

const tones: Readonly<Record<Ensured['verdict'], Tone>> = {
  unchanged: 'good',
  applied: 'good',
  planned: 'neutral',
  drifted: 'bad',
  refused: 'bad',
}

/** The same as a step summary: a table, then each repository's changes. Pure. */
export function repositorySummary(ensured: Ensured): string {
  const { verdict, repositories } = ensured
  const title = headline(ensured)
  const rows = repositories.map(one => [
    [{ code: one.name }],
    [
      one.exists
        ? one.differences.length === 0
          ? 'as it should be'
          : 'differs'
        : verdict === 'applied'
          ? 'created'
          : 'missing',
    ],
    [one.differences.map(({ what }) => what).join(', ')],
  ])
  const report: Report = {
    title,
    tone: tones[verdict],
    headline: [title],
    blocks: [
      ...repositories.flatMap(({ refusals }) =>
        refusals.map((text): Block => ({ kind: 'text', text: ['Refused: ', text] })),
      ),
      { kind: 'table', head: ['Repository', 'State', 'Differs in'], rows },
      ...repositories.flatMap(one => changeBlocks(one, verdict === 'applied')),
      ...repositories.flatMap(({ notes }) =>
        notes.map((note): Block => ({ kind: 'text', text: [{ strong: 'Note' }, `: ${note}`] })),
      ),
    ],
  }
  return markdown(report)
}

function headline({ verdict, repositories }: Ensured): string {
  const all = count(repositories.length, 'repository', 'repositories')
  const missing = repositories.filter(({ exists }) => !exists).length
  const differing = repositories.filter(({ exists, differences }) => exists && differences.length > 0).length
  const what = [
    ...(missing === 0 ? [] : [`${missing} ${verdict === 'applied' ? 'created' : 'to create'}`]),
    ...(differing === 0 ? [] : [`${differing} ${verdict === 'applied' ? 'changed' : 'to change'}`]),
  ].join(', ')
  const refusals = repositories.reduce((sum, one) => sum + one.refusals.length, 0)
  switch (verdict) {
    case 'unchanged':
      return `${all} as ${repositories.length === 1 ? 'it' : 'they'} should be: nothing to do`
    case 'planned':
      return `plan for ${all}: ${what}; nothing was written`
    case 'applied':
      return `${all} applied: ${what}`
    case 'drifted':
      return `${all} compared: the account differs${what === '' ? '' : `, ${what}`}`
    case 'refused':
      return `${all} refused: ${count(refusals, 'change')} cannot be made; nothing was written`
  }
  return verdict
}

function sign({ exists, differences }: PreviewedPlan): string {
  if (!exists) return '+'
  return differences.length === 0 ? '=' : '~'
}

function details({ differences, selected }: PreviewedPlan, done: boolean): readonly string[] {
  return differences.flatMap(difference => [
    ...differenceLines(difference),
    ...(difference.what === 'lifecycle' && selected !== undefined ? selectedLines(selected, done) : []),
  ])
}

function differenceLines({ what, says, lines }: Difference): readonly string[] {
  return [`${what}:${says === undefined ? '' : ` ${says}`}`, ...lines.map(line => `  ${line}`)]
}

function selectedLines(selected: NonNullable<PreviewedPlan['selected']>, done: boolean): readonly string[] {
  const will = done ? 'will' : 'would'
  if (selected.length === 0) return [`  no image ${will} go now`]
  const shown = selected.slice(0, shownImages).map(({ digest, tags, action, rule }) => {
    const named = tags.length === 0 ? '' : ` (${tags.join(', ')})`
    return `    ${action} ${digest.slice(0, 19)}…${named}, by rule ${rule}`
  })
  const more = selected.length - shown.length
  return [
    `  ${count(selected.length, 'image')} ${will} go now, as ECR previews it:`,
    ...shown,
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ]
}

function changeBlocks(one: PreviewedPlan, done: boolean): readonly Block[] {
  const lines = details(one, done)
  if (lines.length === 0) return []
  return [{ kind: 'details', summary: [{ code: one.name }], blocks: [{ kind: 'code', text: lines.join('\n') }] }]
}
