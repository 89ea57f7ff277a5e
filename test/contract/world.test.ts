import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

const folder = 'test/world'

/** Every import of the world that is not one of its own files, with the words in front of it. */
const imports = readdirSync(folder).flatMap(name =>
  [...readFileSync(join(folder, name), 'utf8').matchAll(/^(import|export)\s([^']*?)from\s+'([^']+)'/gms)].map(
    ([, word, what, from]) => ({ name, isType: /^type\s/.test(what ?? ''), from: from ?? '', word }),
  ),
)

test('the simulated world shares no code with what it tests: it knows types of the ports only', () => {
  const fromOutside = imports.filter(({ from }) => !from.startsWith('./'))
  expect(fromOutside.length).toBeGreaterThan(5)
  expect(fromOutside.filter(({ isType }) => !isType)).toEqual([])
})

test('of the gate and of health it does not even know the types, but for the door', () => {
  const inside = imports.filter(({ from }) => /\/src\/(health|rollout\/gate)\//.test(from))
  expect(inside.map(({ name, from }) => `${name} ${from}`)).toEqual(['world.ts ../../src/rollout/gate/run-gate.ts'])
})
