import { constructFromEvents, CORE_SCHEMA, parseEvents, YAMLException } from 'js-yaml'
import english from 'zod/v4/locales/en.js'
import type * as z from 'zod/mini'
import { UserError } from './errors.ts'

import { documentLines, placeAt, sayPath } from './yaml-lines.ts'
import type { Path } from './yaml-lines.ts'

/** A file of settings: its value, and where each part of it stands. */
export interface YamlFile {
  readonly path: string
  /** Undefined for an empty file. */
  readonly value: unknown
  /** Line of the value at `path`, from 1; that of the nearest one around it where it has none. */
  lineOf(path: Path): number
  /** `policy.yaml:12:5` */
  placeOf(path: Path): string
}

/** What an error about a file of settings carries. */
export interface MistakeKind {
  /** Code of the error: its anchor in docs/troubleshooting.md. */
  readonly code: string
  readonly todo: string
}

/** Reads a file of settings: one YAML document. Throws UserError `config-no-yaml` with line and column. */
export function readYamlFile(text: string, path: string): YamlFile {
  try {
    const events = parseEvents(text, { filename: path })
    const values = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, filename: path })
    if (values.length > 1) throw noYaml(path, 'it has more than one document')
    const [lines = { line: 1, column: 1, below: new Map() }] = documentLines(events, text)
    return {
      path,
      value: values[0],
      lineOf: at => placeAt(lines, at).line,
      placeOf: at => `${path}:${placeAt(lines, at).line}:${placeAt(lines, at).column}`,
    }
  } catch (thrown) {
    if (!(thrown instanceof YAMLException)) throw thrown
    const { mark } = thrown
    throw noYaml(mark ? `${path}:${mark.line + 1}:${mark.column + 1}` : path, thrown.reason)
  }
}

/** `slipway.yaml:12:5: "scan.fail-on[0]" is no severity.` */
export function mistakeAt(file: YamlFile, at: Path, says: string, { code, todo }: MistakeKind): UserError {
  const named = at.length === 0 ? '' : `"${sayPath(at)}" `
  return new UserError(code, `${file.placeOf(at)}: ${named}${says}.`, { todo })
}

/** What a schema reads from a file; `empty` stands for an empty one. Throws UserError with the first mistake. */
export function validated<T extends z.ZodMiniType>(
  file: YamlFile,
  schema: T,
  empty: z.input<T>,
  kind: MistakeKind,
): z.output<T> {
  // zod/mini speaks no language of its own.
  const result = schema.safeParse(file.value ?? empty, { error: english().localeError })
  if (result.success) return result.data
  const { at, says } = innermost(result.error.issues)
  throw mistakeAt(file, at, says, kind)
}

interface Found {
  readonly at: Path
  readonly says: string
}

/** Of several shapes that a value may have, the one that fits best is meant: its mistake is the deepest. */
function innermost([issue]: readonly z.core.$ZodIssue[], above: Path = []): Found {
  if (issue === undefined) return { at: above, says: 'is not valid' }
  const at = [...above, ...issue.path.map(step => (typeof step === 'number' ? step : String(step)))]
  if (issue.code === 'unrecognized_keys') return { at: [...at, issue.keys[0] ?? ''], says: 'is not known here' }
  if (issue.code !== 'invalid_union') return { at, says: spoken(issue.message) }
  const inner = issue.errors.map(errors => innermost(errors, at))
  return inner.toSorted((a, b) => b.at.length - a.at.length)[0] ?? { at, says: 'is not valid' }
}

/** Our own sentences go on after the name of the field; those of the schema's library are sentences of their own. */
function spoken(message: string): string {
  if (/^(?:is |has |names |")/.test(message)) return message
  return `is not right: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
}

function noYaml(place: string, why: string): UserError {
  return new UserError('config-no-yaml', `${place} is not YAML: ${why}.`, { todo: 'Correct the file.' })
}
