import type { Block, Inline, Report, Text } from './document.ts'
import { htmlChart } from './html-chart.ts'
import { escapeHtml } from './html-text.ts'

/** One page that needs nothing else: no scripts, no remote files, light and dark, fit for print. The same report gives the same bytes. */
export function htmlPage(report: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(report.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header class="${report.tone}"><h1>${inline(report.headline)}</h1></header>
${report.blocks.map(block).join('\n')}
</main>
</body>
</html>
`
}

function inline(text: Text): string {
  return text.map(piece).join('')
}

function piece(part: Inline): string {
  if (typeof part === 'string') return escapeHtml(part)
  if ('code' in part) return `<code>${escapeHtml(part.code)}</code>`
  if ('strong' in part) return `<strong>${escapeHtml(part.strong)}</strong>`
  return /^https?:\/\//.test(part.link)
    ? `<a href="${escapeHtml(part.link)}" rel="noreferrer">${escapeHtml(part.text)}</a>`
    : escapeHtml(part.text)
}

function block(given: Block): string {
  switch (given.kind) {
    case 'heading':
      return `<h2>${inline(given.text)}</h2>`
    case 'text':
      return `<p>${inline(given.text)}</p>`
    case 'list': {
      const tag = given.ordered ? 'ol' : 'ul'
      return `<${tag}>${given.items.map(item => `<li>${inline(item)}</li>`).join('')}</${tag}>`
    }
    case 'table':
      return table(given)
    case 'code':
      return `<pre tabindex="0"><code>${escapeHtml(given.text)}</code></pre>`
    case 'chart':
      return htmlChart(given.chart)
    case 'details':
      break
  }
  return details(given)
}

function details({ summary, blocks }: Extract<Block, { kind: 'details' }>): string {
  return `<details><summary>${inline(summary)}</summary>\n${blocks.map(block).join('\n')}\n</details>`
}

function table({ head, rows, numeric = [] }: Extract<Block, { kind: 'table' }>): string {
  const cell = (tag: string, html: string, index: number): string =>
    `<${tag}${numeric.includes(index) ? ' class="n"' : ''}>${html}</${tag}>`
  const headings = head.map((text, index) => cell('th', escapeHtml(text), index)).join('')
  const body = rows
    .map(row => `<tr>${row.map((text, index) => cell('td', inline(text), index)).join('')}</tr>`)
    .join('\n')
  return `<div class="scroll"><table><thead><tr>${headings}</tr></thead>\n<tbody>${body}</tbody></table></div>`
}

const style = `
:root{--ink:#1f2328;--soft:#59636e;--paper:#fff;--panel:#f6f8fa;--line:#d1d9e0;--link:#0969da;--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--neutral:#59636e}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--paper:#0d1117;--panel:#151b23;--line:#3d444d;--link:#4493f8;--good:#3fb950;--bad:#f85149;--warn:#d29922;--neutral:#9198a1}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header{border-left:.4rem solid var(--neutral);padding:.35rem 0 .35rem 1rem;margin-bottom:1.5rem}
header.good{border-color:var(--good)}header.bad{border-color:var(--bad)}header.warn{border-color:var(--warn)}
h1{font-size:1.5rem;line-height:1.3;margin:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:1.75rem 0 .5rem}
p,ul,ol{margin:.5rem 0}
li{margin:.25rem 0}
a{color:var(--link)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
code{background:var(--panel);padding:.1em .35em;border-radius:.3em;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.75rem 1rem;overflow-x:auto;line-height:1.45}
pre code{background:none;padding:0;overflow-wrap:normal}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9375rem;margin:.5rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
details{border:1px solid var(--line);border-radius:.4rem;margin:1rem 0;padding:.5rem 1rem}
summary{cursor:pointer;font-weight:600}
.chart{border:1px solid var(--line);border-radius:.4rem;padding:.5rem 1rem;margin:.75rem 0;font-size:.9375rem}
.chart h3{font-size:.9375rem;margin:.6rem 0 .15rem;overflow-wrap:anywhere}
.line,.axis{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,3fr);gap:0 1rem;align-items:center}
.line b{font-weight:400;color:var(--soft);overflow-wrap:anywhere}
.line small{color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}
.track{position:relative;height:1rem;background:var(--panel);border-radius:.25rem}
.bar{position:absolute;top:.2rem;height:.6rem;min-width:.25rem;border-radius:.2rem;background:var(--neutral)}
.mark{position:absolute;top:.2rem;width:.6rem;height:.6rem;margin-left:-.3rem;transform:rotate(45deg);background:var(--neutral)}
.bar.good,.mark.good{background:var(--good)}.bar.bad,.mark.bad{background:var(--bad)}.bar.warn,.mark.warn{background:var(--warn)}
.axis{margin-top:.35rem;color:var(--soft);font-size:.8125rem}
.axis div{display:flex;justify-content:space-between;font-variant-numeric:tabular-nums}
@media (max-width:40rem){.line,.axis{grid-template-columns:1fr}.axis b{display:none}}
@media print{.bar,.mark,.track{print-color-adjust:exact}}
@media print{main{max-width:none;padding:0}details{border:0;padding:0}details::details-content{content-visibility:visible;display:block;height:auto}pre{white-space:pre-wrap}a{color:inherit}tr,pre{break-inside:avoid}}
`
