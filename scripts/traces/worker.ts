/** One thread of `npm run traces`: plays every n-th seed and tells what it finds. */
import { parentPort, workerData } from 'node:worker_threads'

import { ourGate } from '../../test/support/gate-in-world.ts'
import { reportOn, wrongAbout, type Ending } from '../../test/world/seeds.ts'
import type { Share, Told } from './model.ts'

const { first, last, step } = workerData as Share
const endings: readonly Ending[] = ['well', 'never']
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (told: Told): void => parentPort?.postMessage(told)

for (let number = first; number <= last; number += step) {
  for (const ending of endings) {
    const wrong = await wrongAbout({ ending, number }, ourGate)
    tell(wrong === undefined ? { ending } : { ending, wrong: await reportOn({ ending, number }, wrong, ourGate) })
  }
}
