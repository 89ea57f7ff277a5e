import { describe, expect, test } from '@jest/globals'
import type { Block, Report } from '../../../src/report/document.ts'
import { cleanText, formatSeconds, withoutCommands } from '../../../src/report/document.ts'
import { htmlPage } from '../../../src/report/html.ts'
import { escapeHtml } from '../../../src/report/html-text.ts'
import { escapeCode, escapeText, markdown } from '../../../src/report/markdown.ts'

function report(...blocks: readonly Block[]): Report {
  return { title: 'A <title>', tone: 'good', headline: [{ strong: 'shop' }, ' healthy'], blocks }
}

describe('prose in Markdown stays prose', () => {
  test.each([
    ['a | b', 'a \\| b'],
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['&amp;', '&amp;amp;'],
    ['**bold** _it_ `code` ~~no~~', '\\*\\*bold\\*\\* \\_it\\_ \\`code\\` \\~\\~no\\~\\~'],
    ['[text](https://evil.example)', '\\[text\\](https:\u200B//evil.example)'],
    ['see http://a.example/1 and www.a.example', 'see http:\u200B//a.example/1 and www\u200B.a.example'],
    ['fixes GH-12, not HIGH-12', 'fixes GH\u200B-12, not HIGH-12'],
    ['![](x)', '!\\[\\](x)'],
    ['ask @ada', 'ask @\u200Bada'],
    ['fixes #12', 'fixes \\#\u200B12'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['3.11 is fine', '3.11 is fine'],
    ['$x$', '\\$x\\$'],
    ['one\n\n# two', 'one \\# two'],
    ['\u001B[31mred\u001B[0m', 'red'],
  ])('%j', (text, expected) => {
    expect(escapeText(text)).toBe(expected)
  })
})

describe('inline code in Markdown', () => {
  test.each([
    ['a', '`a`'],
    ['a`b', '``a`b``'],
    ['`a`', '`` `a` ``'],
    ['a|b', '`a\\|b`'],
    ['a\nb', '`a b`'],
    ['', ''],
  ])('%j', (text, expected) => {
    expect(escapeCode(text)).toBe(expected)
  })
})

describe('a report in Markdown', () => {
  test('begins with the verdict', () => {
    expect(markdown(report({ kind: 'text', text: ['Fine.'] }))).toBe('### ✅ **shop** healthy\n\nFine.\n')
  })

  test('keeps a table whole, whatever its cells hold', () => {
    const rows = [[['a|b'], [{ code: 'c|d' }], ['e\nf']]] as const
    expect(markdown(report({ kind: 'table', head: ['One', 'Two', 'Three'], numeric: [2], rows }))).toContain(
      '| One | Two | Three |\n| --- | --- | --: |\n| a\\|b | `c\\|d` | e f |\n',
    )
  })

  test('fences a log so that the log cannot end the fence', () => {
    expect(markdown(report({ kind: 'code', text: 'a\n```\n# b\n' }))).toContain('````text\na\n```\n# b\n````')
  })

  test('folds details, whose title is HTML', () => {
    const block: Block = {
      kind: 'details',
      summary: ['More <b> @ada'],
      blocks: [{ kind: 'list', ordered: true, items: [['one'], ['two']] }],
    }
    expect(markdown(report(block))).toContain(
      '<details><summary>More &lt;b&gt; @\u200Bada</summary>\n\n1. one\n2. two\n\n</details>',
    )
  })

  test('links to the web only', () => {
    expect(markdown(report({ kind: 'text', text: [{ link: 'https://x.example/a b', text: 'x' }] }))).toContain(
      '[x](<https://x.example/a%20b>)',
    )
    expect(markdown(report({ kind: 'text', text: [{ link: 'javascript:alert(1)', text: 'x' }] }))).not.toContain(
      'javascript',
    )
  })

  test('holds no command for the runner, also inside a log', () => {
    const text = markdown(report({ kind: 'code', text: '::error::no\n  ::add-mask::x\n##[error]no' }))
    expect(text).not.toMatch(/^\s*::|##\[/m)
  })
})

describe('a report as a page', () => {
  const page = htmlPage(
    report(
      { kind: 'code', text: '</code><script>alert(1)</script>' },
      {
        kind: 'text',
        text: [
          { link: 'javascript:alert(1)', text: 'x' },
          { link: 'https://a.example/?b=1&c="2"', text: 'y' },
        ],
      },
    ),
  )

  test('needs nothing from elsewhere and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|javascript:/i)
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'")
    expect(page).toContain('<title>A &lt;title&gt;</title>')
    expect(page).toContain('&lt;/code&gt;&lt;script&gt;')
    expect(page).toContain('href="https://a.example/?b=1&amp;c=&quot;2&quot;"')
  })

  test('is light and dark, and can be printed', () => {
    expect(page).toContain('prefers-color-scheme:dark')
    expect(page).toContain('@media print')
  })

  test('says the verdict first', () => {
    expect(page).toContain('<header class="good"><h1><strong>shop</strong> healthy</h1></header>')
  })
})

test('text of foreign systems loses colours, control characters and marks that reorder it', () => {
  expect(cleanText('\u001B]0;title\u0007a\u001B[1;31mb\u0000c\u202Ed\r\ne\tf')).toBe('abcd\ne\tf')
  expect(escapeHtml(`<a b='c' d="e">&`)).toBe('&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;')
})

test('only the start of a line is a command', () => {
  expect(withoutCommands('std::string ::a')).toBe('std::string ::a')
  expect(withoutCommands('::a')).toBe(':\u200B:a')
})

test.each([
  [0, '0.0 s'],
  [3.149, '3.1 s'],
  [119.9, '119.9 s'],
  [119.99, '2 min'],
  [125, '2 min 5 s'],
])('%d seconds read %s', (seconds, expected) => {
  expect(formatSeconds(seconds)).toBe(expected)
})
