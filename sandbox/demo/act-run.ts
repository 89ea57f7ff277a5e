/** Runs a workflow through act inside the platform and reads what its steps left behind. */
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Platform } from '../platform.ts'
import { github } from '../world.ts'

export interface ActRequest {
  /** Checkout of the repository whose workflow runs. */
  readonly repository: string
  /** Copy of Slipway that `OWNER/slipway@v1` stands for. */
  readonly slipway: string
  readonly workflow: string
  readonly sha: string
  /** Gets each line of a step's log. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

export interface ActResult {
  readonly ok: boolean
  /** Outputs of all steps, by step id; the last one to set a name wins. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Markdown pages in the order of the steps, each once. */
  readonly summaries: readonly string[]
  readonly log: string
}

/** A line of act's `--json` log, as far as it is read here. */
interface ActLine {
  readonly msg?: string
  readonly raw_output?: boolean
  readonly command?: string
  readonly name?: string
  readonly arg?: string
  readonly content?: string
  readonly stepID?: readonly string[]
}

/** Runs `workflow` for a push of `sha` to main, with an OIDC grant of its own. */
export async function runAct(request: ActRequest, platform: Platform): Promise<ActResult> {
  const env = await oidcGrant(request.sha, platform)
  const child = platform.spawn('act', argumentsOf(request, platform), { cwd: request.repository, env, stdio: 'pipe' })
  request.signal?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const collected = collector(request.onLine ?? (() => {}))
  const streams = [child.stdout, child.stderr].filter(stream => stream !== null)
  const reading = streams.map(async stream => {
    for await (const line of createInterface({ input: stream })) collected.add(line)
  })
  const code = await new Promise<number>(resolve => child.once('close', status => resolve(status ?? 1)))
  await Promise.all(reading)
  return { ok: code === 0, ...collected.result() }
}

function argumentsOf({ slipway, workflow }: ActRequest, platform: Platform): readonly string[] {
  return [
    'push',
    ...['--workflows', workflow],
    ...['--platform', 'ubuntu-24.04=-self-hosted'],
    ...['--local-repository', `${github.slipway}@v1=${slipway}`],
    ...['--artifact-server-addr', '127.0.0.1', '--cache-server-addr', '127.0.0.1'],
    ...['--artifact-server-path', join(platform.state, 'artifacts')],
    ...['--actor', 'dev'],
    '--json',
  ]
}

/** Minted for this run only, through the front's control API, as GitHub hands one to each job. */
async function oidcGrant(sha: string, platform: Platform): Promise<Readonly<Record<string, string>>> {
  const claims = { sha, ref: 'refs/heads/main', event_name: 'push', actor: 'dev' }
  const args = ['-sSf', '-X', 'POST', '-d', JSON.stringify({ claims }), 'http://127.0.0.1:5002/oidc/grants']
  const { code, stdout, stderr } = await platform.enter('curl', args)
  if (code !== 0) throw new Error(`the front gives no OIDC grant: ${stderr}`)
  const { url, token } = JSON.parse(stdout) as { readonly url: string; readonly token: string }
  return { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token }
}

function collector(onLine: (line: string) => void): { add(line: string): void; result(): Omit<ActResult, 'ok'> } {
  const outputs: Record<string, Record<string, string>> = {}
  const summaries = new Set<string>()
  const log: string[] = []
  return {
    add(text) {
      const line = parse(text)
      const step = line.stepID?.at(-1) ?? ''
      if (line.command === 'set-output' && line.name !== undefined) (outputs[step] ??= {})[line.name] = line.arg ?? ''
      if (line.command === 'summary' && line.content) summaries.add(line.content.trim())
      const message = (line.msg ?? text).trimEnd()
      log.push(message)
      if (line.raw_output === true && message !== '') onLine(message)
      for (const said of errorLines(message)) onLine(said)
    },
    result: () => ({ outputs, summaries: [...summaries], log: log.join('\n') }),
  }
}

/** The lines of an `::error title=…::text` command, as a person reads them. */
function errorLines(message: string): readonly string[] {
  const text = /::error[^:]*::(?<text>.*)/.exec(message)?.groups?.['text']
  return text === undefined ? [] : text.replaceAll('%0A', '\n').replaceAll('%0D', '').replaceAll('%25', '%').split('\n')
}

function parse(line: string): ActLine {
  try {
    return JSON.parse(line) as ActLine
  } catch {
    return { msg: line }
  }
}
