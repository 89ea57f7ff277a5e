import type { Blueprint } from './blueprint.ts'
import { Chance } from './chance.ts'
import { neverHealthy } from './doom.ts'
import { eventuallyHealthy } from './draw.ts'
import { play, type Subject } from './play.ts'
import { shrink } from './shrink.ts'

/** How a world ends when it is left alone. */
export type Ending = 'well' | 'never'

/** One world: `well:17`. */
export interface Seed {
  readonly ending: Ending
  readonly number: number
}

export const nameOf = ({ ending, number }: Seed): string => `${ending}:${number}`

/** Undefined when the text names no seed. */
export function seedOf(text: string): Seed | undefined {
  const [, ending, number] = /^(well|never):(\d+)$/.exec(text) ?? []
  return ending === undefined ? undefined : { ending: ending === 'well' ? 'well' : 'never', number: Number(number) }
}

export function worldOf({ ending, number }: Seed): Blueprint {
  const chance = new Chance(number)
  return ending === 'well' ? eventuallyHealthy(chance) : neverHealthy(chance)
}

/** What is wrong with the verdict about this seed's world; undefined when it is right. */
export async function wrongAbout(seed: Seed, subject: Subject): Promise<string | undefined> {
  return wrongIn(worldOf(seed), subject)
}

/** A gate that throws is as wrong as one that errs. */
export async function wrongIn(world: Blueprint, subject: Subject): Promise<string | undefined> {
  try {
    return (await play(world, subject)).wrong
  } catch (thrown) {
    return `it broke: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
}

/** All that helps to find the fault: how to see it again, and the smallest world that shows it. */
export async function reportOn(seed: Seed, wrong: string, subject: Subject): Promise<string> {
  const kind = wrong.slice(0, wrong.indexOf(':'))
  const isSame = async (world: Blueprint): Promise<boolean> =>
    (await wrongIn(world, subject))?.startsWith(kind) === true
  const smallest = await shrink(worldOf(seed), isSame)
  return [
    `${nameOf(seed)} ${wrong}`,
    `  see it again: npm run traces -- --seed ${nameOf(seed)}`,
    `  smallest world that shows it: ${JSON.stringify(smallest)}`,
  ].join('\n')
}
