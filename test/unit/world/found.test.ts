import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

import { ourGate } from '../../support/gate-in-world.ts'
import type { Blueprint } from '../../world/blueprint.ts'
import { calm } from '../../world/defaults.ts'
import { wrongIn } from '../../world/seeds.ts'

const folder = join(import.meta.dirname, '../../fixtures/worlds')

interface Found {
  /** What the gate did wrong in it, once. */
  readonly once: string
  /** How it differs from the calm world. */
  readonly world: Partial<Blueprint>
}

const found = readdirSync(folder).map(name => {
  const { once, world } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Found
  return { name: name.replace(/\.json$/, '').replaceAll('-', ' '), once, world }
})

test.each(found)('$name (once: $once)', async ({ world }) => {
  expect(await wrongIn({ ...calm, ...world }, ourGate)).toBeUndefined()
})

test('every world in which the gate was wrong is kept', () => {
  expect(found.length).toBeGreaterThan(0)
})
