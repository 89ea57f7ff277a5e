/** The part of bench/gate-requests.ts that runs inside the platform: prints what one gate of ten minutes asked for. */
import { subscribe } from 'node:diagnostics_channel'

import { connectAsAdmin, quiet } from '../../sandbox/connect.ts'
import { simulated } from '../../sandbox/faults/simulated.ts'
import { attach } from '../../sandbox/platform.ts'
import { runGate } from '../../src/rollout/gate/run-gate.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'

const seconds = Number(process.argv[2] ?? '600')
const namespace = `requests-${Date.now().toString(36)}`
const admin = await connectAsAdmin(attach().kubeconfig)
await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
while ((await admin.get(account)) === undefined) await systemClock.sleep(50)

/** Every request that undici sends, repeated ones too. */
const requests: string[] = []
subscribe('undici:request:create', message => {
  const { method, path } = (message as { readonly request: { readonly method: string; readonly path: string } }).request
  requests.push(`${method} ${path}`)
})

const cluster = await connectAsAdmin(attach().kubeconfig)
const startedAt = systemClock.now()
const applied = []
for (const kind of ['Deployment', 'StatefulSet', 'Job'] as const)
  applied.push({ object: await cluster.apply(simulated(kind, { name: kind.toLowerCase(), namespace })) })
const signal = new AbortController().signal
// Everything is ready within seconds; the soak makes it a gate of ten minutes.
const soakMs = (seconds - 5) * 1_000
const result = await runGate(
  { applied, startedAt, timeoutMs: (seconds + 60) * 1_000, soakMs },
  { cluster, clock: systemClock, log: quiet, signal },
)
const counts = Map.groupBy(requests, request => {
  if (request.startsWith('PATCH')) return 'applied'
  if (request.includes('watch=true')) return 'watch'
  return request.includes('limit=') ? 'list' : 'discovery'
})
console.log(
  JSON.stringify({
    verdict: result.verdict,
    seconds: (result.endedAt - startedAt) / 1_000,
    applied: applied.length,
    requests: requests.length,
    by: Object.fromEntries([...counts].map(([what, list]) => [what, list.length])),
  }),
)
await cluster.close()
await admin.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
await admin.close()
