import type { GitHubClient } from './client.ts'

/** A check of a commit, done; shapes and lengths as docs.github.com/rest/checks/runs has them. */
export interface CheckRun {
  readonly name: string
  /** Commit that it is shown on: the head of a pull request, not the merge of it. */
  readonly headSha: string
  /** One check per name, commit and this: a second run changes it instead of making another. */
  readonly externalId: string
  /** Web page of the run. */
  readonly detailsUrl: string
  readonly conclusion: 'success' | 'failure' | 'neutral'
  readonly title: string
  readonly summary: string
  readonly annotations: readonly {
    readonly path: string
    readonly line: number
    readonly level: 'notice' | 'warning' | 'failure'
    readonly title: string
    readonly message: string
  }[]
}

/** GitHub takes so many in one request; those of later requests are added. */
const perRequest = 50

/**
 * Makes the check with its annotations, or brings the one of an earlier attempt up to date. Its first request completes
 * it: a check that began and never ended would hold up a pull request. Throws GitHubError.
 */
export async function keepCheckRun(client: GitHubClient, run: CheckRun): Promise<'made' | 'changed'> {
  const present = await find(client, run)
  const [first = [], ...more] = batchesOf(run)
  const { name, headSha, externalId, detailsUrl, conclusion } = run
  const whole = { name, external_id: externalId, details_url: detailsUrl, status: 'completed', conclusion }
  const body = { ...whole, output: outputOf(run, first) }
  // Annotations cannot be taken back: those of an earlier attempt would stand beside the new ones.
  const kept = present === undefined || present.annotated ? undefined : present
  if (kept !== undefined) await client.patch(path(kept.id), body)
  const id = kept?.id ?? (await made(client, { ...body, head_sha: headSha }, run, present))
  for (const batch of more) await client.patch(path(id), { output: outputOf(run, batch) })
  return present === undefined ? 'made' : 'changed'
}

const path = (id: number): string => `/check-runs/${id}`

/** A try that seemed to fail may have made it after all: then there is one more than before. */
async function made(client: GitHubClient, body: object, run: CheckRun, before: Present | undefined): Promise<number> {
  const already = async (): Promise<unknown> => {
    const found = await find(client, run)
    return found === undefined || found.id === before?.id ? undefined : found
  }
  const { id } = (await client.post('/check-runs', body, already)) as { readonly id: number }
  return id
}

interface Present {
  readonly id: number
  readonly annotated: boolean
}

/** The newest of that name which is ours. */
async function find(client: GitHubClient, { name, headSha, externalId }: CheckRun): Promise<Present | undefined> {
  const query = `check_name=${encodeURIComponent(name)}&filter=all&per_page=100`
  // The shape is that of GitHub's OpenAPI description, which the tests hold their answers against.
  const answer = (await client.get(`/commits/${headSha}/check-runs?${query}`)) as {
    readonly check_runs: readonly {
      readonly id: number
      readonly external_id: string | null
      readonly output: { readonly annotations_count: number }
    }[]
  }
  const own = answer.check_runs.filter(run => run.external_id === externalId).toSorted((a, b) => b.id - a.id)[0]
  return own && { id: own.id, annotated: own.output.annotations_count > 0 }
}

function batchesOf({ annotations }: CheckRun): readonly CheckRun['annotations'][] {
  const batches = Math.max(1, Math.ceil(annotations.length / perRequest))
  return Array.from({ length: batches }, (_, index) => annotations.slice(index * perRequest, (index + 1) * perRequest))
}

function outputOf({ title, summary }: CheckRun, annotations: CheckRun['annotations']): object {
  return {
    title,
    summary,
    annotations: annotations.map(({ path: file, line, level, title: head, message }) => ({
      path: file,
      start_line: line,
      end_line: line,
      annotation_level: level,
      title: head,
      message,
    })),
  }
}
