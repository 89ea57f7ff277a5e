import { bounded } from './chart.ts'
import type { Chart, ChartRow } from './chart.ts'
import { formatSeconds } from './document.ts'
import { escapeHtml } from './html-text.ts'

/** The chart as lines of text beside bars, without a script: what a screen reader reads is the same. Pure. */
export function htmlChart(chart: Chart): string {
  const { from, to, rows } = bounded(chart)
  const share = (at: number): number =>
    to <= from ? 0 : (100 * Math.min(Math.max(0, at - from), to - from)) / (to - from)
  const lines = rows.flatMap(row => linesOf(row, from, share))
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(part => `<span>${formatSeconds((part * (to - from)) / 1000)}</span>`)
  return `<div class="chart">\n${lines.join('\n')}\n<div class="axis"><b></b><div>${ticks.join('')}</div></div>\n</div>`
}

function linesOf({ name, bars, marks }: ChartRow, start: number, share: (at: number) => number): readonly string[] {
  const percent = (value: number): string => `${value.toFixed(2)}%`
  return [
    `<h3>${escapeHtml(name)}</h3>`,
    ...bars.map(({ label, from, to, tone }) => {
      const style = `left:${percent(share(from))};width:${percent(share(to) - share(from))}`
      return line(label, secondsOf(to - from), `<i class="bar ${tone}" style="${style}"></i>`)
    }),
    ...marks.map(({ label, at, tone }) =>
      line(label, `at ${secondsOf(at - start)}`, `<i class="mark ${tone}" style="left:${percent(share(at))}"></i>`),
    ),
  ]
}

function secondsOf(ms: number): string {
  return formatSeconds(Math.max(0, ms) / 1000)
}

function line(label: string, when: string, drawn: string): string {
  return `<div class="line"><b>${escapeHtml(label)} <small>${when}</small></b><div class="track">${drawn}</div></div>`
}
