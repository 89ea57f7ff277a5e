import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { messageOf, UserError } from '../runtime/errors.ts'
import type { Parser } from '../runtime/inputs.ts'
import { nearest } from '../runtime/nearest.ts'
import { refuse, splitList } from '../runtime/parsers.ts'
import type { ScanResult } from '../scan/model.ts'
import { hideIn } from './hide-in.ts'

const formats = ['sarif', 'json', 'csv', 'junit'] as const
type Format = (typeof formats)[number]

/** Path of each format that is asked for. */
type ReportFiles = Readonly<Partial<Record<Format, string>>>

/** `sarif=scan.sarif, json=out/scan.json`: each format once, each path once, inside the checkout. */
export const reportFiles: Parser<ReportFiles> = {
  accepts: 'list of `sarif=PATH`, `json=PATH`, `csv=PATH`, `junit=PATH`',
  parse(value, name) {
    const files = new Map<Format, string>()
    for (const entry of splitList(value)) {
      const [format, path] = parseEntry(entry, name)
      if (files.has(format)) throw refuse(name, `${name} gives ${format} twice.`, `Give one path for ${format}.`)
      if ([...files.values()].includes(path))
        throw refuse(name, `${name} gives "${path}" to two formats.`, 'Give each format a file of its own.')
      files.set(format, path)
    }
    return Object.fromEntries(files)
  },
}

function parseEntry(entry: string, name: string): readonly [Format, string] {
  const equals = entry.indexOf('=')
  const word = entry.slice(0, Math.max(0, equals)).trim()
  const given = entry.slice(equals + 1).trim()
  if (equals < 1 || given === '')
    throw refuse(name, `"${entry}" in ${name} is not of the form FORMAT=PATH.`, 'Write it like sarif=scan.sarif.')
  const format = formats.find(one => one === word.toLowerCase())
  if (format === undefined) {
    const meant = nearest(word, formats)
    throw refuse(
      name,
      `"${word}" in ${name} is no format of a report.`,
      meant ? `Did you mean ${meant}?` : `Use one of ${formats.join(', ')}.`,
    )
  }
  const path = normalize(given)
  if (/^(?:[/\\]|[A-Za-z]:|\.\.(?:[/\\]|$))/.test(path) || path === '.' || /[/\\]$/.test(path))
    throw refuse(
      name,
      `"${given}" in ${name} is no file inside the checkout.`,
      'Give a path such as reports/scan.sarif.',
    )
  return [format, path]
}

/** Makes the folders of the files, before anything else happens: a place that cannot be written to is an error now. */
export async function prepareReportFiles(files: ReportFiles, workspace: string): Promise<ReportFiles> {
  const prepared = await Promise.all(
    Object.entries(files).map(async ([format, path]) => {
      const file = join(workspace, path)
      const cannot = (why: string): UserError =>
        new UserError('input-reports', `"${path}" in reports cannot be written.`, {
          why,
          todo: 'Give the path of a file in a folder of the checkout that this job may write to.',
        })
      await mkdir(dirname(file), { recursive: true }).catch((thrown: unknown) => {
        throw cannot(`${messageOf(thrown)}.`)
      })
      const present = await stat(file).catch(() => undefined)
      if (present?.isDirectory()) throw cannot('It is a folder.')
      return [format, file] as const
    }),
  )
  return Object.fromEntries(prepared)
}

/** Writes the reports, secrets hidden, and gives their paths. Loads what renders them only when one is asked for. */
export async function writeReportFiles(
  files: ReportFiles,
  result: ScanResult,
  hide: (text: string) => string,
): Promise<ReportFiles> {
  if (Object.keys(files).length === 0) return files
  const { scanDocument, renderers } = await import('../report/scan-surfaces.ts')
  const document = hideIn(scanDocument(result), hide)
  for (const format of formats) {
    const file = files[format]
    if (file !== undefined) await writeFile(file, renderers[format](document))
  }
  return files
}
