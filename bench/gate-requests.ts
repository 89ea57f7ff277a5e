import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const most = 45

interface Counted {
  readonly verdict: string
  readonly seconds: number
  readonly applied: number
  readonly requests: number
  readonly by: Readonly<Record<string, number>>
}

export const bench: Bench = {
  name: 'gate-requests',
  demand: `a gate of 10 min over 7 kinds in one namespace: ≤ ${most} requests and one per object applied`,
  peer: 'no measured peer: a tool that lists seven kinds every 3 s makes 1,400',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/gate-requests.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const { verdict, seconds, applied, requests, by } = JSON.parse(stdout) as Counted
    return {
      figure: `${requests - applied} requests and ${applied} objects applied in ${seconds.toFixed(0)} s`,
      ok: verdict === 'healthy' && seconds >= 595 && requests - applied <= most,
      details: [
        `verdict ${verdict}; ${Object.entries(by)
          .map(([what, count]) => `${what} ${count}`)
          .join(', ')}`,
        'Deployment, StatefulSet, Job, ReplicaSet, Pod, Event and Node; the lock of a release, renewed every 8 s, is not part of the gate',
      ],
    }
  },
}
