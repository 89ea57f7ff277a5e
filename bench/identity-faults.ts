import { systemClock } from '../src/runtime/system-clock.ts'
import { identityFaults, playFault } from '../test/support/identity-faults.ts'
import type { Bench } from './support/bench.ts'

export const bench: Bench = {
  name: 'identity-faults',
  demand:
    'STS and GitHub in trouble (5xx, throttling, silence, resets, slowness, missing keys, an expired token), a metadata service at hand, a proxy that is down: right class, right calls, within the deadline of each (≤ 35 s); 1 + 1 calls when nothing is wrong',
  peer: 'configure-aws-credentials v6.2.3: every error 12 times, 6 min 45 s per try at a silent STS (its issue 1848)',
  async run() {
    const played = await Promise.all(
      identityFaults.map(async fault => ({ fault, ...(await playFault(fault, () => systemClock.now())) })),
    )
    const right = played.filter(({ wrong }) => wrong === undefined)
    const slowest = Math.max(...played.map(({ seconds }) => seconds))
    return {
      figure: `${right.length} of ${played.length} right, the slowest after ${slowest.toFixed(1)} s`,
      ok: right.length === played.length,
      details: played.map(
        ({ fault, seconds, calls, wrong }) =>
          `${wrong === undefined ? '✓' : '✗'} ${fault.name.padEnd(72)} ${fault.expected.padEnd(16)} ${seconds.toFixed(1).padStart(5)} s  ${calls.join(' + ')} calls${wrong === undefined ? '' : `  ${wrong}`}`,
      ),
    }
  },
}
