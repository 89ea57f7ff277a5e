import { test } from '@jest/globals'

import { count, expectRightVerdicts } from '../../support/worlds-of.ts'

test(
  `of ${count} worlds that never serve, none is called healthy and each has its cause named`,
  () => expectRightVerdicts('never'),
  1_800_000,
)
