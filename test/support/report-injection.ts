/** Hostile names, titles, paths and reasons through every renderer of a scan: the shape of each file must stay what it is with harmless ones. */
import { marked } from 'marked'
import { htmlPage } from '../../src/report/html.ts'
import { scanComment } from '../../src/report/scan-comment.ts'
import { scanReport, scanSummary } from '../../src/report/scan-report.ts'
import { renderers, scanDocument } from '../../src/report/scan-surfaces.ts'
import type { ScanResult } from '../../src/scan/model.ts'
import { Chance } from '../world/chance.ts'
import { seededScan } from './scan-results.ts'
import { sarifValidator } from './sarif-schema.ts'

const attacks = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '</details></td></table>',
  '<!-- comment',
  ']]><failure message="x"/>',
  '<![CDATA[x]]>',
  '&lt;&amp;&#10;&nosuch;',
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>&x;',
  '=HYPERLINK("http://evil.example","x")',
  "+1+cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(1+1)',
  '\t=1+1',
  '\r\n=1+1',
  '","=1+1","',
  '＝1+1',
  '\u200B=1',
  '[click](javascript:alert(1))',
  '![x](https://evil.example/x.png)',
  '[x](1)',
  '](1) {0} {{1}}',
  '| a | b |\n| --- | --- |',
  '\n\n# heading\n\n- item',
  '\n```\ncode\n```\n',
  '`` ` ``',
  '*bold* _it_ ~~no~~ $x$',
  '@everyone fixes #12',
  'fixes GH-12',
  'https://github.com/acme/other/issues/1',
  'www.evil.example/x',
  '\n::error::pwned',
  '::set-output name=a::b',
  '##[error]pwned',
  '%0A::error::pwned',
  '\u001B[31mred\u001B[0m',
  '\u001B]8;;https://evil.example\u0007x',
  '\u202Egnp.exe\u202C',
  '\u2066hidden\u2069',
  '\u0000\u0007\u0008\u007F\u0085',
  '\uD800',
  '\uDC00\uD800',
  '\uFFFE\uFFFF',
  '\\',
  '\\"},"runs":[]}',
  '\u2028\u2029',
  '${{ github.token }}',
  '../../../../etc/passwd',
  '😀漢é',
] as const

/** Puts attacks into every text, each at its start, in its middle or at its end. */
function hostile(chance: Chance): (plain: string) => string {
  return plain => {
    const attack = `${chance.one(attacks)}${chance.sometimes(0.3) ? chance.one(attacks) : ''}`
    const at = chance.one([0, 0, Math.floor(plain.length / 2), plain.length])
    return plain.slice(0, at) + attack + plain.slice(at)
  }
}

/** Addresses of findings replaced; kept in step with the harmless scan by their place. */
function withUris(result: ScanResult, uriOf: (index: number) => string | undefined): ScanResult {
  const judged = result.judged.map((one, index) => {
    const { uri: _, ...finding } = one.finding
    const uri = uriOf(index)
    return { ...one, finding: uri === undefined ? finding : { ...finding, uri } }
  })
  const findings = judged.map(({ finding }) => finding)
  const rules = judged.flatMap(one => (one.decision === 'blocks' ? [{ finding: one.finding, rule: one.rule }] : []))
  return { ...result, judged, findings, blocking: rules }
}

const isSarif = sarifValidator()

/** What is wrong with any of the files of case `seed`; nothing when all hold. */
export function injectionProblems(seed: number): readonly string[] {
  const chance = new Chance(seed * 7919)
  const say = hostile(chance)
  const base = 'https://nvd.nist.gov/vuln/detail/CVE'
  const uris = Array.from({ length: 3 }, () => (chance.sometimes(0.3) ? `${base}${chance.one(attacks)}` : base))
  const bad = withUris(seededScan(3, seed, say), index => uris[index])
  const plain = withUris(seededScan(3, seed), () => base)
  const document = scanDocument(bad)
  // The document leaves out what is no whole address: the harmless one has none there either.
  const same = scanDocument(withUris(plain, index => document.findings[index]?.uri && base))
  const rendered = {
    html: htmlPage(scanReport(bad)),
    markdown: scanSummary(bad),
    comment: scanComment(bad),
    json: renderers.json(document),
    sarif: renderers.sarif(document),
    csv: renderers.csv(document),
    junit: renderers.junit(document),
  }
  return [
    ...Object.entries(rendered).flatMap(([name, text]) => carried(text).map(what => `${name}: ${what}`)),
    ...differs('html', tags(rendered.html), tags(htmlPage(scanReport(plain)))),
    ...differs('markdown', tags(html(rendered.markdown)), tags(html(scanSummary(plain)))),
    ...references(rendered.markdown).map(what => `markdown: ${what}`),
    ...references(rendered.comment).map(what => `comment: ${what}`),
    ...differs('comment', tags(html(rendered.comment)), tags(html(scanComment(plain)))),
    ...(/^\s*::|##\[/m.test(rendered.markdown) ? ['markdown: a workflow command'] : []),
    ...(JSON.stringify(JSON.parse(rendered.json)) === JSON.stringify(document) ? [] : ['json: another document']),
    ...sarifProblems(rendered.sarif, renderers.sarif(same)),
    ...csvProblems(rendered.csv, bad.judged.length),
    ...differs('junit', xmlTags(rendered.junit), xmlTags(renderers.junit(same))),
  ]
}

function html(markdown: string): string {
  return marked.parse(markdown, { async: false })
}

/** What GitHub links in prose after it has rendered: numbers of issues, names of people. */
function references(markdown: string): readonly string[] {
  const prose = html(markdown)
    .replaceAll(/<code>[^<]*<\/code>/g, '')
    .replaceAll(/<[^>]*>/g, '')
  return prose.match(/(?<![A-Za-z\d])GH-\d|(?<!&)#\d|@[A-Za-z\d]/gi)?.map(what => `a reference: ${what}`) ?? []
}

/** What no surface may carry, in any spelling. */
function carried(text: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  const raw = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/.exec(text)
  const escaped = /\\u(?:00[01][0-9a-f]|202[a-e]|206[6-9]|d[89a-f][0-9a-f]{2})/i.exec(text.replaceAll('\\\\', ''))
  return [
    ...(raw === null ? [] : [`the character ${JSON.stringify(raw[0])}`]),
    ...(escaped === null ? [] : [`the character ${escaped[0]}`]),
    ...(text.isWellFormed() ? [] : ['half of a pair']),
  ]
}

function differs(where: string, got: readonly string[], expected: readonly string[]): readonly string[] {
  const at = Array.from({ length: Math.max(got.length, expected.length) }, (_, index) => index).find(
    index => got[index] !== expected[index],
  )
  return at === undefined ? [] : [`${where}: ${got[at] ?? 'nothing'} where ${expected[at] ?? 'nothing'} belongs`]
}

/** Every tag of a page with the names of its attributes, in order. A `<` that begins none is one too. */
function tags(page: string): readonly string[] {
  return [...page.matchAll(/<(?:[^"'>]|"[^"]*"|'[^']*')*>?/g)].map(([tag]) => {
    const name = /^<[!/]?[a-z0-9]*/i.exec(tag)?.[0] ?? '<'
    const script = /(?:href|src)="\s*(?:javascript|data|vbscript):/i.test(tag) ? ' script' : ''
    const attributes = tag.matchAll(/\s([^\s="'<>]+)=(?:"[^"]*"|'[^']*')/g)
    return [name, ...[...attributes].map(([, attribute]) => attribute)].join(' ') + script
  })
}

const reference = '&(?:amp|lt|gt|quot|#(?:9|10|39));'
const xmlText = `(?:[^<&\\]]|\\](?!\\]>)|${reference})`
const xmlToken = new RegExp(`<(/?)([a-z-]+)((?:\\s[a-z]+="(?:[^"<&]|${reference})*")*)(/?)>|(${xmlText}+)`, 'y')

/** Tags of an XML file with the names of their attributes; says where it is not well formed. */
function xmlTags(file: string): readonly string[] {
  const prolog = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!file.startsWith(prolog)) return ['no prolog']
  const found: string[] = []
  const open: string[] = []
  for (let at = prolog.length; at < file.length;) {
    xmlToken.lastIndex = at
    const token = xmlToken.exec(file)
    if (token === null) return [`not well formed at ${JSON.stringify(file.slice(at, at + 40))}`]
    at = xmlToken.lastIndex
    const [, end, name, attributes = '', closed] = token
    if (name === undefined) continue
    if (end === '/' && open.pop() !== name) return [`${name} closes another`]
    if (end === '' && closed === '') open.push(name)
    const names = [...attributes.matchAll(/\s([a-z]+)="[^"]*"/g)].map(([, attribute]) => attribute)
    if (new Set(names).size < names.length) return [`${name} has an attribute twice`]
    found.push(`${end}${name} ${names.join(' ')}`)
  }
  return open.length === 0 ? found : [`${open.join(', ')} not closed`]
}

interface Log {
  readonly runs: readonly [
    {
      readonly tool: {
        readonly driver: { readonly rules: readonly { readonly help: { readonly markdown: string } }[] }
      }
      readonly results: readonly { readonly ruleId: string; readonly message: { readonly text: string } }[]
    },
  ]
}

function sarifProblems(file: string, plain: string): readonly string[] {
  const log = JSON.parse(file) as Log
  const harmless = JSON.parse(plain) as Log
  const helps = ({ runs: [run] }: Log): readonly string[] =>
    run.tool.driver.rules.flatMap(({ help }) => tags(html(help.markdown)))
  const { results } = log.runs[0]
  return [
    ...(isSarif(log) ? [] : [`sarif: ${isSarif.errors?.[0]?.message ?? 'not by the schema'}`]),
    ...(results.length === harmless.runs[0].results.length ? [] : [`sarif: ${results.length} results`]),
    ...differs('sarif help', helps(log), helps(harmless)),
    // Links and placeholders of messages (SARIF 3.11.5 and 3.11.6): none may come from a foreign text.
    ...results.flatMap(({ message: { text } }) =>
      /(?<!\\)(?:\\\\)*[[\]]/.test(text) || /(?<!\{)(?:\{\{)*\{(?!\{)/.test(text) ? [`sarif: a link in ${text}`] : [],
    ),
  ]
}

function csvProblems(file: string, findings: number): readonly string[] {
  const rows: string[][] = [[]]
  const cell = /"((?:[^"]|"")*)"(,|\r\n)/y
  for (let at = 0; at < file.length; at = cell.lastIndex) {
    cell.lastIndex = at
    const found = cell.exec(file)
    if (found === null) return [`csv: not by RFC 4180 at ${JSON.stringify(file.slice(at, at + 40))}`]
    rows.at(-1)?.push((found[1] ?? '').replaceAll('""', '"'))
    if (found[2] === '\r\n') rows.push([])
  }
  rows.pop()
  const columns = rows[0]?.length
  const formula = rows.flat().find(text => /^[\s\p{Cf}]*[=+\-@＝＋－＠]/u.test(text))
  return [
    ...(rows.length === findings + 1 ? [] : [`csv: ${rows.length} rows`]),
    ...(rows.every(row => row.length === columns) ? [] : ['csv: rows of different lengths']),
    ...(rows.flat().every(text => !/[\r\n]/.test(text)) ? [] : ['csv: a line break in a cell']),
    ...(formula === undefined ? [] : [`csv: the formula ${JSON.stringify(formula)}`]),
  ]
}
