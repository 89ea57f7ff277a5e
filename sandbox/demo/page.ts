/** A step summary as GitHub shows it: Markdown in a page. */
import { marked } from 'marked'

const style = `
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { border: 1px solid #8884; padding: .4rem .8rem; text-align: left; vertical-align: top }
code, pre { font: .875em/1.45 ui-monospace, monospace; background: #8882; border-radius: 4px }
code { padding: .15em .35em; overflow-wrap: anywhere }
pre { padding: 1rem; overflow-x: auto }
pre code { background: none; padding: 0 }
section { border: 1px solid #8884; border-radius: 8px; padding: 0 1.5rem 1rem; margin: 1.5rem 0 }
summary { cursor: pointer }`

/** The summaries of a run's steps, one section each. */
export function summaryPage(title: string, summaries: readonly string[]): string {
  const sections = summaries.map(summary => `<section>${marked.parse(summary, { async: false, gfm: true })}</section>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}
</style>
</head>
<body>
<h1>${title}</h1>
${sections.join('\n')}
</body>
</html>
`
}
