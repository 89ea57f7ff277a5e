import { fileURLToPath } from 'node:url'

import { startLineChild } from '../../sandbox/front/json-lines.ts'
import { evaluateTrust, type Decision } from '../../src/identity/trust/evaluate.ts'
import { parseTrustPolicy } from '../../src/identity/trust/policy.ts'
import type { TrustPair } from './trust-pairs.ts'

/** The independent evaluator of the platform's front, in its process. */
export interface TrustOracle {
  decide(pair: TrustPair): Promise<Decision>
  stop(): void
}

const words = { Allowed: 'allowed', ExplicitlyDenied: 'denied', ImplicitlyDenied: 'not-allowed' } as const

/** Starts it from the `node_modules` folder that has it. `decide` throws when it cannot read a policy. */
export async function startTrustOracle(nodeModules: string): Promise<TrustOracle> {
  const script = fileURLToPath(new URL('../../sandbox/front/evaluator.ts', import.meta.url))
  const child = await startLineChild([process.execPath, script, nodeModules], () => undefined)
  return {
    async decide({ seed, policy, provider, keys }) {
      const answer = (await child.ask('decide', {
        principal: provider,
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: 'arn:aws:iam::123456789012:role/deploy',
        account: '123456789012',
        trust: policy,
        context: keys,
      })) as { readonly overall?: keyof typeof words; readonly errors?: unknown }
      if (!answer.overall) throw new Error(`seed ${seed}: ${JSON.stringify(answer.errors)} ${JSON.stringify(policy)}`)
      return words[answer.overall]
    },
    stop: () => child.stop(),
  }
}

/** Our decision on the same pair. */
export function ourDecision({ policy, provider, keys }: Omit<TrustPair, 'seed'>): Decision {
  const found = new Map(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), value]))
  return evaluateTrust(parseTrustPolicy(policy), { provider, keys: key => found.get(key) }).decision
}

export interface Disagreement {
  readonly pair: TrustPair
  readonly ours: Decision
  readonly theirs: Decision
}

export interface Agreement {
  /** How often both said so. */
  readonly both: Readonly<Record<Decision, number>>
  readonly disagreements: readonly Disagreement[]
}

/** Asks both about the pairs of the seeds from `first` on. */
export async function compareWith(
  oracle: TrustOracle,
  pairOf: (seed: number) => TrustPair,
  { first = 1, count }: { readonly first?: number; readonly count: number },
): Promise<Agreement> {
  const both = { allowed: 0, 'not-allowed': 0, denied: 0, unknown: 0 }
  const disagreements: Disagreement[] = []
  for (let seed = first; seed < first + count; seed++) {
    const pair = pairOf(seed)
    const [ours, theirs] = [ourDecision(pair), await oracle.decide(pair)]
    if (ours === theirs) both[ours]++
    else disagreements.push({ pair, ours, theirs })
  }
  return { both, disagreements }
}
