/** docs/troubleshooting.md: every cause of the catalogue and every error of the source, under the code that a user sees. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { contracts } from '../../src/actions/contracts.ts'
import { causes } from '../../src/health/causes.ts'
import { defined } from '../../src/runtime/defined.ts'
import type { Input } from '../../src/runtime/inputs.ts'

const classes = {
  A0: 'Terminal: ends the release at once.',
  A1: 'Terminal by nature: ends the release when it persists or repeats, or at once when a second source agrees.',
  B: 'Repetition: ends the release at the second time, with quorum over the pods.',
  C: 'Waiting: never a failure by itself; the release stalls at its deadline.',
  D: 'We cannot know: the verdict is `unknown`, or says who took over.',
} as const

export interface SourceError {
  readonly code: string
  /** Absent where the text is put together at run time. */
  readonly says?: string
  readonly why?: string
  readonly todo?: string
}

export function troubleshootingPage(root: string): string {
  const errors = [...sourceErrors(root), ...inputErrors(), internal].toSorted(byCode)
  return (
    [
      '# Troubleshooting',
      'Written by `npm run generate` from the cause catalogue (`src/health/causes.ts`) and the errors of the source. `…` stands for a value of your run.',
      '## Why a release is not healthy',
      ...Object.entries(causes).map(
        ([code, { blame, class: kind, next }]) =>
          `### ${code}\n\nBlame: ${blame}. ${classes[kind]}\n\n**What to do:** ${next}`,
      ),
      '## Errors before anything is applied',
      ...errors.map(errorSection),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  )
}

/** All errors that src/ can throw, by code; several texts of one code stand together. */
export function sourceErrors(root: string): readonly SourceError[] {
  const folder = join(root, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const found = files.toSorted().flatMap(file => errorsIn(readFileSync(join(folder, file), 'utf8')))
  return found.toSorted(byCode)
}

/** What every input accepts: the error of its parser has the code `input-<name>`. */
function inputErrors(): readonly SourceError[] {
  const inputs = new Map<string, Input<unknown>>()
  for (const contract of contracts) {
    for (const [name, one] of Object.entries(contract.inputs)) inputs.set(name, one)
  }
  return [...inputs].map(([name, { parser, example, default: usual }]) => {
    const such = example ?? usual
    return {
      code: `input-${name}`,
      says: `${name} "…" is not what it must be.`,
      why: `The input \`${name}\` accepts: ${parser.accepts}.`,
      ...(such === undefined ? {} : { todo: `Give it a value such as \`${such}\`.` }),
    }
  })
}

/** See runtime/failure.ts. */
const internal: SourceError = {
  code: 'internal',
  says: 'Slipway met an error that it does not know: …',
  why: 'This is a mistake in Slipway, not in your workflow.',
  todo: 'Run the job again with debug logging and open an issue with its log.',
}

function byCode(a: SourceError, b: SourceError): number {
  return a.code < b.code ? -1 : Number(a.code > b.code)
}

/** Where an error or a reason of a scan is made: its code, then its first sentence. */
const made = [
  /(?:new (?:User|Denied|Remote)Error|super)\(\s*'([a-z0-9-]+)',\s*/g,
  /code: '(scan-[a-z-]+)',\s*says:\s*/g,
]

/** Kinds of errors (errors.ts), which are handed to the same constructor as codes. */
const kinds = new Set(['user', 'denied', 'remote'])

function errorsIn(text: string): readonly SourceError[] {
  return made
    .flatMap(pattern => [...text.matchAll(pattern)])
    .filter(([, code]) => !kinds.has(code ?? ''))
    .map(match => {
      const end = match.index + match[0].length
      const advice = text.slice(end, end + 900).split(/\n\s*\}(?:\)|,\n)/)[0] ?? ''
      return defined({
        code: match[1] ?? '',
        says: literalAt(text, end),
        why: field(advice, 'why'),
        todo: field(advice, 'todo'),
      })
    })
}

function field(advice: string, name: 'why' | 'todo'): string | undefined {
  const match = new RegExp(String.raw`\b${name}:\s*`).exec(advice)
  return match ? literalAt(advice, match.index + match[0].length) : undefined
}

/** Text of the string or template that begins at `start`, with `…` for the values of a run; undefined for other code. */
function literalAt(source: string, start: number): string | undefined {
  const quote = source[start]
  if (quote !== "'" && quote !== '`') return undefined
  let text = ''
  for (let at = start + 1; at < source.length; at++) {
    const character = source[at]
    if (character === quote) return text.replaceAll('<', '&lt;').trim()
    if (character === '\\') text += source[++at]
    else if (quote === '`' && source.startsWith('${', at)) {
      text += '…'
      at = endOfValue(source, at + 2)
    } else text += character
  }
  return undefined
}

/** Index of the brace that closes the value which begins at `start`; values hold templates that hold values. */
function endOfValue(source: string, start: number): number {
  let depth = 1
  for (let at = start; at < source.length; at++) {
    if (source[at] === '{') depth++
    if (source[at] === '}' && --depth === 0) return at
  }
  return source.length
}

function errorSection({ code, says, why, todo }: SourceError, index: number, all: readonly SourceError[]): string {
  const heading = all[index - 1]?.code === code ? [] : [`### ${code}`]
  return [
    ...heading,
    ...(says === undefined ? [] : [`> ${says}`]),
    ...(why === undefined ? [] : [why]),
    ...(todo === undefined ? [] : [`**What to do:** ${todo}`]),
  ].join('\n\n')
}
