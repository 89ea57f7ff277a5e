import type { Resource, Store } from './store.ts'

/** One request, understood. */
export interface Call {
  readonly store: Store
  /** Values of the path's parameters. */
  readonly at: Readonly<Record<string, string>>
  readonly body: Resource
  readonly query: URLSearchParams
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
}

/** Endpoints by method and by path as GitHub's OpenAPI writes it, below `/repos/{owner}/{repo}`. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'patch' | 'delete'
  readonly path: string
  /** Permission of the token that is needed, any of them; reading needs none. */
  readonly permission?: readonly string[]
  readonly reply: (call: Call) => Reply
}

export const notFound: Reply = {
  status: 404,
  body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
}

/** As GitHub words a value that the schema allows but the service does not. */
export function unprocessable(resource: string, field: string, message: string): Reply {
  const body = {
    message: 'Validation Failed',
    errors: [{ resource, code: 'unprocessable', field, message }],
    documentation_url: 'https://docs.github.com/rest',
    status: '422',
  }
  return { status: 422, body }
}
