/** The part of bench/trust-time.ts that runs inside the platform: prints a JSON line per mistake. */
import { region } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { front, step } from '../../test/support/step.ts'
import { account, trustMistakes, type TrustMistake } from '../../test/support/trust-mistakes.ts'

/** What is wrong with what the step said; undefined when it named all of it. */
function wrongIn(mistake: TrustMistake, code: number, error: string, summary: string): string | undefined {
  const wanted = [
    mistake.part,
    JSON.stringify(mistake.expected),
    ...(mistake.found === undefined ? [] : [JSON.stringify(mistake.found)]),
  ]
  const unsaid = wanted.filter(text => !error.includes(text))
  if (code !== 1) return `exit ${code}`
  if (!error.includes('role-trust')) return `another error: ${error.split('\n')[0] ?? ''}`
  if (unsaid.length > 0) return `does not say ${unsaid.join(', ')}`
  if (!mistake.advice.test(error)) return `does not advise ${String(mistake.advice)}`
  return summary.includes('"sts:AssumeRoleWithWebIdentity"') ? undefined : 'the summary has no statement to paste'
}

/** A role cannot be made twice, and the platform may have those of an earlier run. */
const prefix = `mistake-${systemClock.now().toString(36)}`
const roles = trustMistakes.map(({ policy }, index) => ({ name: `${prefix}-${index}`, trust: policy, policies: {} }))
await front('POST', '/seed', { account, region, roles })

for (const [index, mistake] of trustMistakes.entries()) {
  const inputs = {
    role: `arn:aws:iam::${account}:role/${prefix}-${index}`,
    region,
    expose: 'none',
    'trust-policy': 'trust.json',
  }
  const files = { 'trust.json': JSON.stringify(mistake.policy, undefined, 2) }
  const since = systemClock.now()
  const { code, errors, summary } = await step('assume-role', inputs, { claims: mistake.claims ?? {}, files })
  const seconds = (systemClock.now() - since) / 1_000
  console.log(
    JSON.stringify({ what: mistake.name, wrong: wrongIn(mistake, code, errors.join('\n'), summary), seconds }),
  )
}
