/**
 * `npm run traces [-- COUNT]`: COUNT worlds that end well and as many that never serve (10,000 by default); each verdict
 * must be what the hidden truth of its world demands.
 * `npm run traces -- --seed well:17`: one of them, told step by step; `--shrink` looks for the smallest world like it.
 */
import { play } from '../test/world/play.ts'
import { reportOn, seedOf, worldOf, type Seed } from '../test/world/seeds.ts'
import { ourGate } from '../test/support/gate-in-world.ts'
import { isRight, playMany, saysOf } from './traces/play-many.ts'

const progressEveryMs = 10_000

async function one(seed: Seed, wantsSmallest: boolean): Promise<boolean> {
  const world = worldOf(seed)
  console.log(JSON.stringify(world))
  const { result, truth, seconds, wrong } = await play(world, ourGate)
  const { timeline, startedAt } = result
  for (const { at, subject, says } of timeline)
    console.log(`${((at - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${subject}: ${says}`)
  console.log(`truth: ${truth.healthy ? 'it ends well' : truth.obstacles.map(({ what }) => what).join(', ')}`)
  console.log(wrong === undefined ? `✓ right, after ${seconds.toFixed(1)} s` : `✗ ${wrong}`)
  if (wrong !== undefined && wantsSmallest) console.log(await reportOn(seed, wrong, ourGate))
  return wrong === undefined
}

async function many(count: number): Promise<boolean> {
  const begun = performance.now()
  let toldAt = begun
  let told = 0
  const tally = await playMany(count, now => {
    for (const report of now.reports.slice(told)) console.log(`✗ ${report}`)
    told = now.reports.length
    if (performance.now() - toldAt < progressEveryMs) return
    toldAt = performance.now()
    console.log(`… ${now.played} of ${2 * count} worlds: ${saysOf(now)}`)
  })
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
  console.log(`${count} worlds that end well and ${count} that never serve, in ${minutes} min: ${saysOf(tally)}`)
  return isRight(tally)
}

const args = process.argv.slice(2)
const seedText = args[args.indexOf('--seed') + 1] ?? ''
const seed = args.includes('--seed') ? seedOf(seedText) : undefined
const count = Number(args.find(arg => /^\d+$/.test(arg)) ?? '10000')
if (args.includes('--seed') && seed === undefined) {
  console.error(`"${seedText}" is no seed: it looks like well:17 or never:17.`)
  process.exitCode = 2
} else {
  const right = seed === undefined ? await many(count) : await one(seed, args.includes('--shrink'))
  process.exitCode = right ? 0 : 1
}
