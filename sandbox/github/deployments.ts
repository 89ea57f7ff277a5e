import { notFound, type Call, type Endpoint, type Reply } from './endpoints.ts'
import { botUser, nodeId, page, type Resource, type Store } from './store.ts'

const permission = ['deployments']

export const deploymentEndpoints: readonly Endpoint[] = [
  { method: 'get', path: '/deployments', reply: list },
  { method: 'post', path: '/deployments', permission, reply: create },
  { method: 'get', path: '/deployments/{deployment_id}', reply: get },
  { method: 'get', path: '/deployments/{deployment_id}/statuses', reply: listStatuses },
  { method: 'post', path: '/deployments/{deployment_id}/statuses', permission, reply: createStatus },
]

const filters = ['sha', 'ref', 'task', 'environment'] as const

function list({ store, query }: Call): Reply {
  const wanted = filters.filter(name => query.has(name))
  const found = newestFirst(store.deployments).filter(one => wanted.every(name => one[name] === query.get(name)))
  return { status: 200, body: page(found, query) }
}

function create({ store, body }: Call): Reply {
  const id = store.id()
  const ref = String(body.ref)
  const environment = body.environment ?? 'production'
  const deployment: Resource = {
    id,
    node_id: nodeId('DE', id),
    url: store.url(`/deployments/${id}`),
    // A branch or tag would be resolved; a commit is what deliveries send.
    sha: /^[0-9a-f]{40}$/.test(ref) ? ref : '0'.repeat(40),
    ref,
    task: body.task ?? 'deploy',
    payload: body.payload ?? {},
    original_environment: environment,
    environment,
    description: body.description ?? null,
    creator: botUser,
    created_at: store.now(),
    updated_at: store.now(),
    statuses_url: store.url(`/deployments/${id}/statuses`),
    repository_url: store.url(''),
    transient_environment: body.transient_environment ?? false,
    production_environment: body.production_environment ?? environment === 'production',
  }
  store.deployments.set(id, deployment)
  return { status: 201, body: deployment }
}

function get({ store, at }: Call): Reply {
  const deployment = store.deployments.get(Number(at.deployment_id))
  return deployment ? { status: 200, body: deployment } : notFound
}

function listStatuses(call: Call): Reply {
  const { store, at, query } = call
  if (!store.deployments.has(Number(at.deployment_id))) return notFound
  return { status: 200, body: page(statusesOf(store, Number(at.deployment_id)), query) }
}

function createStatus({ store, at, body }: Call): Reply {
  const deployment = store.deployments.get(Number(at.deployment_id))
  if (!deployment) return notFound
  if (body.state === 'success' && body.auto_inactive !== false) retireOthers(store, deployment)
  return { status: 201, body: addStatus(store, deployment, body) }
}

function addStatus(store: Store, deployment: Resource, body: Resource): Resource {
  const id = store.id()
  const log = body.log_url ?? body.target_url ?? ''
  const status: Resource = {
    id,
    node_id: nodeId('DES', id),
    url: store.url(`/deployments/${String(deployment.id)}/statuses/${id}`),
    state: body.state,
    creator: botUser,
    description: body.description ?? '',
    environment: body.environment ?? deployment.environment,
    target_url: log,
    log_url: log,
    environment_url: body.environment_url ?? '',
    created_at: store.now(),
    updated_at: store.now(),
    deployment_url: deployment.url,
    repository_url: deployment.repository_url,
  }
  store.deploymentStatuses.set(id, status)
  return status
}

/** A successful deployment makes the earlier ones of its environment inactive, unless they are transient. */
function retireOthers(store: Store, current: Resource): void {
  for (const other of store.deployments.values()) {
    if (other.id === current.id || other.environment !== current.environment || other.transient_environment === true)
      continue
    if (statusesOf(store, Number(other.id))[0]?.state === 'success') addStatus(store, other, { state: 'inactive' })
  }
}

function statusesOf(store: Store, deployment: number): readonly Resource[] {
  const url = store.url(`/deployments/${deployment}`)
  return newestFirst(store.deploymentStatuses).filter(status => status.deployment_url === url)
}

function newestFirst(resources: ReadonlyMap<number, Resource>): readonly Resource[] {
  return [...resources.values()].toReversed()
}
