/** The part of bench/gate-peers.ts that runs inside the platform: one JSON line per tool and scenario. */
import { attach } from '../../sandbox/platform.ts'
import { scenarioOf } from '../../sandbox/scenarios/all.ts'
import { openTheatre } from '../../sandbox/scenarios/play.ts'
import { inParallel } from '../../src/runtime/parallel.ts'
import { ask, tools } from '../support/peers.ts'

const [limit = '90', ...names] = process.argv.slice(2)
const theatre = await openTheatre(attach())
await inParallel(names, 2, async name => {
  // All tools on one scenario side by side, each in a namespace of its own: the same machine at the same time.
  const sayings = await Promise.all(tools.map(tool => ask(tool, scenarioOf(name), theatre, Number(limit))))
  for (const saying of sayings) console.log(JSON.stringify(saying))
})
await theatre.close()
