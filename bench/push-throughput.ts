import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import { median, type Bench } from './support/bench.ts'

const rounds = 3
const mostMegabytes = 150

interface Push {
  readonly name: 'crane' | 'slipway' | 'large'
  readonly round: number
  readonly seconds: number
  readonly megabytes?: number
}

export const bench: Bench = {
  name: 'push-throughput',
  demand: `1 GB of layers: ≥ 1.0 × the throughput of crane, ≤ ${mostMegabytes} MB resident; a layer of 3 GB passes`,
  peer: 'crane push of the same layout to the same registry in the same run, one after the other',
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/push-throughput.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program, String(rounds)], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const pushes = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Push)
    const of = (name: Push['name']): readonly number[] =>
      pushes.filter(one => one.name === name && one.round > 0).map(({ seconds }) => seconds)
    const ratio = median(of('crane')) / median(of('slipway'))
    const peak = Math.max(...pushes.map(({ megabytes = 0 }) => megabytes))
    return {
      figure: `${ratio.toFixed(2)} × crane (1 GB in ${median(of('slipway')).toFixed(1)} s, crane ${median(of('crane')).toFixed(1)} s), peak ${peak.toFixed(0)} MB; 3 GB in one layer in ${median(of('large')).toFixed(1)} s`,
      ok: ratio >= 1 && peak <= mostMegabytes && of('large').length === 1,
      details: pushes.map(one => `${one.name} round ${one.round}: ${one.seconds.toFixed(1)} s`),
    }
  },
}
