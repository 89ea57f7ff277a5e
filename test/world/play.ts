import type { GateResult } from '../../src/rollout/model.ts'
import type { Blueprint } from './blueprint.ts'
import type { Refusal } from './network.ts'
import { truthOf, withoutKills, type Truth } from './truth.ts'
import { World, type Gate } from './world.ts'

/** What is under test, and how it recognises that it may not read something. */
export interface Subject {
  readonly gate: Gate
  readonly refusal: Refusal
}

export interface Played {
  readonly blueprint: Blueprint
  readonly truth: Truth
  readonly result: GateResult
  /** From the apply to the verdict. */
  readonly seconds: number
  /** What was wrong with the verdict; undefined when it was right. */
  readonly wrong?: string
}

/** Reads of the last look take so long at most: a pod may change meanwhile. */
const latestMs = 4_000

/** Lets a release of this world be judged, and judges the judge. */
export async function play(blueprint: Blueprint, { gate, refusal }: Subject): Promise<Played> {
  const world = new World(blueprint)
  const truth = truthOf(blueprint)
  const request = world.release()
  const appliedAt = world.time.now
  const result = await world.judgedBy(gate, request, refusal)
  const seconds = (world.time.now - appliedAt) / 1_000
  const wrong = mistake(
    world.hidesKill ? withoutKills(truth) : truth,
    result,
    world.time.now - world.servedAt <= latestMs,
  )
  return { blueprint, truth, result, seconds, ...(wrong === undefined ? {} : { wrong }) }
}

const told = ({ verdict, cause }: GateResult): string =>
  cause === undefined ? verdict : `${verdict} (${cause.code}: ${cause.says})`

function mistake({ healthy, obstacles }: Truth, result: GateResult, serves: boolean): string | undefined {
  const isSuccess = result.verdict === 'healthy' || result.verdict === 'healthy-partial'
  if (healthy && !isSuccess) return `false failure: ${told(result)}, though it ends well`
  if (healthy && result.verdict !== 'healthy') return `half a success: ${told(result)}, though all of it serves`
  if (healthy && !serves) return `too early: ${told(result)}, while not all pods serve`
  if (healthy) return undefined
  const what = obstacles.map(obstacle => obstacle.what).join(', ')
  if (isSuccess) return `false success: ${told(result)}, though ${what}`
  const rightVerdict = obstacles.filter(({ verdicts }) => verdicts.some(verdict => verdict === result.verdict))
  if (rightVerdict.length === 0) return `wrong verdict: ${told(result)}, though ${what}`
  const isRight = rightVerdict.some(({ causes }) => causes.includes(result.cause?.code ?? ''))
  return isRight ? undefined : `wrong cause: ${told(result)}, though ${what}`
}
