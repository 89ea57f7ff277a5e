import type { GitHubRun } from './context.ts'
import type { Environment } from './inputs.ts'

/** Reads what started this run. Variables that are absent (a run outside of GitHub) are empty. */
export function githubRun(env: Environment, readText: (file: string) => string): GitHubRun {
  const of = (name: string): string => env[`GITHUB_${name}`] ?? ''
  const repository = of('REPOSITORY')
  const runId = of('RUN_ID')
  const event = readEvent(of('EVENT_PATH'), readText)
  const pullRequest = field(field(event, 'pull_request'), 'number')
  const headSha = field(field(field(event, 'pull_request'), 'head'), 'sha')
  return {
    repository,
    sha: of('SHA'),
    ref: of('REF'),
    eventName: of('EVENT_NAME'),
    ...(of('BASE_REF') === '' ? {} : { baseRef: of('BASE_REF') }),
    ...(typeof pullRequest === 'number' ? { pullRequest } : {}),
    ...(typeof headSha === 'string' ? { headSha } : {}),
    actor: of('ACTOR'),
    workflow: of('WORKFLOW'),
    runId,
    runAttempt: of('RUN_ATTEMPT') || '1',
    job: of('JOB'),
    apiUrl: of('API_URL') || 'https://api.github.com',
    runUrl: `${of('SERVER_URL') || 'https://github.com'}/${repository}/actions/runs/${runId}`,
    fromFork: isFromFork(repository, event),
  }
}

function readEvent(file: string, readText: (file: string) => string): unknown {
  if (file === '') return undefined
  try {
    return JSON.parse(readText(file))
  } catch {
    // No event, or one that was never written: as good as none.
    return undefined
  }
}

/** A deleted fork leaves `head.repo: null`; it was a fork all the same. */
function isFromFork(repository: string, event: unknown): boolean {
  const pull = field(event, 'pull_request')
  if (pull === undefined) return false
  return field(field(field(pull, 'head'), 'repo'), 'full_name') !== repository
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[name] ?? undefined
}
