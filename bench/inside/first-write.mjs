/**
 * Preloaded into an action: at the first request that would change something in the cluster it writes into a file how
 * long the process has lived, how long of that its event loop had nothing to do but wait, and what processor time it used.
 */
import { subscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

let told = false
subscribe('undici:request:create', ({ request }) => {
  const { method, path, origin } = request
  // A question about one's own rights is sent by POST and changes nothing.
  const asks = method === 'GET' || path.includes('dryRun=') || path.includes('/selfsubject')
  if (told || asks || !String(origin).includes('.eks.')) return
  told = true
  const { user, system } = process.cpuUsage()
  const wall = performance.now()
  const waited = performance.nodeTiming.idleTime
  const cpu = (user + system) / 1_000
  writeFileSync(
    process.env.SLIPWAY_BENCH_FIRST_WRITE,
    JSON.stringify({ wall, waited, cpu, request: `${method} ${path}` }),
  )
})
