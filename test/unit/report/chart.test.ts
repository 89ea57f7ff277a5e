import { describe, expect, test } from '@jest/globals'
import { htmlChart } from '../../../src/report/html-chart.ts'
import { mermaidGantt, mermaidLabel } from '../../../src/report/mermaid.ts'
import { releaseChart } from '../../../src/report/release-chart.ts'
import type { ReleaseView } from '../../../src/report/release-view.ts'
import type { TimelineEntry } from '../../../src/rollout/model.ts'
import { crashed, healthy, startedAt } from './views.ts'

const entry = (ms: number, subject: string, says: string, kind: TimelineEntry['kind'] = 'change'): TimelineEntry => ({
  at: startedAt + ms,
  subject,
  says,
  kind,
})

/** Two waves; the second ends with a container that exits. */
const failed: ReleaseView = {
  ...crashed,
  seconds: 5,
  waves: [
    { name: 'before', from: startedAt, to: startedAt + 2000 },
    { name: 'workloads', from: startedAt + 2000, to: startedAt + 5000 },
  ],
  timeline: [
    entry(500, 'Job shop/migrate-r5', 'not finished'),
    entry(2000, 'Job shop/migrate-r5', 'ready'),
    entry(2100, 'Deployment shop/worker', '0 of 1 updated'),
    entry(2200, 'Deployment shop/api', '0 of 1 updated'),
    entry(3000, 'Deployment shop/worker', 'container "worker" exited with 1 once', 'evidence'),
    entry(3500, 'Deployment shop/worker', 'ready'),
    entry(3600, 'Deployment shop/worker', 'ready: no pod asked for'),
    entry(4000, 'Deployment shop/api', 'container "api" exited with 3 once', 'evidence'),
    entry(5000, 'Deployment shop/api', 'failed', 'verdict'),
  ],
}

describe('the chart of a release', () => {
  const { from, to, rows } = releaseChart(failed)
  const told = rows.map(({ name, bars, marks }) => [
    name,
    ...bars.map(bar => `${bar.label} ${bar.from - startedAt}-${bar.to - startedAt} ${bar.tone}`),
    ...marks.map(mark => `${mark.label} @${mark.at - startedAt} ${mark.tone}`),
  ])

  test('tells waves and verdict, the object of the cause before the others, and the way back', () => {
    expect(told).toEqual([
      ['Release', 'before 0-2000 good', 'workloads 2000-5000 bad', 'failed @5000 bad'],
      ['Deployment api', '0 of 1 updated 2000-5000 bad', 'container "api" exited with 3 once @4000 bad'],
      ['Job migrate-r5', 'until ready 0-2000 good'],
      ['Deployment worker', 'until ready 2000-3500 good', 'container "worker" exited with 1 once @3000 warn'],
      ['Way back', 'to 9d01e77 3200-9600 good', 'healthy @9600 good'],
    ])
  })

  test('spans from the first write to the last verdict', () => {
    expect([from - startedAt, to - startedAt]).toEqual([0, 9600])
  })

  test('shows the soak of what became ready, and that it ended badly', () => {
    const [release] = releaseChart({ ...failed, readyAt: startedAt + 3000 }).rows
    expect(release?.bars.map(({ label, tone }) => [label, tone])).toEqual([
      ['before', 'good'],
      ['workloads', 'good'],
      ['watched while ready', 'bad'],
    ])
  })

  test('of a success is good from end to end', () => {
    const chart = releaseChart({
      ...healthy,
      readyAt: startedAt + 2000,
      timeline: [entry(1200, 'Deployment shop/api', 'ready')],
    })
    expect(chart.rows.flatMap(({ bars, marks }) => [...bars, ...marks]).map(({ tone }) => tone)).toEqual(
      Array.from({ length: 3 }, () => 'good'),
    )
  })
})

/** What a line of a Gantt diagram may be; a label holds no colon, so that the first one ends it. */
const shape =
  /^(---|config:|  gantt:|    leftPadding: \d+|gantt|dateFormat x|axisFormat %H:%M:%S|todayMarker off|section [^:;#%`{}<>\\|]+|[^:;#%`{}<>\\|]+ :((active|done|crit), )?(milestone, )?\d+, \d+)$/u

describe('as a Mermaid diagram', () => {
  test('each line is one that Mermaid knows', () => {
    const lines = mermaidGantt(releaseChart(failed)).split('\n')
    expect(lines.filter(line => !shape.test(line))).toEqual([])
    expect(lines).toContain('workloads 3.0 s :crit, 1795338002000, 1795338005000')
    expect(lines).toContain('4.0 s container "api" exited with 3 once :crit, milestone, 1795338004000, 1795338004000')
  })

  const hostile = [
    'a: b :crit, 0, 1',
    'x\nsection evil',
    'click a href "javascript:alert(1)"',
    '%%{init: {"securityLevel": "loose"}}%%',
    '```\n# out of the fence',
    '<img src=x onerror=alert(1)>',
    'a;b#c|d\\e`f',
    '--- config',
    '\u001B[31m\u202Ered',
    '::error::x',
    '',
    'section',
  ]

  test.each(hostile)('%j stays a label', text => {
    const timeline = [
      entry(10, `Deployment shop/${text}`, text),
      entry(20, `Deployment shop/${text}`, text, 'evidence'),
    ]
    const lines = mermaidGantt(releaseChart({ ...failed, timeline })).split('\n')
    expect(lines.filter(line => !shape.test(line))).toEqual([])
    expect(lines.filter(line => line.startsWith('section '))).toHaveLength(3)
  })

  test.each([
    ['section of a page', '· section of a page'],
    ['Titled', '· Titled'],
    ['0/1 ready: waiting', '0/1 ready∶ waiting'],
  ])('%j reads %j', (text, label) => {
    expect(mermaidLabel(text)).toBe(label)
  })

  test('is bounded, whatever the release', () => {
    const timeline = Array.from({ length: 5000 }, (_, index) =>
      entry(index, `Deployment shop/${'n'.repeat(200)}${index % 100}`, 'x'.repeat(900), 'evidence'),
    )
    const text = mermaidGantt(releaseChart({ ...failed, timeline }))
    expect(text.split('\n').length).toBeLessThan(100)
    expect(text.length).toBeLessThan(10_000)
  })
})

describe('as a part of a page', () => {
  const html = htmlChart(releaseChart(failed))

  test('names what it draws, and draws it where it happened', () => {
    expect(html).toContain(
      '<b>workloads <small>3.0 s</small></b><div class="track"><i class="bar bad" style="left:20.83%;width:31.25%"></i></div>',
    )
    expect(html).toContain('<b>container &quot;api&quot; exited with 3 once <small>at 4.0 s</small></b>')
  })

  test('holds no markup of the cluster', () => {
    const timeline = [entry(1, 'Deployment shop/<b>', '"><script>alert(1)</script>', 'evidence')]
    expect(htmlChart(releaseChart({ ...failed, timeline }))).not.toMatch(/<script|<b>"/)
  })

  test('of a release without length is drawn all the same', () => {
    const view: ReleaseView = { ...healthy, seconds: 0, timeline: [entry(0, 'release', 'healthy', 'verdict')] }
    expect(htmlChart(releaseChart(view))).not.toContain('NaN')
  })
})
