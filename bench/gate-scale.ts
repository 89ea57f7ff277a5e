import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const limits = { peakMb: 200, lagSeconds: 2 }

interface Run {
  readonly tool: 'slipway' | 'helm'
  readonly ok: boolean
  readonly seconds: number
  readonly peak: number
  readonly lag: number
}

const megabytes = ({ peak }: Run): number => peak / 1e6
const says = (run: Run): string =>
  `${run.tool} ${run.seconds.toFixed(1)} s, ${megabytes(run).toFixed(0)} MB, verdict ${run.lag.toFixed(1)} s after the last Deployment was available`

export const bench: Bench = {
  name: 'gate-scale',
  demand: `500 Deployments of 10 pods in one release: ≤ ${limits.peakMb} MB, ≤ ${limits.lagSeconds} s behind the watch, faster and smaller than helm`,
  peer: 'helm upgrade --install --wait of the same set in the same run',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/gate-scale.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const runs = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Run)
    const [ours, peer] = ['slipway', 'helm'].map(tool => runs.find(run => run.tool === tool))
    if (ours === undefined || peer === undefined) throw new Error('a run is missing')
    return {
      figure: `${says(ours)}; ${says(peer)}`,
      ok:
        ours.ok &&
        megabytes(ours) <= limits.peakMb &&
        ours.lag <= limits.lagSeconds &&
        ours.seconds < peer.seconds &&
        ours.peak < peer.peak,
      details: ['the built deploy action with its soak at 0 s; seconds and memory are those of the whole process'],
    }
  },
}
