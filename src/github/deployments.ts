import type { Log } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import { GitHubError, type GitHubClient } from './client.ts'

/** What a release is shown as. */
export interface DeploymentRequest {
  readonly application: string
  /** Name of the environment on GitHub. */
  readonly environment: string
  /** Commit that is deployed; 40 hexadecimal digits. */
  readonly sha: string
  /** Unique per attempt of a job. */
  readonly run: string
  readonly logUrl: string
  readonly environmentUrl?: string
}

export type DeploymentState = 'success' | 'failure' | 'error' | 'inactive'

/** How it ended. `description` is cut to what GitHub takes. */
export interface DeploymentEnd {
  readonly state: DeploymentState
  readonly description: string
  /** Set when an earlier release is live again: its deployment becomes the active one. */
  readonly broughtBack?: { readonly sha: string; readonly description: string }
}

/** A release on GitHub's page of deployments. Never throws: whatever GitHub says, the release goes on. */
export interface ShownDeployment {
  end(end: DeploymentEnd): Promise<void>
}

/** GitHub refuses longer ones. */
const longestDescription = 140

/**
 * Shows a release as in progress, in the background, and later how it ended. A token without the permission costs one
 * line of the log.
 */
export function showDeployment(request: DeploymentRequest, client: GitHubClient, log: Log): ShownDeployment {
  const page = new Page(request, client, log)
  const begun = page.quietly(() => page.begin())
  return {
    end: async end => {
      const id = await begun
      if (id !== undefined) await page.quietly(() => page.finish(id, end))
    },
  }
}

/**
 * Shows that an earlier release was brought back on demand: its deployment is the active one again. Where there is none
 * of it, or it did not become healthy, this is a deployment of its own.
 */
export async function showReturn(
  request: DeploymentRequest,
  end: Omit<DeploymentEnd, 'broughtBack'>,
  client: GitHubClient,
  log: Log,
): Promise<void> {
  const page = new Page(request, client, log)
  await page.quietly(async () => {
    const earlier = end.state === 'success' ? await page.earlier(request.sha) : undefined
    await page.status(earlier ?? (await page.create()), end.state, end.description)
  })
}

class Page {
  readonly #request: DeploymentRequest
  readonly #client: GitHubClient
  readonly #log: Log

  constructor(request: DeploymentRequest, client: GitHubClient, log: Log) {
    this.#request = request
    this.#client = client
    this.#log = log
  }

  async begin(): Promise<number> {
    const id = await this.create()
    await this.status(id, 'in_progress', `${this.#request.application} is being released`)
    return id
  }

  async finish(id: number, { state, description, broughtBack }: DeploymentEnd): Promise<void> {
    await this.status(id, state, description)
    if (broughtBack === undefined) return
    const earlier = await this.earlier(broughtBack.sha, id)
    if (earlier !== undefined) await this.status(earlier, 'success', broughtBack.description)
  }

  async create(): Promise<number> {
    const { application, environment, sha, run } = this.#request
    const made = await this.#client.post(
      '/deployments',
      {
        ref: sha,
        environment,
        description: shortened(`${application} by Slipway`),
        payload: { slipway: { application, run } },
        // The commit is deployed as it is, and this workflow is what decides whether it may be.
        auto_merge: false,
        required_contexts: [],
      },
      () => this.#ofThisRun(),
    )
    return idOf(made)
  }

  async status(id: number, state: DeploymentState | 'in_progress', description: string): Promise<void> {
    const { logUrl, environmentUrl } = this.#request
    await this.#client.post(`/deployments/${id}/statuses`, {
      state,
      description: shortened(description),
      log_url: logUrl,
      ...(environmentUrl === undefined ? {} : { environment_url: environmentUrl }),
    })
  }

  /** The newest deployment of a commit of this application, other than `except`. */
  async earlier(sha: string, except?: number): Promise<number | undefined> {
    const { application } = this.#request
    const found = await this.#list(sha)
    const one = found.find(({ id, slipway }) => id !== except && slipway['application'] === application)
    return one?.id
  }

  async #ofThisRun(): Promise<unknown> {
    const found = await this.#list(this.#request.sha)
    return found.find(({ slipway }) => slipway['run'] === this.#request.run)
  }

  async #list(
    sha: string,
  ): Promise<readonly { readonly id: number; readonly slipway: Readonly<Record<string, unknown>> }[]> {
    const query = new URLSearchParams({ environment: this.#request.environment, sha, per_page: '30' })
    const answer = await this.#client.get(`/deployments?${query.toString()}`)
    if (!Array.isArray(answer)) return []
    return answer.filter(isRecord).map(one => ({ id: idOf(one), slipway: slipwayIn(one['payload']) }))
  }

  async quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (thrown) {
      const refused = thrown instanceof GitHubError && (thrown.status === 403 || thrown.status === 404)
      this.#log.info(
        refused
          ? 'This release is not shown as a GitHub Deployment: the token may not write them ("permissions: deployments: write").'
          : `This release is not shown, or not to its end, as a GitHub Deployment: ${messageOf(thrown)}`,
      )
      return undefined
    }
  }
}

/** GitHub gives a payload back as it came: an object, or a text that holds one. */
function slipwayIn(payload: unknown): Readonly<Record<string, unknown>> {
  const value = typeof payload === 'string' ? parsed(payload) : payload
  const slipway = isRecord(value) ? value['slipway'] : undefined
  return isRecord(slipway) ? slipway : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function idOf(deployment: unknown): number {
  const id = isRecord(deployment) ? deployment['id'] : undefined
  if (typeof id !== 'number') throw new Error('the answer of GitHub is no deployment')
  return id
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= longestDescription ? line : `${line.slice(0, longestDescription - 1)}…`
}
