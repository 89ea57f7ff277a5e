/**
 * Decides IAM requests with @cloud-copilot/iam-simulate, in a process of its own: that package is AGPL, so nothing
 * of Slipway imports it. Start: node evaluator.ts NODE_MODULES. Lines as in json-lines.ts.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

interface Asked {
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly account: string
  readonly context?: Readonly<Record<string, string | readonly string[]>>
  /** Permission policies of the role, by name. */
  readonly policies?: Readonly<Record<string, unknown>>
  readonly sessionPolicy?: unknown
  /** Trust policy, for the decision whether a role may be assumed. */
  readonly trust?: unknown
}

type Result = 'Allowed' | 'ExplicitlyDenied' | 'ImplicitlyDenied'

interface Analysis {
  readonly identityAnalysis?: { readonly result: Result }
  readonly sessionAnalysis?: { readonly result: Result }
}

interface Simulated {
  readonly resultType: 'error' | 'single' | 'wildcard'
  readonly overallResult?: Result
  readonly errors?: Readonly<Record<string, unknown>>
  readonly result?: { readonly analysis: Analysis }
  readonly results?: readonly { readonly analysis: Analysis }[]
}

interface Simulator {
  runSimulation(simulation: unknown, options: unknown): Promise<Simulated>
}

const nodeModules = process.argv[2]
if (!nodeModules) throw new Error('usage: node evaluator.ts NODE_MODULES')
const entry = createRequire(join(nodeModules, 'here.js')).resolve('@cloud-copilot/iam-simulate')
const simulator = (await import(pathToFileURL(entry).href)) as Simulator

/** The evaluator drops condition keys that it does not know, GitHub's among them: both sides say PrincipalTag instead. */
function knownKeys(policy: unknown): unknown {
  if (policy === undefined) return undefined
  return JSON.parse(JSON.stringify(policy).replaceAll(/token\.actions\.githubusercontent\.com:/gi, 'aws:PrincipalTag/'))
}

function simulationOf(asked: Asked): unknown {
  const context = Object.entries(asked.context ?? {}).map(([key, value]) => [
    key.replace(/^token\.actions\.githubusercontent\.com:/i, 'aws:PrincipalTag/'),
    value,
  ])
  return {
    request: {
      principal: asked.principal,
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.account },
      contextVariables: Object.fromEntries(context),
    },
    identityPolicies: Object.entries(asked.policies ?? {}).map(([name, policy]) => ({ name, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(asked.sessionPolicy === undefined ? {} : { sessionPolicy: asked.sessionPolicy }),
    ...(asked.trust === undefined ? {} : { resourcePolicy: knownKeys(asked.trust) }),
  }
}

async function decide(asked: Asked): Promise<unknown> {
  const simulated = await simulator.runSimulation(simulationOf(asked), {})
  const analysis = simulated.result?.analysis ?? simulated.results?.[0]?.analysis
  return {
    allowed: simulated.overallResult === 'Allowed',
    overall: simulated.overallResult,
    identity: analysis?.identityAnalysis?.result,
    session: analysis?.sessionAnalysis?.result,
    errors: simulated.errors,
  }
}

process.stdout.write(`${JSON.stringify({ ready: true })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const { id, with: asked } = JSON.parse(line) as { id: number; with: Asked }
  const answer = await decide(asked).then(
    result => ({ id, result }),
    (error: unknown) => ({ id, error: String(error) }),
  )
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
