/** The part of bench/eks-access.ts that runs inside the platform: prints a JSON line per case. */
import { systemClock } from '../../src/runtime/system-clock.ts'
import { changingCases, judge, readingCases } from '../../test/support/access-cases.ts'
import { createAccessWorld } from '../../test/support/access-world.ts'

const world = await createAccessWorld()
try {
  for (const one of [...readingCases, ...changingCases]) {
    const since = systemClock.now()
    const wrong = judge(one, await one.play(world))
    const { what, expected } = one
    console.log(JSON.stringify({ what, expected, wrong, seconds: (systemClock.now() - since) / 1_000 }))
  }
} finally {
  await world.remove()
}
