/** Steps of a job as the runner would run them: the built bundle, with a right to ask the issuer for a token. For use inside the platform. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { attach } from '../../sandbox/platform.ts'
import { cluster, github, ports, region, roles } from '../../sandbox/world.ts'
import { errorsIn } from './run-bundle.ts'
import type { WorkspaceFiles } from './run-bundle.ts'

export interface Step {
  /** In the names of everything that the step does: session, run, lock. */
  readonly runId: string
  readonly code: number
  /** What the runner shows; the lines that tell it what to hide are taken out. */
  readonly log: string
  /** Texts that the step told the runner to hide. */
  readonly hidden: readonly string[]
  /** Messages of `::error::` lines, unescaped. */
  readonly errors: readonly string[]
  readonly outputs: Readonly<Record<string, string>>
  readonly summary: string
  readonly sha: string
  /** Content of the files that outputs name, by output. */
  readonly kept: Readonly<Record<string, string>>
}

export interface StepOptions {
  readonly files?: WorkspaceFiles
  readonly sha?: string
  /** Claims of the job's OIDC token; `none` is a job without `id-token: write`. */
  readonly claims?: Readonly<Record<string, unknown>> | 'none'
  /** Variables of the step beside those of the runner. */
  readonly env?: Readonly<Record<string, string>>
  /** Sends SIGTERM to the step when it aborts. */
  readonly signal?: AbortSignal
  /** Outputs that name a file to keep: the folder of the step is removed after it. */
  readonly keep?: readonly string[]
}

/** Where everything is deployed, unless a test says otherwise. */
export const place = { role: roles.deploy, region, cluster: cluster.name } as const

const platform = attach()
let lastRun = Date.now()

/** Runs `dist/<action>` to its end. Inputs of `undefined` are not given. */
export async function step(
  action: string,
  inputs: Readonly<Record<string, string | undefined>>,
  {
    files = {},
    sha = '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345',
    claims = {},
    env = {},
    signal,
    keep = [],
  }: StepOptions = {},
): Promise<Step> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-step-'))
  const runId = String(++lastRun)
  try {
    await writeAll(folder, { ...files, '.output': '', '.summary': '', '.state': '' })
    const given = Object.entries(inputs).filter((pair): pair is [string, string] => pair[1] !== undefined)
    const { code, stdout, stderr } = await platform.enter(process.execPath, [resolve('dist', action, 'index.js')], {
      cwd: folder,
      env: {
        // The step has to find its way by itself.
        KUBECONFIG: '',
        ...runnerVariables(folder, runId, sha),
        ...(claims === 'none' ? {} : await rightToToken(claims)),
        ...env,
        ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      },
      ...(signal === undefined ? {} : { signal }),
    })
    const outputs = outputsIn(await readFile(join(folder, '.output'), 'utf8'))
    return {
      runId,
      sha,
      kept: await contents(keep, outputs),
      code,
      ...withoutMasks(stdout + stderr),
      errors: errorsIn(stdout),
      outputs,
      summary: await readFile(join(folder, '.summary'), 'utf8'),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function contents(
  names: readonly string[],
  outputs: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const read = names.flatMap(name => {
    const path = outputs[name]
    return path === undefined ? [] : [readFile(path, 'utf8').then(text => [name, text] as const)]
  })
  return Object.fromEntries(await Promise.all(read))
}

function runnerVariables(folder: string, runId: string, sha: string): Readonly<Record<string, string>> {
  return {
    GITHUB_WORKSPACE: folder,
    RUNNER_TEMP: folder,
    GITHUB_OUTPUT: join(folder, '.output'),
    GITHUB_STATE: join(folder, '.state'),
    GITHUB_STEP_SUMMARY: join(folder, '.summary'),
    GITHUB_REPOSITORY: github.repository,
    GITHUB_SHA: sha,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_ACTOR: 'ada',
    GITHUB_WORKFLOW: 'ship',
    GITHUB_JOB: 'ship',
    GITHUB_RUN_ID: runId,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SERVER_URL: 'https://github.com',
  }
}

async function rightToToken(claims: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, string>>> {
  const grant = await front<{ url: string; token: string }>('POST', '/oidc/grants', { claims })
  return { ACTIONS_ID_TOKEN_REQUEST_URL: grant.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: grant.token }
}

/** Asks the control API of the platform's front. */
export async function front<T>(method: string, path: string, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const answer = await fetch(`http://127.0.0.1:${ports.control}${path}`, { method, ...sent })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

/**
 * Requests of a step that reached the API server and would have changed something, as its audit log has them:
 * `create /api/v1/…`. Dry runs are not among them, nor are questions about the step's own rights.
 */
export async function writesOf({ runId }: Pick<Step, 'runId'>): Promise<readonly string[]> {
  const lines = (await readFile(join(platform.state, 'log/audit.log'), 'utf8')).split('\n')
  return lines
    .filter(line => line.includes(`ci:slipway-${runId}-1-ship`))
    .map(line => JSON.parse(line) as { verb: string; requestURI: string })
    .filter(
      ({ verb, requestURI }) =>
        !/^(get|list|watch)$/.test(verb) && !/dryRun=All|\/selfsubject\w*reviews/.test(requestURI),
    )
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`)
}

async function writeAll(folder: string, files: WorkspaceFiles): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

function withoutMasks(text: string): { log: string; hidden: readonly string[] } {
  const lines = text.split('\n')
  const mask = '::add-mask::'
  return {
    log: lines.filter(line => !line.startsWith(mask)).join('\n'),
    hidden: lines.filter(line => line.startsWith(mask)).map(line => decodeURIComponent(line.slice(mask.length))),
  }
}

/** The file command format of the runner: `name<<delimiter`, the value, the delimiter. */
function outputsIn(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)
  return Object.fromEntries([...found].map(([, name = '', , value = '']) => [name, value]))
}
