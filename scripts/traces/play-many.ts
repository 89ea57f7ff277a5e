import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import type { Share, Told } from './model.ts'

/** How many worlds were played so far, of both endings, and what was wrong. */
export interface Tally {
  readonly played: number
  readonly falseFailures: number
  readonly falseSuccesses: number
  /** Right about the end, wrong about its kind or its cause. */
  readonly otherwiseWrong: number
  readonly reports: readonly string[]
}

const nothing: Tally = { played: 0, falseFailures: 0, falseSuccesses: 0, otherwiseWrong: 0, reports: [] }

/** Plays seeds 1 to `count` of each ending, on all cores. */
export async function playMany(count: number, progress: (tally: Tally) => void): Promise<Tally> {
  const step = Math.max(1, Math.min(availableParallelism(), 8))
  let tally = nothing
  const share = (first: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const workerData: Share = { first, last: count, step }
      const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData })
      worker.on('message', (told: Told) => {
        tally = counted(tally, told)
        progress(tally)
      })
      worker.on('error', reject)
      worker.on('exit', code => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))))
    })
  await Promise.all(Array.from({ length: step }, (_, index) => share(index + 1)))
  return tally
}

function counted(tally: Tally, { ending, wrong }: Told): Tally {
  if (wrong === undefined) return { ...tally, played: tally.played + 1 }
  const isSuccess = wrong.includes('false success:')
  const isFailure = ending === 'well' && wrong.includes('false failure:')
  return {
    played: tally.played + 1,
    falseFailures: tally.falseFailures + (isFailure ? 1 : 0),
    falseSuccesses: tally.falseSuccesses + (isSuccess ? 1 : 0),
    otherwiseWrong: tally.otherwiseWrong + (isSuccess || isFailure ? 0 : 1),
    reports: [...tally.reports, wrong],
  }
}

export const isRight = (tally: Tally): boolean => tally.reports.length === 0

/** `0 false failures, 0 false successes`, and what else was wrong. */
export function saysOf({ falseFailures, falseSuccesses, otherwiseWrong }: Tally): string {
  const more = otherwiseWrong === 0 ? '' : `, ${otherwiseWrong} wrong otherwise`
  return `${falseFailures} false failures, ${falseSuccesses} false successes${more}`
}
