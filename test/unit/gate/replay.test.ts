import { describe, expect, test } from '@jest/globals'
import { isSame, replay, type Replay } from '../../../src/rollout/gate/trace/replay.ts'
import { recordTrace, type TraceHead } from '../../../src/rollout/gate/trace/trace.ts'
import type { GateResult } from '../../../src/rollout/model.ts'
import { runGate } from '../../../src/rollout/gate/run-gate.ts'
import { ourGate } from '../../support/gate-in-world.ts'
import { play } from '../../world/play.ts'
import { nameOf, worldOf, type Ending, type Seed } from '../../world/seeds.ts'
import { exited, goodStory, image, running, Story, waiting } from './story.ts'

const head: TraceHead = { application: 'shop', namespace: 'shop', cluster: 'prod' }

interface Told {
  readonly live: GateResult
  readonly lines: readonly string[]
  readonly again: Replay
}

async function told(story: Story, mask = (text: string): string => text): Promise<Told> {
  let text = ''
  story.trace = recordTrace(head, { write: part => void (text += part) }, mask)
  const live = await story.verdict()
  const lines = text.split('\n')
  return { live, lines, again: replay(lines) }
}

async function toldOf(seed: Seed): Promise<Told> {
  let text = ''
  const trace = recordTrace(head, { write: part => void (text += part) }, same => same)
  const { result } = await play(worldOf(seed), {
    ...ourGate,
    gate: (request, ports) => runGate(request, { ...ports, trace }),
  })
  const lines = text.split('\n')
  return { live: result, lines, again: replay(lines) }
}

const outcomeOf = ({ verdict, cause, partial, timeline, evidence, readyAt, endedAt }: GateResult): object => ({
  verdict,
  cause: cause && { code: cause.code, subject: cause.subject, says: cause.says },
  partial,
  timeline,
  evidence,
  readyAt,
  endedAt,
})

function crash(): Story {
  const story = new Story()
  return story.at(1, () => story.observed()).at(2, () => story.pod('a', [exited(story, 3, 1)]))
}

/** `SLIPWAY_REPLAYS=5000` replays that many of each ending. */
const count = Number(process.env['SLIPWAY_REPLAYS'] ?? '20')

describe(`a trace of each of ${count} worlds of both endings`, () => {
  test.each([
    ['that end well', 'well'],
    ['that never serve', 'never'],
  ] as const)(
    'that %s is judged again as it was live: verdict, cause, evidence, timeline',
    async (_name, ending: Ending) => {
      for (let number = 1; number <= count; number++) {
        const seed = nameOf({ ending, number })
        const { live, again } = await toldOf({ ending, number })
        const [gate] = again.gates
        expect({ seed, ...outcomeOf(gate?.result ?? live), differs: gate?.differs }).toEqual({
          seed,
          ...outcomeOf(live),
          differs: undefined,
        })
        expect(isSame(again)).toBe(true)
      }
    },
    600_000,
  )
})

describe('a trace', () => {
  test('holds the second opinion on images too', async () => {
    const story = new Story()
    story.images = { check: () => Promise.resolve('absent') }
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', `failed to pull image "${image}": not found`)]))
    const { live, again } = await told(story)
    expect(live.cause?.code).toBe('image-not-found')
    expect(again.gates[0]?.result).toMatchObject({ verdict: 'failed', cause: live.cause })
  })

  test('of a cancelled run ends as cancelled', async () => {
    const story = goodStory().at(5, () => story.cancel.abort())
    const { live, again } = await told(story)
    expect([live.verdict, again.gates[0]?.result?.verdict, isSame(again)]).toEqual(['cancelled', 'cancelled', true])
  })

  test('of reads that fail ends as unknown', async () => {
    const story = goodStory().at(21, () => void (story.cluster.unreachable = new Error('503')))
    const { live, lines, again } = await told(story)
    expect(live).toMatchObject({ verdict: 'unknown', cause: { code: 'api-unreachable' } })
    expect(lines.filter(line => line.includes('"failed":"503"')).length).toBeGreaterThan(10)
    expect(isSame(again)).toBe(true)
  })

  test('of a set with nothing to wait for is healthy again', async () => {
    const { again } = await told(new Story().gate())
    expect(again.gates[0]?.result?.verdict).toBe('healthy')
    expect(isSame(again)).toBe(true)
  })

  test('has a section for each gate of a release', async () => {
    let text = ''
    const story = goodStory().at(30, () => story.pod('a', [exited(story, 3, 1)]))
    story.trace = recordTrace(head, { write: part => void (text += part) }, same => same)
    await story.verdict()
    await story.verdict()
    const again = replay(text.split('\n'))
    expect(again.head).toEqual(head)
    expect(again.gates.map(({ recorded }) => recorded)).toEqual([
      { verdict: 'healthy' },
      { verdict: 'failed', code: 'crash-loop' },
    ])
    expect(isSame(again)).toBe(true)
  })

  test('writes an object once: a fresh read of what the watches have shown is references', async () => {
    const { lines } = await told(goodStory())
    const read = lines.find(line => line.includes('"read":['))
    expect(read).toContain('{"same":"pod-a"}')
    expect(read).not.toContain('containerStatuses')
  })

  test('never holds a value of the environment, a word of a command, or what a Secret or ConfigMap carries', async () => {
    const story = new Story({ spec: { template: { spec: { containers: [secretive] } } } })
    story.at(1, () => story.observed()).at(2, () => story.pod('a', [running(story)], { containers: [secretive] }))
    const map = { data: { A: 'hush-4' }, metadata: { name: 'm', namespace: 'shop', uid: 'm' } }
    story.gateAlso(
      { apiVersion: 'v1', kind: 'ConfigMap', ...map },
      { apiVersion: 'v1', kind: 'Secret', ...map, stringData: { B: 'hush-5' } },
    )
    const { live, lines, again } = await told(story)
    expect(lines.join('\n')).not.toContain('hush')
    expect(lines.join('\n')).toContain('DATABASE_URL')
    expect([live.verdict, isSame(again)]).toEqual(['healthy', true])
  })

  test('hides what is masked, and stays JSON', async () => {
    const story = new Story()
    story.at(1, () => story.observed()).at(2, () => story.pod('a', [waiting('ErrImagePull', 'no "true" token')]))
    story.at(9, () => story.pod('a', [running(story)]))
    const { lines, again } = await told(story, text => text.replaceAll('true', '***').replaceAll('token', '***'))
    expect(lines.join('\n')).not.toContain('token')
    expect(lines.join('\n')).toContain('no \\"***\\" ***')
    expect(isSame(again)).toBe(true)
  })

  test('shows when a foreign change came, though it was a secret that changed', async () => {
    const story = new Story({ revision: 2 })
    const withValue = (value: string) => ({ containers: [{ name: 'api', env: [{ name: 'A', value }] }] })
    story.at(1, () =>
      story.change(deployment => ({
        ...deployment,
        metadata: { ...deployment.metadata, generation: 3 },
        spec: { replicas: 1, template: { spec: withValue('hush') } },
      })),
    )
    const { live, again } = await told(story)
    expect(live.verdict).toBe('superseded')
    expect(isSame(again)).toBe(true)
  })
})

const secretive = {
  name: 'api',
  image,
  command: ['run', '--token=hush-1'],
  env: [{ name: 'DATABASE_URL', value: 'hush-2' }],
  livenessProbe: { httpGet: { httpHeaders: [{ name: 'Authorization', value: 'hush-3' }] } },
}

describe('a trace that was changed or is not whole', () => {
  const edit = async (change: (lines: string[]) => string[]): Promise<Replay> => {
    const { lines } = await told(crash())
    return replay(change([...lines]))
  }

  test('with another verdict in its last line is not the same', async () => {
    const again = await edit(lines => lines.map(line => line.replace('"verdict":"failed"', '"verdict":"healthy"')))
    expect(isSame(again)).toBe(false)
    expect(again.gates[0]?.result?.verdict).toBe('failed')
  })

  test('without a look that mattered does not reach the verdict', async () => {
    const again = await edit(lines => lines.filter(line => !line.includes('"exitCode":3')))
    expect(isSame(again)).toBe(false)
    expect(again.gates[0]?.result).toBeUndefined()
  })

  test('of a run that was killed has no verdict to agree with', async () => {
    const again = await edit(lines => lines.slice(0, -2))
    expect(again.gates[0]?.recorded).toBeUndefined()
    expect(isSame(again)).toBe(false)
  })

  test('that goes on after its verdict says where', async () => {
    const again = await edit(lines => [...lines.slice(0, -2), ...lines.slice(-3)])
    expect(again.gates[0]?.differs).toMatch(/^line \d+: the recorded run went on here$/)
  })

  test.each([
    ['half a line', (lines: string[]) => [...lines.slice(0, 2), '{"at":12'], /Line 3 .* is no JSON/],
    ['no head', (lines: string[]) => lines.slice(1), /Line 1: this is no trace of a release/],
    ['nothing', () => [''], /Line 1: this is no trace of a release/],
    ['a later version', (lines: string[]) => [`{"trace":2}`, ...lines.slice(1)], /Line 1: this trace is of version 2/],
    ['an unknown line', (lines: string[]) => [...lines.slice(0, 2), '{"at":1,"x":2}'], /Line 3 .* none of the lines/],
    ['no time', (lines: string[]) => [...lines.slice(0, 2), '{"looked":[]}'], /Line 3 .* has no time/],
    [
      'a reference to nothing',
      (lines: string[]) => [
        ...lines.slice(0, 2),
        '{"at":1,"looked":[{"channel":"v1/Pod/shop","event":{"type":"added","object":{"same":"x"}}}]}',
      ],
      /Line 3 .* refers to an object that no line before it shows/,
    ],
  ])('%s is refused with its line', async (_name, change, says) => {
    await expect(edit(change)).rejects.toThrow(says)
  })

  test('past the limit says that it ends, and keeps the verdict', async () => {
    let text = ''
    const trace = recordTrace(head, { write: part => void (text += part) }, same => same, 1_500)
    const story = crash()
    story.trace = trace
    await story.verdict()
    const again = replay(text.split('\n'))
    expect(again.truncated).toContain('the trace ends here')
    expect(again.gates[0]?.recorded).toEqual({ verdict: 'failed', code: 'crash-loop' })
    expect(isSame(again)).toBe(false)
  })
})
