import { github } from '../world.ts'

/** An object as the REST API shows it. */
export type Resource = Readonly<Record<string, unknown>>

/** What all resources share: ids, time, and where they live. */
export interface Store {
  /** Seconds are all that GitHub's times have. */
  now(): string
  id(): number
  url(path: string): string
  readonly comments: Map<number, Resource>
  readonly checkRuns: Map<number, Resource>
  readonly deployments: Map<number, Resource>
  readonly deploymentStatuses: Map<number, Resource>
  readonly sarifs: Map<string, Resource>
  clear(): void
}

export function createStore(now: () => number): Store {
  let last = 1000
  const store: Store = {
    now: () => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    id: () => ++last,
    url: path => `https://api.github.com/repos/${github.repository}${path}`,
    comments: new Map(),
    checkRuns: new Map(),
    deployments: new Map(),
    deploymentStatuses: new Map(),
    sarifs: new Map(),
    clear() {
      for (const part of [store.comments, store.checkRuns, store.deployments, store.deploymentStatuses, store.sarifs])
        part.clear()
    },
  }
  return store
}

/** The account behind a workflow's own token. */
export const botUser: Resource = userNamed('github-actions[bot]', 41_898_282, 'Bot')

function userNamed(login: string, id: number, type: string): Resource {
  const url = `https://api.github.com/users/${encodeURIComponent(login)}`
  const lists = ['followers', 'organizations', 'repos', 'received_events', 'subscriptions'].map(list => [
    `${list}_url`,
    `${url}/${list === 'organizations' ? 'orgs' : list}`,
  ])
  return {
    login,
    id,
    node_id: nodeId('U', id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}`,
    gravatar_id: '',
    url,
    html_url: 'https://github.com/apps/github-actions',
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    events_url: `${url}/events{/privacy}`,
    ...Object.fromEntries(lists),
    type,
    site_admin: false,
  }
}

export function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(String(id)).toString('base64url')}`
}

export function page(items: readonly Resource[], query: URLSearchParams): readonly Resource[] {
  const size = Math.min(100, Number(query.get('per_page') ?? 30))
  const from = (Number(query.get('page') ?? 1) - 1) * size
  return items.slice(from, from + size)
}
