import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Part } from './part.ts'

/**
 * Key of a part: 12 hex digits over its recipe, the content of its inputs and the keys of what it needs.
 * Only base names of the inputs count, so that two checkouts share their parts.
 */
export function keyOf(part: Part, all: readonly Part[]): string {
  const hash = createHash('sha256').update(`${part.name} ${part.recipe}`)
  for (const file of part.inputs) hash.update(`\0${basename(file)}\0`).update(readFileSync(file))
  for (const need of part.needs ?? []) hash.update(`\0${need} ${keyOf(partNamed(need, all), all)}`)
  return hash.digest('hex').slice(0, 12)
}

export function partNamed(name: string, all: readonly Part[]): Part {
  const part = all.find(candidate => candidate.name === name)
  if (!part) throw new Error(`there is no part "${name}"; parts: ${all.map(({ name }) => name).join(', ')}`)
  return part
}
