import { github } from '../world.ts'
import { isRecord } from '../front/http.ts'
import { notFound, type Call, type Endpoint, type Reply } from './endpoints.ts'
import { nodeId, page, type Resource } from './store.ts'

const permission = ['checks']

export const checkEndpoints: readonly Endpoint[] = [
  { method: 'post', path: '/check-runs', permission, reply: create },
  { method: 'get', path: '/check-runs/{check_run_id}', reply: get },
  { method: 'patch', path: '/check-runs/{check_run_id}', permission, reply: update },
  { method: 'get', path: '/commits/{ref}/check-runs', reply: list },
]

function create({ store, body }: Call): Reply {
  const id = store.id()
  const run: Resource = {
    id,
    node_id: nodeId('CR', id),
    head_sha: body.head_sha,
    name: body.name,
    external_id: body.external_id ?? '',
    url: store.url(`/check-runs/${id}`),
    html_url: `https://github.com/${github.repository}/runs/${id}`,
    details_url: body.details_url ?? null,
    check_suite: null,
    app: null,
    pull_requests: [],
    ...progressOf(body, { started_at: store.now() }, store.now()),
    output: outputOf(body, {}, store.url(`/check-runs/${id}/annotations`)),
  }
  store.checkRuns.set(id, run)
  return { status: 201, body: run }
}

function get({ store, at }: Call): Reply {
  const run = store.checkRuns.get(Number(at.check_run_id))
  return run ? { status: 200, body: run } : notFound
}

function update({ store, at, body }: Call): Reply {
  const run = store.checkRuns.get(Number(at.check_run_id))
  if (!run) return notFound
  const output = outputOf(body, isRecord(run.output) ? run.output : {}, String(run.url))
  const updated = { ...run, name: body.name ?? run.name, ...progressOf(body, run, store.now()), output }
  store.checkRuns.set(Number(run.id), updated)
  return { status: 200, body: updated }
}

function list({ store, at, query }: Call): Reply {
  const name = query.get('check_name')
  const runs = [...store.checkRuns.values()].filter(
    run => run.head_sha === at.ref && (name === null || run.name === name),
  )
  return { status: 200, body: { total_count: runs.length, check_runs: page(runs, query) } }
}

/** A conclusion completes the run. */
function progressOf(body: Resource, before: Resource, now: string): Resource {
  const conclusion = body.conclusion ?? before.conclusion ?? null
  const status = body.conclusion === undefined ? (body.status ?? before.status ?? 'queued') : 'completed'
  const completed = body.completed_at ?? before.completed_at ?? (status === 'completed' ? now : null)
  return { status, conclusion, started_at: body.started_at ?? before.started_at ?? null, completed_at: completed }
}

/** Annotations of later requests are added to those of earlier ones; only their number is shown. */
function outputOf(body: Resource, before: Resource, annotationsUrl: string): Resource {
  const output = isRecord(body.output) ? body.output : {}
  const added = Array.isArray(output.annotations) ? output.annotations.length : 0
  return {
    title: output.title ?? before.title ?? null,
    summary: output.summary ?? before.summary ?? null,
    text: output.text ?? before.text ?? null,
    annotations_count: Number(before.annotations_count ?? 0) + added,
    annotations_url: before.annotations_url ?? annotationsUrl,
  }
}
