import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { load } from 'js-yaml'

/** A mapping of a YAML file. */
export type Mapping = Readonly<Record<string, unknown>>

export function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export function sequence(value: unknown): readonly Mapping[] {
  return Array.isArray(value) ? value.map(mapping) : []
}

export function readYaml(path: string): Mapping {
  return mapping(load(readFileSync(path, 'utf8')))
}

/** YAML files of a folder, by path. */
export function yamlFilesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter(name => /\.ya?ml$/.test(name))
    .map(name => join(folder, name))
}

/** Keys under `on.workflow_call.inputs`. */
export function workflowInputs(workflow: Mapping): Mapping {
  return mapping(mapping(mapping(workflow['on'])['workflow_call'])['inputs'])
}

/** `expressions` such as `steps.image.outputs.digest`, wherever they are in the text. */
export function outputsUsed(
  text: string,
  of: 'steps' | 'needs',
): readonly { readonly id: string; readonly output: string }[] {
  const found = text.matchAll(new RegExp(`\\b${of}\\.([\\w-]+)\\.outputs\\.([\\w-]+)`, 'g'))
  return [...found].map(([, id = '', output = '']) => ({ id, output }))
}
