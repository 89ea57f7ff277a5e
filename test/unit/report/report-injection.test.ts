import { expect, test } from '@jest/globals'
import { injectionProblems } from '../../support/report-injection.ts'

// The bench `report-injection` plays 2,000.
test.each(Array.from({ length: 50 }, (_, index) => index + 1))(
  'no report takes a hostile text for its own: seed %i',
  seed => {
    expect(injectionProblems(seed)).toEqual([])
  },
)
