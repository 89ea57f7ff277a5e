import { expect, test } from '@jest/globals'
import { fuzzedRun } from '../../support/leaks.ts'

test('in 500 fuzzed runs no secret is seen anywhere, and no foreign text is a command', async () => {
  const found = []
  for (let seed = 1; seed <= 500; seed++) {
    const leak = await fuzzedRun(seed)
    if (leak !== undefined) found.push(leak)
  }
  expect(found).toEqual([])
})
