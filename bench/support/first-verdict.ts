/** The part of bench/first-verdict.ts that runs inside the platform: prints one JSON line per round, and one for kubectl on each scenario. */
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { kubectlVerdict } from './kubectl-verdict.ts'
import { measureDelay } from '../../sandbox/verdict-delay.ts'

const rounds = Number(process.argv[2] ?? '5')
const cluster = await connectAsAdmin(attach().kubeconfig)
for (let round = 0; round < rounds; round++) {
  for (const scenario of ['crash', 'missing-tag']) {
    const { verdict, cause, seconds, afterEvidence } = await measureDelay(
      scenario,
      `verdict-${scenario}-${round}`,
      cluster,
    )
    console.log(JSON.stringify({ scenario, verdict, cause: cause?.code, seconds, afterEvidence }))
  }
}
for (const scenario of ['crash', 'missing-tag']) {
  const { code, seconds, says } = await kubectlVerdict(scenario, `kubectl-${scenario}`, cluster)
  console.log(JSON.stringify({ scenario, verdict: code === 0 ? 'success' : 'failure', seconds, kubectl: says }))
}
await cluster.close()
