import { test } from '@jest/globals'

import { count, expectRightVerdicts } from '../../support/worlds-of.ts'

test(
  `of ${count} worlds that have their troubles and end well, each is called healthy`,
  () => expectRightVerdicts('well'),
  1_800_000,
)
