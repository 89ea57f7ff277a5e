import { expect, test } from '@jest/globals'

import { sequenceProblem } from '../../support/scan-sequences.ts'

test('300 ways in which ECR may answer, none of which passes what it should not or outlasts its deadline', async () => {
  const problems: string[] = []
  for (let seed = 1; seed <= 300; seed++) {
    const problem = await sequenceProblem(seed)
    if (problem !== undefined) problems.push(problem)
  }
  expect(problems).toEqual([])
})
