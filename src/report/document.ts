import type { Chart } from './chart.ts'

/** How a report feels at first sight. */
export type Tone = 'good' | 'bad' | 'warn' | 'neutral'

/** A piece of text. Plain strings are prose and are escaped by every renderer. */
export type Inline =
  | string
  | { readonly code: string }
  | { readonly strong: string }
  | { readonly link: string; readonly text: string }

export type Text = readonly Inline[]

export type Block =
  | { readonly kind: 'heading'; readonly text: Text }
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly Text[] }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly (readonly Text[])[]
      readonly numeric?: readonly number[]
    }
  | { readonly kind: 'code'; readonly text: string }
  /** A diagram in Markdown, drawn in a page. */
  | { readonly kind: 'chart'; readonly chart: Chart }
  | { readonly kind: 'details'; readonly summary: Text; readonly blocks: readonly Block[] }

/** A report without a form: markdown.ts and html.ts give it one. */
export interface Report {
  /** For the title bar of a page: plain text. */
  readonly title: string
  readonly tone: Tone
  /** The verdict, one line. */
  readonly headline: Text
  /** In the order of the questions: what happened, what to do, then the details. */
  readonly blocks: readonly Block[]
}

// oxlint-disable-next-line no-control-regex -- terminal sequences are what this is about
const terminal = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\^_])/g
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g
/** Marks that reorder text on screen (CVE-2021-42574). */
const reordering = /[\u202A-\u202E\u2066-\u2069]/g

/** What no XML may hold. Halves of a pair, which UTF-8 cannot, become the sign for what is broken. */
const unencodable = /[\uFFFE\uFFFF]/g

/** Text of foreign systems, safe to show: no colours, no control characters, nothing that reorders it. */
export function cleanText(text: string): string {
  return text
    .replace(terminal, '')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replaceAll(/[\u2028\u2029]/g, '\n')
    .replace(control, '')
    .replace(reordering, '')
    .replace(unencodable, '')
    .toWellFormed()
}

/**
 * A runner reads `::error::…` and `##[error]…` at the start of a line as a command, whoever printed it.
 * A zero-width space in between looks the same and is none.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^(\s*):(?=:)/gm, '$1:\u200B').replaceAll('##[', '##\u200B[')
}

/** `3.1 s`, `2 min 5 s` */
export function formatSeconds(seconds: number): string {
  if (seconds < 119.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const rest = whole % 60
  return `${Math.floor(whole / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}

/** `1 finding`, `3 findings` */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}

/** First seven digits, as people read commits. */
export function shortCommit(commit: string): string {
  return commit.slice(0, 7)
}
