import { bounded } from './chart.ts'
import type { Chart, ChartRow } from './chart.ts'
import { cleanText, formatSeconds } from './document.ts'
import type { Tone } from './document.ts'

/** Mermaid's words for how a task of a Gantt chart looks: plain, pale, red, grey. */
const tags: Readonly<Record<Tone, readonly string[]>> = { good: [], warn: ['active'], bad: ['crit'], neutral: ['done'] }

/** Pixels that a character of a row's name takes, and what stays free beside it. */
const nameWidth = { character: 6.5, margin: 30 } as const

/**
 * The chart as a Gantt diagram that GitHub draws. Labels are what clusters said: nothing in them can end a line, begin
 * a comment, or be one of Mermaid's own words. Pure.
 */
export function mermaidGantt(chart: Chart): string {
  const { from, rows } = bounded(chart)
  const longest = Math.max(...rows.map(({ name }) => mermaidLabel(name).length))
  return [
    // Names are drawn into a margin of fixed width, and over the bars when they are longer.
    ...[
      '---',
      'config:',
      '  gantt:',
      `    leftPadding: ${Math.round(longest * nameWidth.character + nameWidth.margin)}`,
      '---',
    ],
    'gantt',
    // Instants, shown as the time of day where the reader is; what "now" is does not matter.
    'dateFormat x',
    'axisFormat %H:%M:%S',
    'todayMarker off',
    ...rows.flatMap(row => section(row, from)),
  ].join('\n')
}

function section({ name, bars, marks }: ChartRow, start: number): readonly string[] {
  return [
    `section ${mermaidLabel(name)}`,
    ...bars.map(({ label, from, to, tone }) =>
      task(`${label} ${lasting(from, to)}`, [...tags[tone], `${from}, ${to}`]),
    ),
    ...marks.map(({ label, at, tone }) =>
      task(`${lasting(start, at)} ${label}`, [...tags[tone], 'milestone', `${at}, ${at}`]),
    ),
  ]
}

function task(label: string, data: readonly string[]): string {
  return `${mermaidLabel(label)} :${data.join(', ')}`
}

function lasting(from: number, to: number): string {
  return formatSeconds(Math.max(0, to - from) / 1000)
}

/** Words that mean something at the start of a line of a Gantt diagram (mermaid, gantt.jison). */
const keyword =
  /^(acc(Title|Descr)|axisFormat|call|click|dateFormat|excludes|gantt|href|includes|inclusiveEndDates|section|tickInterval|title|todayMarker|topAxis|vert|weekday|weekend)/i

/** Text that is a label and nothing else. A colon would end it: the sign of proportion looks the same. */
export function mermaidLabel(text: string): string {
  const plain = cleanText(text)
    .replaceAll(':', '∶')
    .replaceAll(';', ',')
    .replaceAll(/[^\p{L}\p{N} .,/()_+='"∶·…–-]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (plain === '') return '–'
  return keyword.test(plain) || plain.startsWith('--') ? `· ${plain}` : plain
}
