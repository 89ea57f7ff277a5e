/** What the field's own tool says of the same release: `kubectl rollout status`. For use inside the platform. */
import { spawn } from 'node:child_process'

import { scenarios } from '../../sandbox/scenarios.ts'
import type { Cluster } from '../../src/kubernetes/model.ts'

export interface KubectlVerdict {
  readonly code: number
  /** From the apply to its answer. */
  readonly seconds: number
  /** Its last line. */
  readonly says: string
}

/** Its own limit is the Deployment's progress deadline, 600 s by default; a bench does not wait for that. */
const mostSeconds = 30

export async function kubectlVerdict(scenario: string, namespace: string, cluster: Cluster): Promise<KubectlVerdict> {
  const make = scenarios[scenario]
  if (make === undefined) throw new Error(`there is no scenario "${scenario}"`)
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  try {
    const { objects } = make(namespace)
    const workload = objects.find(({ kind }) => kind === 'Deployment')
    if (workload === undefined) throw new Error(`scenario "${scenario}" has no Deployment`)
    const started = performance.now()
    for (const object of objects) await cluster.apply(object)
    const { code, output } = await rolloutStatus(`deployment/${workload.metadata.name}`, namespace)
    return { code, seconds: (performance.now() - started) / 1000, says: output.trim().split('\n').at(-1) ?? '' }
  } finally {
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

function rolloutStatus(
  workload: string,
  namespace: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const args = ['rollout', 'status', workload, '--namespace', namespace, `--timeout=${mostSeconds}s`]
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}
