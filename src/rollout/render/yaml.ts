import {
  boolYaml11Tag,
  constructFromEvents,
  CORE_SCHEMA,
  defineScalarTag,
  intYaml11Tag,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
} from 'js-yaml'
import { documentLines } from '../../runtime/yaml-lines.ts'
import type { Lines } from '../../runtime/yaml-lines.ts'

/**
 * Kubernetes reads YAML 1.1 through go-yaml: `0644` is octal and `yes` is true, `<<` merges;
 * but `22:22` stays text and dates stay text. js-yaml's ready-made schemas differ in one or the other.
 */
const integer = defineScalarTag<number>(intYaml11Tag.tagName, {
  ...intYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.includes(':') ? NOT_RESOLVED : intYaml11Tag.resolve(source, isExplicit, tagName),
})

/** `yes` and `on` are booleans; the letters `y` and `n` stay text, or coordinates would become booleans. */
const boolean = defineScalarTag<boolean>(boolYaml11Tag.tagName, {
  ...boolYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.length === 1 ? NOT_RESOLVED : boolYaml11Tag.resolve(source, isExplicit, tagName),
})

const kubernetesSchema = CORE_SCHEMA.withTags(mergeTag, integer, boolean)

export interface YamlDocument {
  readonly value: unknown
  readonly lines: Lines
}

/** All documents of a YAML (or JSON) text as kubectl would read it. Throws YAMLException with a mark. */
export function parseDocuments(text: string): readonly YamlDocument[] {
  const events = parseEvents(text, {})
  const values = constructFromEvents(events, { source: text, schema: kubernetesSchema })
  const lines = documentLines(events, text)
  return values.map((value, index) => ({ value, lines: lines[index] ?? { line: 1, column: 1, below: new Map() } }))
}
