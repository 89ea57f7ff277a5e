import type { DocumentFinding, ScanDocument } from './scan-document.ts'

const columns: readonly (readonly [string, (finding: DocumentFinding) => string | number | boolean | undefined])[] = [
  ['decision', ({ decision }) => decision],
  ['severity', ({ severity }) => severity],
  ['id', ({ id }) => id],
  ['package', ({ package: { name } }) => name],
  ['version', ({ package: { version } }) => version],
  ['fixed_in', ({ fixedIn }) => fixedIn],
  ['fix', ({ fix }) => fix],
  ['score', ({ score }) => score],
  ['epss', ({ epss }) => epss],
  ['kev', ({ kev }) => kev],
  ['exploit', ({ exploit }) => exploit],
  ['change', ({ change }) => change],
  ['part', ({ part }) => part],
  ['manager', ({ package: { manager } }) => manager],
  ['path', ({ package: { path } }) => path],
  ['platforms', ({ platforms }) => platforms.join(' ')],
  ['layer', ({ layer }) => layer],
  ['first_seen', ({ firstSeen }) => firstSeen],
  ['rule', ({ rule }) => rule],
  ['waiver_owner', ({ waiver }) => waiver?.owner],
  ['waiver_expires', ({ waiver }) => waiver?.expires],
  ['waiver_reason', ({ waiver }) => waiver?.reason],
  ['aliases', ({ aliases }) => aliases.join(' ')],
  ['title', ({ title }) => title],
  ['uri', ({ uri }) => uri],
]

/**
 * A row per finding (RFC 4180: quoted, CRLF). A text that a spreadsheet would take for a formula gets an apostrophe in
 * front, as OWASP advises (CSV Injection), full-width signs and leading blanks included. Pure.
 */
export function scanCsv({ findings }: ScanDocument): string {
  const rows = [columns.map(([name]) => name), ...findings.map(finding => columns.map(([, of]) => of(finding)))]
  return rows.map(row => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '""'
  if (typeof value !== 'string') return `"${String(value)}"`
  const line = value.replaceAll(/\s*[\r\n\t]+\s*/g, ' ')
  const safe = /^[\s\p{Cf}]*[=+\-@|%＝＋－＠]/u.test(line) ? `'${line}` : line
  return `"${safe.replaceAll('"', '""')}"`
}
