/** Fuzzed runs of the real run wrapper: whatever foreign text does with a secret, no part of it may be seen. */
import { failureMarkdown, failureOf } from '../../src/runtime/failure.ts'
import { SlipwayError, type ErrorKind } from '../../src/runtime/errors.ts'
import { action } from '../../src/runtime/action.ts'
import { defineAction } from '../../src/runtime/contract.ts'
import type { Host } from '../../src/runtime/host.ts'
import { defineInputs, input } from '../../src/runtime/inputs.ts'
import { text } from '../../src/runtime/parsers.ts'
import { runAction } from '../../src/runtime/run-action.ts'
import { Chance } from '../world/chance.ts'

const contract = defineAction({
  name: 'fuzzed',
  title: 'Fuzzed',
  description: 'An action whose world says anything.',
  icon: 'zap',
  color: 'red',
  inputs: defineInputs({ a: input(text, 'Any text.', {}) }),
  outputs: { one: 'One.', two: 'Two.' },
  permissions: {},
  usage: '',
})

const alphabet = [
  'a',
  'Z',
  '7',
  '/',
  '+',
  '=',
  '_',
  '-',
  '*',
  '`',
  '|',
  '<',
  '>',
  '&',
  '"',
  "'",
  '\\',
  '%',
  ':',
  '@',
  '#',
  '[',
  ']',
  ' ',
  '\t',
  '.',
  'é',
  '漢',
  '😀',
  '$',
  '{',
  '}',
  '!',
  '~',
  '(',
  ')',
] as const
const injections = [
  '::set-env name=PATH::/tmp',
  '::add-mask::x',
  '::stop-commands::token',
  '::error::pwned',
  ' ::warning::x',
  '\t::debug::x',
  '##[set-output name=a;]b',
  '##[error]x',
  '\u0085::notice::x',
  '%0A::error::x',
  'ghadelimiter_x',
  'a<<EOF',
  '</details>',
  '```',
  '--->',
] as const
const breaks = ['\n', '\r\n', '\r', '\n\n'] as const

/** One secret: a word, several lines, something that looks like base64, JSON or a URL, with anything in it. */
export function secretOf(chance: Chance): string {
  const word = (least: number, most: number): string =>
    Array.from({ length: chance.whole(least, most) }, () => chance.one(alphabet)).join('')
  // Anything shorter is no secret: hiding it would garble every text.
  const core = `${word(2, 12)}S3${word(4, 24)}`.trim()
  const draw = chance.next()
  if (draw < 0.15) return [core, word(4, 20), chance.one(injections)].join(chance.one(breaks))
  if (draw < 0.3) return Buffer.from(core).toString('base64')
  if (draw < 0.4) return `-----BEGIN KEY-----\n${Buffer.from(core).toString('base64')}\n-----END KEY-----`
  if (draw < 0.5) return `https://user:${encodeURIComponent(core)}@host/`
  return core
}

/** What a foreign system may print of it. */
export function spoken(secret: string, chance: Chance): string {
  const form = chance.one([
    secret,
    secret,
    Buffer.from(secret).toString('base64'),
    encodeURIComponent(secret),
    new URLSearchParams({ a: secret }).toString().slice(2),
    JSON.stringify(secret),
    secret.split(/\r\n|\r|\n/).join(chance.one(breaks)),
  ])
  const before = chance.sometimes(0.5) ? chance.one(injections) + chance.one(breaks) : 'said '
  const after = chance.sometimes(0.5) ? chance.one(breaks) + chance.one(injections) : ' end'
  return `${before}${form}${after}`
}

export interface LeakFound {
  readonly seed: number
  readonly where: string
  readonly what: string
}

/** Runs one fuzzed step and looks at all that it left; undefined when nothing is wrong. */
export async function fuzzedRun(seed: number): Promise<LeakFound | undefined> {
  const chance = new Chance(seed)
  const secrets = Array.from({ length: chance.whole(1, 3) }, () => secretOf(chance))
  const said = (): string => spoken(chance.one(secrets as [string, ...string[]]), chance)
  const files = new Map<string, string>([
    ['out', ''],
    ['state', ''],
    ['env', ''],
    ['page', ''],
  ])
  let stdout = ''
  const expected: Record<string, number> = { warning: 0, debug: 0, error: 0, group: 0, endgroup: 0 }
  const count = (command: string): void => void (expected[command] = (expected[command] ?? 0) + 1)
  let code = -1
  const host: Host = {
    env: {
      GITHUB_OUTPUT: 'out',
      GITHUB_STATE: 'state',
      GITHUB_ENV: 'env',
      GITHUB_STEP_SUMMARY: 'page',
      RUNNER_DEBUG: '1',
    },
    write: written => void (stdout += written),
    append: (file, written) => void files.set(file, (files.get(file) ?? '') + written),
    onSignal: () => {},
    onUnhandled: () => {},
    exit: given => void (code = given),
  }
  const handler = action(contract, async (_, context, { outputs, summary, state }) => {
    for (const secret of secrets) context.mask(secret)
    const acts: readonly (() => unknown)[] = [
      () => context.log.info(said()),
      () => (count('warning'), context.log.warn(said(), chance.sometimes(0.3) ? { file: said(), line: 3 } : undefined)),
      () => (count('debug'), context.log.debug(said())),
      () => (count('group'), count('endgroup'), context.log.group(said(), async () => context.log.info(said()))),
      () => outputs.set({ one: said(), two: said() }),
      () => state.save('a', said()),
      () => summary.add(said()),
      () => summary.addLast(failureMarkdown('t', failureOf(new Error(context.hide(said())), {}))),
    ]
    for (let step = chance.whole(0, 6); step > 0; step--) await acts[chance.whole(0, acts.length - 1)]?.()
    if (chance.sometimes(0.3)) return { ok: true, line: said() }
    count('error')
    if (chance.sometimes(0.3)) return { ok: false, line: said(), annotation: { file: said(), line: 1 } }
    count('debug')
    throw chance.sometimes(0.3) ? new Error(said(), { cause: new Error(said()) }) : failing(said, chance)
  })
  await runAction(contract, async () => handler, host)
  return leakIn(seed, secrets, { stdout, files, expected, code })
}

function failing(said: () => string, chance: Chance): SlipwayError {
  const kind = chance.one(['user', 'denied', 'remote'] as const satisfies readonly ErrorKind[])
  const advice = { why: said(), todo: said(), details: said(), place: { file: said() }, cause: new Error(said()) }
  return new SlipwayError(kind, 'fuzzed', said(), advice)
}

interface Left {
  readonly stdout: string
  readonly files: ReadonlyMap<string, string>
  readonly expected: Readonly<Record<string, number>>
  readonly code: number
}

function leakIn(
  seed: number,
  secrets: readonly string[],
  { stdout, files, expected, code }: Left,
): LeakFound | undefined {
  const lines = stdout.split('\n')
  // The runner is told what to hide by these: it never shows them.
  const visible = lines.filter(line => !line.startsWith('::add-mask::')).join('\n')
  const places: readonly (readonly [string, string])[] = [
    ['log', decoded(visible)],
    ['log as written', visible],
    ...files,
  ]
  const page = files.get('page') ?? ''
  for (const [where, content] of [...places, ['page as shown', shownMarkdown(page)] as const]) {
    const shown = secrets.flatMap(formsSeen).find(form => content.includes(form))
    if (shown !== undefined) return { seed, where, what: `shows ${JSON.stringify(shown)}` }
  }
  const commands = lines
    .flatMap(line => /^[\s\u0085]*::([a-z-]+)/.exec(line)?.[1] ?? [])
    .filter(name => name !== 'add-mask')
  for (const name of new Set([...commands, ...Object.keys(expected)])) {
    const found = commands.filter(one => one === name).length
    if (found !== (expected[name] ?? 0))
      return { seed, where: 'log', what: `${found} commands ${name} instead of ${expected[name] ?? 0}` }
  }
  // A line that is a command of ours is parsed as that, whatever is in its text.
  if (lines.some(line => !line.startsWith('::') && line.includes('##[')))
    return { seed, where: 'log', what: 'an old command (##[)' }
  const names = [...(files.get('out') ?? '').matchAll(/^([\w-]+)<<(ghadelimiter_[0-9a-f-]{36})\n[\s\S]*?\n\2$/gm)].map(
    ([, name]) => name,
  )
  if (names.some(name => name !== 'one' && name !== 'two'))
    return { seed, where: 'out', what: `an output ${names.join()}` }
  return code === 0 || code === 1 ? undefined : { seed, where: 'exit', what: String(code) }
}

/** What of a secret may be seen nowhere: all of it, and each line that is long enough to be one. */
function formsSeen(secret: string): readonly string[] {
  const lines = secret
    .split(/\r\n|\r|\n/)
    .filter(
      line =>
        line.trim().length >= 8 && !injections.some(one => line.includes(one.trim())) && !line.startsWith('-----'),
    )
  return [secret, ...lines, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
}

/** As a browser shows the text of a page. */
function shownMarkdown(page: string): string {
  return page
    .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
}

/** As the runner shows the data of a command. */
function decoded(log: string): string {
  return log
    .replaceAll('%0A', '\n')
    .replaceAll('%0D', '\r')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%')
}
