import { bundle } from '../scripts/bundle/bundle.ts'
import { sizeDemands } from '../scripts/bundle/sizes.ts'
import { compile } from '../scripts/build.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`

export const bench: Bench = {
  name: 'size',
  demand: `≤ ${megabytes(sizeDemands.total)}, packed ≤ ${megabytes(sizeDemands.packed)}, one action loads ≤ ${megabytes(sizeDemands.action)}`,
  peer: 'configure-aws-credentials 3.90 MB for one action, amazon-ecr-login 3.91 MB for one action',
  async run() {
    await compile(root)
    const { sizes } = await bundle(root)
    const most = Math.max(...sizes.actions.map(({ bytes }) => bytes))
    return {
      figure: `${megabytes(sizes.total)} for ${sizes.actions.length} actions, packed ${megabytes(sizes.packed)}, one action loads at most ${megabytes(most)}`,
      ok: sizes.total <= sizeDemands.total && sizes.packed <= sizeDemands.packed && most <= sizeDemands.action,
      details: sizes.actions.map(({ name, bytes }) => `${name} loads at most ${megabytes(bytes)}`),
    }
  },
}
