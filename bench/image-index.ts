import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

interface Digest {
  readonly what: string
  /** Who, and the digest that they read. */
  readonly read: readonly (readonly [string, string])[]
}

export const bench: Bench = {
  name: 'index',
  demand:
    'an index of linux/amd64 and linux/arm64 with provenance: every digest that Slipway gives is what others read',
  peer: 'crane digest and buildx imagetools inspect of the same image',
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/image-index.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const digests = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Digest)
    const equal = digests.filter(
      ({ read }) => new Set(read.map(([, digest]) => digest)).size === 1 && read[0]?.[1].startsWith('sha256:'),
    )
    return {
      figure: `${equal.length} of ${digests.length} digests equal: ${equal.map(({ what }) => what).join(', ')}`,
      ok: equal.length === 5 && digests.length === 5,
      details: digests.map(({ what, read }) => `${what}: ${read.map(([who, one]) => `${who} ${one}`).join(', ')}`),
    }
  },
}
