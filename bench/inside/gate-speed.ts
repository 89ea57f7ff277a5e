/** The part of bench/gate-speed.ts that runs inside the platform: one JSON line per round. */
import { attach } from '../../sandbox/platform.ts'
import { scenarioOf } from '../../sandbox/scenarios/all.ts'
import { appearing } from '../../sandbox/scenarios/hands.ts'
import { available } from '../../sandbox/scenarios/moments.ts'
import { deployment, staged } from '../../sandbox/scenarios/objects.ts'
import { openTheatre, play, resultOf } from '../../sandbox/scenarios/play.ts'
import type { Scenario } from '../../sandbox/scenarios/scenario.ts'
import { inParallel } from '../../src/runtime/parallel.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { run } from '../support/peers.ts'

const theatre = await openTheatre(attach())

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

/** The same scenario again and again, `atOnce` side by side. */
async function rounds(name: string, count: number, atOnce: number): Promise<void> {
  const scenario = scenarioOf(name)
  await inParallel(numbers(count), atOnce, async round => {
    const played = await play({ ...scenario, name: `${name}-${round}` }, theatre)
    const { verdict, cause, seconds } = resultOf(scenario, played)
    console.log(JSON.stringify({ scenario: name, verdict, cause, seconds }))
  })
}

/** A good release of simulated pods that are ready after 2 s, judged without a soak, and by kubectl at the same time. */
async function success(round: number): Promise<void> {
  const kubectl = Promise.withResolvers<{ readonly code: number; readonly endedAt: number }>()
  const scenario: Scenario = {
    name: `success-${round}`,
    title: 'good',
    where: 'kwok',
    objects: ns => [
      deployment(ns, staged('slow-ready', { annotations: { 'sim/delay': '2s' }, spec: { replicas: 2 } })),
    ],
    async meanwhile(stage) {
      await appearing(stage, { apiVersion: 'apps/v1', kind: 'Deployment' })
      const { code } = await run('kubectl', ['rollout', 'status', 'deployment/api', '--namespace', stage.namespace])
      kubectl.resolve({ code, endedAt: systemClock.now() })
    },
    soakMs: 0,
    expected: { verdict: 'healthy' },
    after: available('deployments', 0),
    bound: 0.5,
  }
  const played = await play(scenario, theatre)
  const { verdict, cause, seconds = Number.NaN } = resultOf(scenario, played)
  const { code, endedAt } = await kubectl.promise
  const later = (endedAt - played.ending.endedAt) / 1_000
  const peer = { kubectl: code === 0 ? 'success' : 'failure', kubectlSeconds: seconds + later }
  const whole = { wholeSeconds: played.wholeSeconds, kubectlWholeSeconds: played.wholeSeconds + later }
  console.log(JSON.stringify({ scenario: 'success', verdict, cause, seconds, ...peer, ...whole }))
}

const [many = '100', few = '5'] = process.argv.slice(2)
await rounds('missing-digest', Number(few), 1)
await rounds('crash', Number(few), 1)
await Promise.all([rounds('quota', 3, 3), rounds('webhook-denies', 3, 3), rounds('no-scale-up', 3, 3)])
await inParallel(numbers(Number(many)), 2, success)
await theatre.close()
