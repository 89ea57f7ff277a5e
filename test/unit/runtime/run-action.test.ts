import { describe, expect, test } from '@jest/globals'

import { action } from '../../../src/runtime/action.ts'
import type { Action, Handler } from '../../../src/runtime/action.ts'
import { defineAction } from '../../../src/runtime/contract.ts'
import { DeniedError, UserError } from '../../../src/runtime/errors.ts'
import type { Host } from '../../../src/runtime/host.ts'
import { defineInputs, input } from '../../../src/runtime/inputs.ts'
import { oneOf } from '../../../src/runtime/parsers.ts'
import { runAction } from '../../../src/runtime/run-action.ts'
import type { FillInputs } from '../../../src/runtime/run-action.ts'

const contract = defineAction({
  name: 'greet',
  title: 'Greet',
  description: 'Says hello.',
  icon: 'sun',
  color: 'yellow',
  inputs: defineInputs({ tone: input(oneOf('warm', 'cold'), 'How.', { required: true }) }),
  outputs: { greeting: 'What was said.' },
  permissions: {},
  usage: '- uses: {action}',
})

interface Ran {
  readonly written: string
  readonly summary: string
  readonly codes: readonly number[]
  readonly loaded: boolean
}

interface Play {
  readonly env?: Readonly<Record<string, string>>
  readonly handler?: Handler<typeof contract>
  readonly fill?: FillInputs
  /** Called when the action's code is loaded, with ways to disturb the run. */
  readonly disturb?: (host: { signal(name: string): void; unhandled(thrown: unknown): void }) => void
}

async function run({ env = { INPUT_TONE: 'warm' }, handler = greet, fill, disturb }: Play): Promise<Ran> {
  const ran = { written: '', summary: '', codes: [] as number[], loaded: false }
  const listeners = { signal: (_: string) => {}, unhandled: (_: unknown) => {} }
  const { promise: exited, resolve } = Promise.withResolvers<void>()
  const host: Host = {
    env: { GITHUB_STEP_SUMMARY: 'summary', ...env },
    write: text => void (ran.written += text),
    append: (_, text) => void (ran.summary += text),
    onSignal: listener => void (listeners.signal = listener),
    onUnhandled: listener => void (listeners.unhandled = listener),
    exit: code => {
      ran.codes.push(code)
      resolve()
    },
  }
  const load = async (): Promise<Action> => {
    ran.loaded = true
    disturb?.(listeners)
    return action(contract, handler)
  }
  void runAction(contract, load, host, fill)
  await exited
  return ran
}

const greet: Handler<typeof contract> = async ({ tone }) => ({ ok: true, line: `✓ said it ${tone}` })

describe('an action that succeeds', () => {
  test('ends with its verdict as the last line, and 0', async () => {
    expect(await run({})).toMatchObject({ written: '✓ said it warm\n', codes: [0], summary: '' })
  })

  test('takes inputs that the workflow does not give from elsewhere', async () => {
    const ran = await run({ env: {}, fill: async () => ({ tone: 'cold' }) })
    expect(ran).toMatchObject({ written: '✓ said it cold\n', codes: [0] })
  })
})

describe('an action that fails', () => {
  test('by its verdict: the verdict is an error annotation, and the step fails', async () => {
    const ran = await run({ handler: async () => ({ ok: false, line: '✗ nobody listens' }) })
    expect(ran).toMatchObject({ written: '::error title=Greet::✗ nobody listens\n', codes: [1] })
  })

  test('by something in a file: the annotation is on its line', async () => {
    const annotation = { file: 'k8s/api.yaml', line: 12 }
    const verdict = await run({ handler: async () => ({ ok: false, line: '✗ no', annotation }) })
    expect(verdict.written).toBe('::error file=k8s/api.yaml,line=12,title=Greet::✗ no\n')
    const refused = await run({
      handler: async () => {
        throw new UserError('a-code', 'No.', { todo: 'Mend it.', place: annotation })
      },
    })
    expect(refused.written).toContain('::error file=k8s/api.yaml,line=12,title=Greet::No.%0AMend it.')
  })

  test('by an input: says what, why and what to do, and loads nothing', async () => {
    const ran = await run({ env: { INPUT_TONE: 'wram' } })
    expect(ran).toMatchObject({ codes: [1], loaded: false })
    expect(ran.written).toBe(
      '::error title=Greet::tone "wram" is none of warm, cold.%0ADid you mean warm?%0Ainput-tone: docs/troubleshooting.md#input-tone\n',
    )
    expect(ran.summary).toBe(
      '### ✗ Greet: tone "wram" is none of warm, cold.\n\n**Next:** Did you mean warm?\n\n[`input-tone`](docs/troubleshooting.md#input-tone)\n',
    )
  })

  test('by an error of ours: what, why, what to do, and the page of the version that runs', async () => {
    const ran = await run({
      env: { INPUT_TONE: 'warm', GITHUB_ACTION_REPOSITORY: 'acme/slipway', GITHUB_ACTION_REF: 'v1' },
      handler: async () => {
        throw new DeniedError('closed', 'The door is closed.', { why: 'It is late.', todo: 'Knock.' })
      },
    })
    expect(ran.written).toBe(
      '::error title=Greet::The door is closed.%0AIt is late.%0AKnock.%0Aclosed: https://github.com/acme/slipway/blob/v1/docs/troubleshooting.md#closed\n',
    )
  })

  test('by an error with details: they are in the summary, below the advice, and not in the log', async () => {
    const ran = await run({
      handler: async () => {
        throw new DeniedError('closed', 'The door is closed.', {
          todo: 'Knock.',
          details: '| key | fits |\n|---|---|\n',
        })
      },
    })
    expect(ran.summary).toMatch(/#closed\)\n\n\| key \| fits \|\n\|---\|---\|\n$/)
    expect(ran.written).not.toContain('fits')
  })

  test('has the error below what it reported before, and the details at the end', async () => {
    const ran = await run({
      env: { INPUT_TONE: 'warm' },
      handler: async (_given, _context, { summary }) => {
        summary.addLast('details')
        summary.add('so far')
        throw new DeniedError('closed', 'The door is closed.', { todo: 'Knock.' })
      },
    })
    expect(ran.summary).toMatch(/^so far\n\n### ✗ Greet: The door is closed\.[^]+\n\ndetails\n$/)
  })

  test('by an error that is not ours: says that the mistake is here, without a stack trace', async () => {
    const ran = await run({
      handler: async () => {
        throw new TypeError('x is not a function')
      },
    })
    expect(ran.written).toContain('Slipway met an error that it does not know: x is not a function')
    expect(ran.written).not.toMatch(/\bat .*:\d+:\d+/)
    expect(ran.codes).toEqual([1])
  })

  test('shows the stack and its causes when the runner debugs', async () => {
    const ran = await run({
      env: { INPUT_TONE: 'warm', RUNNER_DEBUG: '1' },
      handler: async () => {
        throw new UserError('x', 'outer', { todo: 'y', cause: new Error('inner') })
      },
    })
    expect(ran.written).toMatch(/::debug::.*outer.*caused by.*inner/)
  })

  test('hides secrets in errors and in the summary', async () => {
    const ran = await run({
      handler: async (_, context) => {
        context.mask('hunter22')
        throw new UserError('x', 'the password hunter22 is wrong', { todo: 'try again' })
      },
    })
    const shown = ran.written.split('\n').filter(line => !line.startsWith('::add-mask::'))
    expect(shown.join('\n')).not.toContain('hunter22')
    expect(ran.summary).not.toContain('hunter22')
    expect(ran.written).toContain('::add-mask::hunter22\n')
  })

  test('foreign words in the summary are text, not markup', async () => {
    const ran = await run({
      handler: async () => {
        throw new UserError('x', '<img src=x> [a](b)\n# big', { todo: '`c`' })
      },
    })
    expect(ran.summary).toContain('&lt;img src=x> \\[a\\](b) # big')
    expect(ran.summary).toContain('\\`c\\`')
  })
})

describe('a cancelled job', () => {
  test('aborts the signal of the action, which may still end by itself', async () => {
    const ran = await run({
      disturb: host => host.signal('SIGINT'),
      handler: async (_, { signal }) => ({ ok: false, line: `cancelled: ${signal.aborted}` }),
    })
    expect(ran).toMatchObject({ written: '::error title=Greet::cancelled: true\n', codes: [1] })
  })

  test('is told as that when the action just stops', async () => {
    const ran = await run({
      disturb: host => host.signal('SIGTERM'),
      handler: async (_, { signal }) => signal.throwIfAborted() as never,
    })
    expect(ran.written).toContain('The step was cancelled.%0AThe runner sent SIGTERM.')
  })

  test('lets the action clean up before it ends', async () => {
    const ran = await run({
      disturb: host => host.signal('SIGINT'),
      handler: async (_, { clock, log, signal }) => {
        try {
          return signal.throwIfAborted() as never
        } finally {
          await clock.sleep(1)
          log.info('cleaned up')
        }
      },
    })
    expect(ran.written).toMatch(/^cleaned up\n::error title=Greet::The step was cancelled/)
    expect(ran.codes).toEqual([1])
  })

  test('ends at once at the second signal', async () => {
    const ran = await run({
      disturb: host => {
        host.signal('SIGINT')
        host.signal('SIGTERM')
      },
      handler: () => new Promise(() => {}),
    })
    expect(ran.codes).toEqual([1])
  })
})

test('an error that nobody handled fails the step', async () => {
  const ran = await run({ disturb: host => host.unhandled(new Error('lost')), handler: () => new Promise(() => {}) })
  expect(ran.written).toContain('lost')
  expect(ran.codes).toEqual([1])
})
