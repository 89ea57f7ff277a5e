import type { TimelineEntry } from '../rollout/model.ts'
import type { Chart, ChartBar, ChartMark, ChartRow } from './chart.ts'
import { shortCommit } from './document.ts'
import type { ReleaseView } from './release-view.ts'
import { isSuccess, sayVerdict, toneOf } from './release-view.ts'

/**
 * The story of a release over time: its waves, the soak and the verdict; then each object with what went wrong about
 * it first, that of the cause before the others; then the way back. Pure.
 */
export function releaseChart(view: ReleaseView): Chart {
  const end = endOf(view)
  const back = wayBack(view)
  const rows = [releaseRow(view, end), ...subjectRows(view, end), ...(back ? [back] : [])]
  return { from: view.startedAt, to: Math.max(...rows.flatMap(({ bars }) => bars.map(({ to }) => to)), end), rows }
}

function endOf({ startedAt, seconds }: ReleaseView): number {
  return startedAt + Math.round(seconds * 1000)
}

function releaseRow(view: ReleaseView, end: number): ChartRow {
  const { waves = [], readyAt, verdict } = view
  const good = isSuccess(verdict)
  const bars = waves.map(({ name, from, to }, index): ChartBar => {
    const isLast = index === waves.length - 1
    return { label: name, from, to, tone: good || !isLast || readyAt !== undefined ? 'good' : toneOf(verdict) }
  })
  const soak: readonly ChartBar[] =
    readyAt === undefined || readyAt >= end
      ? []
      : [{ label: 'watched while ready', from: readyAt, to: end, tone: good ? 'good' : toneOf(verdict) }]
  return {
    name: 'Release',
    bars: [...bars, ...soak],
    marks: [{ label: sayVerdict(verdict), at: end, tone: toneOf(verdict) }],
  }
}

function subjectRows(view: ReleaseView, end: number): readonly ChartRow[] {
  const entries = view.timeline.filter(({ kind, subject }) => kind !== 'verdict' && subject !== 'release')
  const bySubject = [...Map.groupBy(entries, ({ subject }) => subject)]
  const guilty = view.cause?.subject
  return bySubject
    .toSorted(([a], [b]) => Number(b === guilty) - Number(a === guilty))
    .map(([subject, own]) => subjectRow(subject, own, view, end))
}

function subjectRow(subject: string, entries: readonly TimelineEntry[], view: ReleaseView, end: number): ChartRow {
  const changes = entries.filter(({ kind }) => kind === 'change')
  const readySince = changes[changes.findLastIndex(entry => !isReady(entry)) + 1]
  const tone = readySince === undefined ? toneOf(view.verdict) : 'good'
  const from = beginningOf(entries[0]?.at ?? view.startedAt, view)
  const bar: ChartBar = readySince
    ? { label: 'until ready', from, to: readySince.at, tone }
    : { label: changes.at(-1)?.says ?? 'not ready', from, to: end, tone }
  const marks = entries
    .filter(({ kind }) => kind === 'evidence')
    .map(({ says, at }): ChartMark => ({ label: says, at, tone: readySince ? 'warn' : tone }))
  return { name: subject.replace(/ [^/ ]+\//, ' '), bars: [bar], marks }
}

/** An object is first told of when something is known of it: it began with its wave. */
function beginningOf(at: number, { waves = [], startedAt }: ReleaseView): number {
  return waves.findLast(({ from }) => from <= at)?.from ?? startedAt
}

/** As narrate.ts says it: `ready`, or `ready: …` with what is worth knowing. */
function isReady({ says }: TimelineEntry): boolean {
  return says === 'ready' || says.startsWith('ready:')
}

function wayBack({ rollback }: ReleaseView): ChartRow | undefined {
  if (rollback === undefined) return undefined
  const { startedAt: from, seconds, verdict, toRevision, toCommit } = rollback
  const to = from + Math.round(seconds * 1000)
  const label = `to ${toCommit === undefined ? `release ${toRevision}` : shortCommit(toCommit)}`
  const tone = toneOf(verdict)
  return { name: 'Way back', bars: [{ label, from, to, tone }], marks: [{ label: sayVerdict(verdict), at: to, tone }] }
}
