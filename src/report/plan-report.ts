import type { FieldChange, PlannedChange } from '../rollout/model.ts'
import type { Block, Report, Text } from './document.ts'
import { cleanText, count, shortCommit } from './document.ts'
import { markdown } from './markdown.ts'
import type { PlanView } from './plan-view.ts'

/** Fields of one object that are shown: who changes more looks into the manifest. */
const shownFields = 12

/** The plan of a dry run: a line per object that would change, and under it what would change about it. Pure. */
export function planLines(view: PlanView): string {
  const { notes = [] } = view
  const lines = changed(view).flatMap(change => [
    `  ${verb(change).padEnd(6)} ${change.object}${aside(change)}`,
    ...shown(change.fields).map(text => `      ${text}`),
  ])
  return cleanText([`✓ ${headline(view)}`, ...lines, ...notes.map(note => `  note: ${note}`)].join('\n'))
}

/** The plan of a dry run as a report. Pure. */
export function planReport(view: PlanView): Report {
  const { notes = [] } = view
  const objects = changed(view)
  const rows = objects.map((change): readonly Text[] => [
    [verb(change)],
    [{ code: change.object }],
    [reasonOf(change) ?? (change.fields.length === 0 ? '' : count(change.fields.length, 'field'))],
  ])
  const table: Block = { kind: 'table', head: ['Would', 'Object', 'What'], rows }
  return {
    title: headline(view),
    tone: 'neutral',
    headline: [headline(view)],
    blocks: [
      ...(rows.length === 0 ? [] : [table]),
      ...objects.flatMap(fieldBlocks),
      ...notes.map((note): Block => ({ kind: 'text', text: [{ strong: 'Note' }, `: ${note}`] })),
    ],
  }
}

/** The plan of a dry run as a step summary. */
export function planSummary(view: PlanView): string {
  return markdown(planReport(view))
}

/** `spec.replicas: 2 → 3`, `env[DEBUG] added: 1`, `data.password changed`: one change of a field as a line. */
export function sayField({ path, change, before, after }: FieldChange): string {
  if (before !== undefined && after !== undefined) return `${path}: ${before} → ${after}`
  const value = after ?? before
  if (value === undefined) return `${path} ${change}`
  return `${path} ${change}${change === 'removed' ? ` (was ${value})` : `: ${value}`}`
}

function headline({ application, namespace, commit, rollbackTo, changes }: PlanView): string {
  const what = commit === undefined || rollbackTo !== undefined ? application : `${application} ${shortCommit(commit)}`
  const run = rollbackTo === undefined ? `dry run of ${what}` : `dry run of the rollback of ${what} to r${rollbackTo}`
  const amount = changes.filter(({ change }) => change !== 'none').length
  return `${run} in ${namespace}: the server accepts the set · ${amount} of ${changes.length} objects would change`
}

function changed({ changes }: PlanView): readonly PlannedChange[] {
  return changes.filter(({ change }) => change !== 'none')
}

function verb({ change, hook }: PlannedChange): string {
  return hook === undefined ? change : 'run'
}

function reasonOf({ hook, restartedBy = [] }: PlannedChange): string | undefined {
  if (hook !== undefined) return `${hook} the workloads`
  return restartedBy.length === 0 ? undefined : `restarts: it reads ${restartedBy.join(', ')}`
}

function aside(change: PlannedChange): string {
  const reason = reasonOf(change)
  return reason === undefined ? '' : ` (${reason})`
}

function shown(fields: readonly FieldChange[]): readonly string[] {
  const lines = fields.slice(0, shownFields).map(sayField)
  return fields.length > shownFields ? [...lines, `… and ${fields.length - shownFields} more fields`] : lines
}

function fieldBlocks({ object, fields }: PlannedChange): readonly Block[] {
  if (fields.length === 0) return []
  const text = shown(fields).join('\n')
  return [{ kind: 'details', summary: [{ code: object }], blocks: [{ kind: 'code', text }] }]
}
