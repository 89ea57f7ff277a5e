import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../src/runtime/errors.ts'
import { home } from '../home.ts'
import { kubernetesVersion } from '../world.ts'
import { parts as baseParts } from '../base/parts.ts'
import { goParts } from './go.ts'
import { keyOf, partNamed } from './key.ts'
import { nodePart, pythonPart } from './packages.ts'
import type { Part } from './part.ts'
import { pausePart } from './pause.ts'

/** Every part of the platform, in the order in which they are made: quick ones first, so that failures show early. */
export const parts: readonly Part[] = [nodePart, pythonPart, pausePart, ...baseParts, ...goParts(kubernetesVersion)]

const places = new Map<string, string>()

/** Where a part is, or will be once it is made. Throws for an unknown name. */
export function placeOf(name: string): string {
  const known = places.get(name)
  if (known) return known
  const place = join(home(), 'parts', `${name}-${keyOf(partNamed(name, parts), parts)}`)
  places.set(name, place)
  return place
}

/** Folder of a finished part. Throws UserError when it is not made yet. */
export function partPath(name: string): string {
  const place = placeOf(name)
  if (existsSync(place)) return place
  throw new UserError('platform-part-missing', `The platform's part "${name}" is not made yet.`, {
    todo: 'Run `npm run platform -- provision`.',
  })
}

/** Path of a program of a part: `program('kubernetes', 'kubelet')`; the program's name defaults to the part's. */
export function program(part: string, name: string = part): string {
  return join(partPath(part), 'bin', name)
}

export function missingParts(): readonly Part[] {
  return parts.filter(({ name }) => !existsSync(placeOf(name)))
}
