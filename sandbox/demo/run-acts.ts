/** The three acts: each runs the sample's own workflow on one commit and holds the outcome against what must happen. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Platform } from '../platform.ts'
import { hosts } from '../world.ts'
import { runAct } from './act-run.ts'
import type { ActResult } from './act-run.ts'
import { summaryPage } from './page.ts'
import { acts, commitAct } from './repositories.ts'
import type { ActName } from './repositories.ts'
import { readyLine } from './traffic.ts'
import type { Traffic } from './traffic.ts'

/** One line of `--json FILE`. */
export interface ActOutcome {
  readonly act: ActName
  readonly verdict: string
  readonly cause: string
  /** Seconds from the first change, or from the start of the scan, to the verdict. */
  readonly seconds: number
  readonly requests: number
  readonly failedRequests: number
  /** What did not go as it must; empty when all did. */
  readonly problems: readonly string[]
}

export interface Stage {
  readonly platform: Platform
  /** Checkout of the sample. */
  readonly repository: string
  readonly slipway: string
  /** Where the summaries go. */
  readonly reports: string
  readonly say: (line: string) => void
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

type Act = (typeof acts)[number]

const url = `http://${hosts.loadBalancer}/`
/** The name that visitors type: `url` of the sample's slipway.yaml, the rule of its Ingress. */
const site = 'shop.example.com'

/** Runs the acts one after the other; each stands on what the one before left. */
export async function runActs(stage: Stage): Promise<readonly ActOutcome[]> {
  const outcomes: ActOutcome[] = []
  let live: string | undefined
  for (const act of acts) {
    const sha = commitAct(stage.repository, act)
    stage.say(`\nact ${outcomes.length + 1}: ${act.says} (${sha.slice(0, 7)})`)
    const before = await generations(stage.platform)
    const { result, seen } = await runUnderTraffic(stage, sha, live !== undefined)
    live ??= sha
    const untouched = before === (await generations(stage.platform))
    const outcome = judge(act, { result, seen, live, untouched })
    writeReports(stage.reports, act, result)
    outcomes.push(outcome)
    stage.say(sayOutcome(outcome, seen))
  }
  return outcomes
}

/** Visitors come all the while where something is live already; else a few come afterwards. */
async function runUnderTraffic(stage: Stage, sha: string, live: boolean): Promise<Pick<Seen, 'result' | 'seen'>> {
  const traffic = live ? await startTraffic(stage.platform) : undefined
  try {
    const workflow = '.github/workflows/push-to-main.yml'
    const result = await runAct({ ...stage, workflow, sha }, stage.platform)
    stage.signal.throwIfAborted()
    return { result, seen: await (traffic?.report() ?? sendSome(stage.platform)) }
  } finally {
    await traffic?.end()
  }
}

interface Seen {
  readonly result: ActResult
  readonly seen: Traffic
  /** Commit that must answer. */
  readonly live: string
  /** No object of the application changed. */
  readonly untouched: boolean
}

function judge(act: Act, { result, seen, live, untouched }: Seen): ActOutcome {
  const { deploy, scan } = result.outputs
  const decisive = act.name === 'critical' ? scan : deploy
  const expected = {
    good: { verdict: 'healthy', cause: '', more: result.ok ? [] : ['the workflow failed'] },
    crash: {
      verdict: 'failed',
      cause: 'crash-loop',
      more: deploy?.['rolled-back'] === 'true' ? [] : ['the old version was not brought back'],
    },
    critical: {
      verdict: 'fail',
      cause: '',
      more: [...(deploy ? ['the deploy ran'] : []), ...(untouched ? [] : ['something was applied'])],
    },
  }[act.name]
  const verdict = decisive?.['verdict'] ?? 'none'
  const cause = decisive?.['cause'] ?? ''
  const problems = [
    ...(verdict === expected.verdict ? [] : [`the verdict is ${verdict}, not ${expected.verdict}`]),
    ...(cause === expected.cause ? [] : [`the cause is "${cause}", not "${expected.cause}"`]),
    ...(act.name !== 'good' && result.ok ? ['the workflow succeeded'] : []),
    ...(seen.failed === 0 ? [] : [`${seen.failed} of ${seen.requests} requests failed: ${seen.failures[0] ?? ''}`]),
    ...(seen.commit === live ? [] : [`the pod answers with commit ${seen.commit ?? 'none'}, not ${live}`]),
    ...expected.more,
  ]
  const seconds = Number(decisive?.['seconds'] ?? 0)
  return { act: act.name, verdict, cause, seconds, requests: seen.requests, failedRequests: seen.failed, problems }
}

function sayOutcome(
  { verdict, cause, seconds, requests, failedRequests, problems }: ActOutcome,
  seen: Traffic,
): string {
  const why = cause === '' ? '' : ` (${cause})`
  const head = `verdict ${verdict}${why} after ${seconds.toFixed(1)} s · ${requests} requests, ${failedRequests} failed · commit ${seen.commit?.slice(0, 7) ?? 'none'} answers`
  return [
    problems.length === 0 ? `✓ as it must be: ${head}` : `✗ not as it must be: ${head}`,
    ...problems.map(problem => `    ${problem}`),
  ].join('\n')
}

function writeReports(folder: string, act: Act, result: ActResult): void {
  mkdirSync(folder, { recursive: true })
  const title = `shop: ${act.says}`
  writeFileSync(join(folder, `${act.name}.md`), `${result.summaries.join('\n\n')}\n`)
  writeFileSync(join(folder, `${act.name}.html`), summaryPage(title, result.summaries))
  writeFileSync(join(folder, `${act.name}.log`), `${result.log}\n`)
}

interface RunningTraffic {
  /** Ends it and says what came back. Throws with the program's own words when it ended without a report. */
  report(): Promise<Traffic>
  /** Ends it, whatever it has to say: an error that is under way is not replaced by one of its clean-up. */
  end(): Promise<void>
}

/** Resolves when the program listens to SIGTERM, so that no act is too short for it. */
async function startTraffic(platform: Platform): Promise<RunningTraffic> {
  const child = platform.spawn('node', [join(import.meta.dirname, 'traffic.ts'), url, site])
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  const ready = new Promise<void>(resolve =>
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      if (stderr.includes(readyLine)) resolve()
    }),
  )
  await Promise.race([ready, ended])
  const end = async (): Promise<string> => {
    child.kill('SIGTERM')
    return ended
  }
  return {
    async report() {
      const how = await end()
      if (stdout.trim() === '') throw new Error(`traffic.ts ended without a report (${how}): ${stderr.trim()}`)
      return JSON.parse(stdout) as Traffic
    },
    end: async () => void (await end()),
  }
}

async function sendSome(platform: Platform): Promise<Traffic> {
  const { stdout } = await platform.enter('node', [join(import.meta.dirname, 'traffic.ts'), url, site, '20'])
  return JSON.parse(stdout) as Traffic
}

/** Name and generation of every object of the application: what an apply would move. */
async function generations(platform: Platform): Promise<string> {
  const template = '{range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}'
  const kinds = 'deployments,jobs,services,configmaps,secrets,ingresses,horizontalpodautoscalers,poddisruptionbudgets'
  const { stdout } = await platform.enter('kubectl', ['get', kinds, '-n', 'shop', '-o', `jsonpath=${template}`])
  return stdout
}
