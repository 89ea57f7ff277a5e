import { YAMLException } from 'js-yaml'
import type { KubeObject } from '../../kubernetes/model.ts'
import { isRecord } from '../../kubernetes/objects.ts'
import { messageOf, sayPlace, UserError } from '../../runtime/errors.ts'
import type { Place } from '../../runtime/errors.ts'
import { lineAt } from '../../runtime/yaml-lines.ts'
import type { Manifest } from './model.ts'
import type { Lines } from '../../runtime/yaml-lines.ts'
import { parseDocuments } from './yaml.ts'
import type { YamlDocument } from './yaml.ts'

/** Where a line of a text belongs: itself in its file, or what it was rendered from. */
export type PlaceOfLine = (line: number) => Place

/**
 * The objects of a text, in its order; `List` objects are taken apart, empty documents passed over.
 * Throws UserError with the place when it is no YAML or holds something that is no object.
 */
export function parseManifests(text: string, placeOf: PlaceOfLine): readonly (Manifest & { readonly lines: Lines })[] {
  return parse(text, placeOf).flatMap(({ value, lines }) =>
    value === null || value === undefined ? [] : manifestsOf(value, lines, placeOf),
  )
}

function parse(text: string, placeOf: PlaceOfLine): readonly YamlDocument[] {
  try {
    return parseDocuments(text)
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined
    const reason = error instanceof YAMLException ? error.reason : messageOf(error)
    const template = mark && templateLine(text, mark.line, reason)
    if (template !== undefined) throw isTemplate(placeOf(template))
    const place = mark ? placeOf(mark.line + 1) : { file: placeOf(1).file }
    throw new UserError('manifest-no-yaml', `${sayPlace(place)} is not YAML: ${reason}.`, {
      todo: 'Mend that line or the one before it.',
      place,
    })
  }
}

/**
 * The line of the `{{ }}` that made a text unreadable; undefined when that was something else. `a: {{ b }}` reads as a
 * mapping within a mapping: js-yaml then speaks of complex keys, and marks the beginning of what is around it.
 */
function templateLine(text: string, from: number, reason: string): number | undefined {
  const lines = text.split('\n')
  if (lines[from]?.includes('{{')) return from + 1
  const index = reason.includes('complex keys') ? lines.findIndex((line, at) => at >= from && line.includes('{{')) : -1
  return index === -1 ? undefined : index + 1
}

function isTemplate(place: Place): UserError {
  return new UserError('manifest-template', `${sayPlace(place)} is a template, not YAML.`, {
    why: 'It has {{ }} that nothing has filled in.',
    todo: 'Name the folder of the Helm chart (the one with Chart.yaml), or render the template in a step before.',
    place,
  })
}

function manifestsOf(value: unknown, lines: Lines, placeOf: PlaceOfLine): ReturnType<typeof parseManifests> {
  if (isList(value)) {
    return value.items.flatMap((item, index) => manifestsOf(item, linesOfItem(lines, index), placeOf))
  }
  if (isKubeObject(value)) return [{ object: value, place: placeOf(lineAt(lines, ['kind'])), lines }]
  throw noObject(value, placeOf(lines.line))
}

function linesOfItem(lines: Lines, index: number): Lines {
  return lines.below.get('items')?.below.get(String(index)) ?? lines
}

function noObject(value: unknown, place: Place): UserError {
  const metadata = isRecord(value) ? value['metadata'] : undefined
  const generated = isRecord(metadata) && 'generateName' in metadata
  const lacks = isRecord(value) ? `It lacks ${missingFields(value).join(', ')}.` : 'It is no mapping.'
  return new UserError('manifest-no-object', `${sayPlace(place)} is no Kubernetes object.`, {
    why: generated ? 'It has generateName: each run would make another one, and none could be found again.' : lacks,
    todo: 'Add what is missing, or keep files that are no manifests out of that folder.',
    place,
  })
}

function missingFields(value: unknown): readonly string[] {
  if (!isRecord(value)) return []
  const metadata = value['metadata']
  const name = isRecord(metadata) ? metadata['name'] : undefined
  const fields = { apiVersion: value['apiVersion'], kind: value['kind'], 'metadata.name': name }
  return Object.entries(fields).flatMap(([field, text]) => {
    if (typeof text === 'string' && text !== '') return []
    return [text === undefined || text === null || text === '' ? field : `${field} as text`]
  })
}

function isList(value: unknown): value is { items: readonly unknown[] } {
  return (
    isRecord(value) &&
    typeof value['kind'] === 'string' &&
    value['kind'].endsWith('List') &&
    Array.isArray(value['items'])
  )
}

function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && missingFields(value).length === 0
}
