import type { Block, Inline, Report, Text, Tone } from './document.ts'
import { cleanText, withoutCommands } from './document.ts'
import { mermaidGantt } from './mermaid.ts'

const marks: Readonly<Record<Tone, string>> = { good: '✅', bad: '❌', warn: '⚠️', neutral: '⚪' }

/** GitHub-flavoured Markdown for step summaries, comments and checks. The same report gives the same bytes. */
export function markdown(report: Report): string {
  return withoutCommands(`### ${marks[report.tone]} ${inline(report.headline)}\n\n${blocks(report.blocks)}\n`)
}

/** Blocks without a headline, to stand below a report. */
export function markdownBlocks(given: readonly Block[]): string {
  return withoutCommands(blocks(given))
}

/**
 * Prose that stays prose: no markup, no HTML, no mention of people or issues.
 * GitHub links @names, #numbers, GH-numbers and addresses after rendering, and an address of an issue is a mention on
 * it: a backslash does not stop that, a zero-width space does. What is meant as a link is one.
 */
export function escapeText(text: string): string {
  return cleanText(text)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]~|#$]/g, '\\$&')
    .replaceAll(/@(?=[A-Za-z0-9])/g, '@\u200B')
    .replaceAll(/#(?=\d)/g, '#\u200B')
    .replaceAll(/(?<![A-Za-z\d])GH(?=-\d)/gi, '$&\u200B')
    .replaceAll(/(?:https?|ftp):(?=\/\/)/gi, '$&\u200B')
    .replaceAll(/www(?=\.)/gi, '$&\u200B')
    .replace(/^([-+]|\d+(?=[.)]))(?=[-+.)]?\s)/, marker => (/\d/.test(marker) ? `${marker}\\` : `\\${marker}`))
}

/** Inline code that holds any text, backticks and table bars included. */
export function escapeCode(text: string): string {
  const line = cleanText(text)
    .replaceAll(/\s*\n\s*/g, ' ')
    // A backslash before the bar would take the escape for itself.
    .replaceAll(/\\(?=\|)/g, '\\\u200B')
    .replaceAll('|', '\\|')
  if (line.trim() === '') return ''
  const fence = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

function inline(text: Text): string {
  return text.map(piece).join('')
}

function piece(part: Inline): string {
  if (typeof part === 'string') return escapeInner(part)
  if ('code' in part) return escapeCode(part.code)
  if ('strong' in part) return strong(escapeInner(part.strong))
  return isWebAddress(part.link) ? `[${linkText(part)}](<${address(part.link)}>)` : escapeInner(part.text)
}

/** Blanks inside the stars would leave them as stars. */
function strong(text: string): string {
  const inner = text.trim()
  return inner === '' ? text : text.replace(inner, () => `**${inner}**`)
}

/**
 * Brackets as entities: some readers take the backslash away before they look for links inside a link. An address that
 * leads to itself is shown whole, to be copied.
 */
function linkText({ text, link }: Extract<Inline, { readonly link: string }>): string {
  const escaped = escapeInner(text).replaceAll('\\[', '&#91;').replaceAll('\\]', '&#93;')
  return text === link ? escaped.replaceAll(/(?<=:|www)\u200B(?=\/\/|\.)/gi, '') : escaped
}

/** An address that ends neither the link nor the cell of a table that it is in. */
function address(link: string): string {
  return cleanText(link).replaceAll(/[^\w\-.~:/?#@!$&'()*+,;=%]/gu, encodeURIComponent)
}

/** Spaces at the ends matter between two pieces. */
function escapeInner(text: string): string {
  const [, before = '', middle = '', after = ''] = /^(\s*)([^]*?)(\s*)$/.exec(text) ?? []
  return `${before === '' ? '' : ' '}${escapeText(middle)}${after === '' ? '' : ' '}`
}

function blocks(all: readonly Block[]): string {
  return all.map(block).join('\n\n')
}

function block(given: Block): string {
  switch (given.kind) {
    case 'heading':
      return `#### ${inline(given.text)}`
    case 'text':
      return inline(given.text)
    case 'list':
      return given.items.map((item, index) => `${given.ordered ? `${index + 1}.` : '-'} ${inline(item)}`).join('\n')
    case 'table':
      return table(given)
    case 'code':
      return fenced(given.text)
    case 'chart':
      return `\`\`\`mermaid\n${mermaidGantt(given.chart)}\n\`\`\``
    case 'details':
      break
  }
  return details(given)
}

function details({ summary, blocks: inside }: Extract<Block, { kind: 'details' }>): string {
  return `<details><summary>${summaryText(summary)}</summary>\n\n${blocks(inside)}\n\n</details>`
}

function table({ head, rows, numeric = [] }: Extract<Block, { kind: 'table' }>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((_, index) => (numeric.includes(index) ? '--:' : '---'))
  return [line(head.map(escapeText)), line(rule), ...rows.map(row => line(row.map(inline)))].join('\n')
}

function fenced(text: string): string {
  const clean = cleanText(text).replace(/\n+$/, '')
  const fence = '`'.repeat(Math.max(3, longestRun(clean) + 1))
  return `${fence}text\n${clean}\n${fence}`
}

/** A summary element is HTML: Markdown is not read inside it. */
function summaryText(text: Text): string {
  return text
    .map(part =>
      htmlText(
        typeof part === 'string' ? part : 'code' in part ? part.code : 'strong' in part ? part.strong : part.text,
      ),
    )
    .join('')
}

function htmlText(text: string): string {
  const escaped = cleanText(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return escaped
    .replaceAll(/@(?=[A-Za-z0-9])/g, '@\u200B')
    .replaceAll(/#(?=\d)/g, '#\u200B')
    .replaceAll('\n', ' ')
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}

function isWebAddress(link: string): boolean {
  return /^https?:\/\//.test(link)
}
