import type { LogExcerpt, TimelineEntry } from '../rollout/model.ts'
import type { Block, Inline, Report, Text } from './document.ts'
import { count, formatSeconds, shortCommit } from './document.ts'
import { rollbackLine, sayRequests, sentence } from './lines.ts'
import { markdown } from './markdown.ts'
import { releaseChart } from './release-chart.ts'
import type { ReleaseView } from './release-view.ts'
import { isSuccess, sayVerdict, toneOf, troubleshooting } from './release-view.ts'

/** Rows of a timeline that are shown: its start and its end tell the story. */
const headRows = 15
const tailRows = 45
/** Lines of one container's log. */
const logLines = 40

/** The report of a release: did it work, what happened, what to do, how the way back went, then the details. Pure. */
export function releaseReport(view: ReleaseView, docs: string = troubleshooting): Report {
  const name = view.commit === undefined ? view.application : `${view.application} ${shortCommit(view.commit)}`
  const verdict = `${sayVerdict(view.verdict)} after ${formatSeconds(view.seconds)}`
  return {
    title: `${name} ${verdict}`,
    tone: toneOf(view.verdict),
    headline: [{ strong: name }, ` ${verdict}`],
    blocks: [
      ...causeBlocks(view, docs),
      ...rollbackBlocks(view),
      ...addressBlocks(view),
      ...timelineBlocks(view),
      ...eventBlocks(view),
      ...detailBlocks(view),
    ],
  }
}

/** The report as a step summary. */
export function releaseSummary(view: ReleaseView, docs: string = troubleshooting): string {
  return markdown(releaseReport(view, docs))
}

function causeBlocks(view: ReleaseView, docs: string): readonly Block[] {
  const { cause, partial, logs } = view
  const partly: readonly Block[] = partial === undefined ? [] : [{ kind: 'text', text: [partial] }]
  if (cause === undefined) return partly
  const confidence = cause.confidence === 'certain' ? '' : ` (${cause.confidence})`
  return [
    ...partly,
    {
      kind: 'text',
      text: [
        { code: cause.subject },
        `: ${sentence(cause.says)}.`,
        ' Cause ',
        { code: cause.code },
        `, blame ${cause.blame}${confidence}.`,
        ...placeOf(view),
      ],
    },
    ...logs.slice(0, 1).flatMap(logBlocks),
    { kind: 'text', text: [{ strong: 'What to do' }, `: ${sentence(cause.next)}. `, ...explanation(docs, cause.code)] },
    ...(logs.length < 2
      ? []
      : [
          { kind: 'details' as const, summary: ['Logs of other containers'], blocks: logs.slice(1).flatMap(logBlocks) },
        ]),
  ]
}

function placeOf({ place }: ReleaseView): Text {
  if (place === undefined) return []
  const { text, link } = place
  return [' See ', link === undefined ? { code: text } : { link, text }, '.']
}

function explanation(docs: string, code: string): Text {
  const link: Inline = /^https?:/.test(docs)
    ? { link: `${docs}#${code}`, text: 'More about this cause' }
    : { code: `${docs}#${code}` }
  return typeof link === 'object' && 'link' in link ? [link, '.'] : ['More in ', link, '.']
}

function logBlocks({ pod, container, previous, lines }: LogExcerpt): readonly Block[] {
  if (lines.length === 0) return []
  const instance = previous ? ' (the instance that ended)' : ''
  return [
    { kind: 'text', text: ['Last lines of ', { code: container }, ' in ', { code: pod }, `${instance}:`] },
    { kind: 'code', text: lines.slice(-logLines).join('\n') },
  ]
}

function rollbackBlocks({ rollback, noRollback, requests, previous }: ReleaseView): readonly Block[] {
  const way = rollback === undefined ? noRollback && sentence(noRollback) : rollbackLine(rollback, requests)
  if (way !== undefined) return [{ kind: 'text', text: [{ strong: 'Way back' }, `: ${way}.`] }]
  const before: readonly Block[] =
    previous === undefined ? [] : [{ kind: 'text', text: [`Before it ran ${release(previous)}.`] }]
  return requests === undefined
    ? before
    : [...before, { kind: 'text', text: [`${sayRequests(requests)} during the release.`] }]
}

/** Where to look at it oneself. */
function addressBlocks({ url, verdict }: ReleaseView): readonly Block[] {
  if (url === undefined) return []
  const lead = isSuccess(verdict) ? 'It answers at ' : 'It should answer at '
  return [{ kind: 'text', text: [lead, { link: url, text: url }, '.'] }]
}

/** A failure shows its story at once, and each word of it folded; a success folds both. */
function timelineBlocks(view: ReleaseView): readonly Block[] {
  const { timeline, startedAt, verdict } = view
  if (timeline.length === 0) return []
  const chart: Block = { kind: 'chart', chart: releaseChart(view) }
  const table: Block = {
    kind: 'table',
    head: ['After', 'Object', 'What'],
    numeric: [0],
    rows: shorten(timeline, startedAt),
  }
  const summary: Text = [
    `Timeline · ${count(timeline.length, 'entry', 'entries')} · started ${new Date(startedAt).toISOString()}`,
  ]
  return isSuccess(verdict)
    ? [{ kind: 'details', summary, blocks: [chart, table] }]
    : [chart, { kind: 'details', summary, blocks: [table] }]
}

function eventBlocks({ events = [], startedAt, seconds }: ReleaseView): readonly Block[] {
  if (events.length === 0) return []
  const end = startedAt + seconds * 1000
  const rows = events.map(({ object, reason, says, count: times, at }): readonly Text[] => [
    [`${formatSeconds(Math.max(0, end - at) / 1000)} before`],
    [String(times)],
    [{ code: object }],
    [{ strong: reason }, ` ${says}`],
  ])
  const table: Block = { kind: 'table', head: ['Last seen', 'Times', 'Object', 'Warning'], numeric: [0, 1], rows }
  return [{ kind: 'details', summary: [`Warnings of the cluster · ${events.length}`], blocks: [table] }]
}

function shorten(timeline: readonly TimelineEntry[], startedAt: number): readonly (readonly Text[])[] {
  const row = ({ at, subject, says, kind }: TimelineEntry): readonly Text[] => [
    [formatSeconds(Math.max(0, at - startedAt) / 1000)],
    [{ code: subject }],
    kind === 'verdict' ? [{ strong: says }] : [says],
  ]
  const left = timeline.length - headRows - tailRows
  if (left <= 0) return timeline.map(row)
  const gap: readonly Text[] = [['…'], [''], [`${left} more entries`]]
  return [...timeline.slice(0, headRows).map(row), gap, ...timeline.slice(-tailRows).map(row)]
}

function detailBlocks(view: ReleaseView): readonly Block[] {
  const { images = [], changes = [] } = view
  const facts = factRows(view)
  const blocks: readonly Block[] = [
    ...(facts.length === 0 ? [] : [{ kind: 'table' as const, head: ['Fact', 'Value'], rows: facts }]),
    ...(changes.length === 0
      ? []
      : [
          {
            kind: 'table' as const,
            head: ['Object', 'Apply'],
            rows: changes.map(({ object, change }) => [[{ code: object }], [change]]),
          },
        ]),
    ...(images.length === 0
      ? []
      : [{ kind: 'list' as const, ordered: false, items: images.map(image => [{ code: image }]) }]),
  ]
  return blocks.length === 0 ? [] : [{ kind: 'details', summary: ['Details'], blocks }]
}

function factRows({
  cluster,
  namespace,
  revision,
  commit,
  previous,
  actor,
  runUrl,
}: ReleaseView): readonly (readonly Text[])[] {
  const rows: readonly (readonly [string, Inline | undefined])[] = [
    ['Cluster', cluster === undefined ? undefined : { code: cluster }],
    ['Namespace', namespace === undefined ? undefined : { code: namespace }],
    ['Commit', commit === undefined ? undefined : { code: commit }],
    ['Release', revision === undefined ? undefined : String(revision)],
    ['Release before', previous === undefined ? undefined : release(previous)],
    ['Started by', actor === undefined ? undefined : { code: actor }],
    ['Run', runUrl === undefined ? undefined : { link: runUrl, text: runUrl }],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[[name], [value]]]))
}

function release({ revision, commit }: { readonly revision: number; readonly commit?: string }): string {
  return commit === undefined ? `release ${revision}` : `release ${revision} (${shortCommit(commit)})`
}
