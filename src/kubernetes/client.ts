import { createReview, type AccessReview } from './access/review.ts'
import { createDiscovery } from './discovery.ts'
import { KubeError } from './errors.ts'
import type { ApplyOptions, Cluster, Keep, Kind, KubeObject, LogOptions } from './model.ts'
import { keyOf } from './names.ts'
import { isRecord, parseObject, parsePage } from './objects.ts'
import { createPaths, withQuery, type Paths, type QueryValues } from './paths.ts'
import { createTransport, type Connection, type KubeRequest, type Transport, type TransportPorts } from './transport.ts'
import { watchKind, type WatchPorts, type WatchSource } from './watch.ts'

/** Owner of the fields that Slipway sets (server-side apply). */
const fieldManager = 'slipway'

const pageSize = 500
const logLimitBytes = 1024 * 1024
/** Proving that a server is there must not take as long as waiting for one. */
const versionPatienceMs = 8_000

/** A Cluster that can be closed. Open watches and requests end with an error. */
export interface ClusterClient extends Cluster {
  /** What the API server says of this client's own rights. */
  readonly review: AccessReview
  readonly close: () => Promise<void>
}

/** Speaks to one API server over HTTPS: the adapter of the Cluster port. Connects with the first request. */
export function createCluster(options: Connection & TransportPorts): ClusterClient {
  const transport = createTransport(options, options)
  const discovery = createDiscovery(transport)
  const paths = createPaths(discovery)
  return {
    ...reading(transport, paths, options),
    ...writing(transport, paths),
    async version(signal) {
      const answer = await transport.json({ ...get('/version', signal), patienceMs: versionPatienceMs })
      return isRecord(answer) && typeof answer['gitVersion'] === 'string' ? answer['gitVersion'] : 'unknown'
    },
    async namespaced(kind, signal) {
      return (await discovery.find(kind, signal))?.namespaced
    },
    review: createReview(transport, discovery),
    close: () => transport.close(),
  }
}

function reading(
  transport: Transport,
  paths: Paths,
  ports: WatchPorts,
): Pick<Cluster, 'get' | 'list' | 'watch' | 'logs'> {
  const list = async (what: Listing, namespace?: string, signal?: AbortSignal): Promise<FullList> =>
    listAll(transport, what, await paths.collection(what.kind, namespace, signal), signal)

  const sourceOf = (kind: Kind, namespace: string | undefined, keep: Keep | undefined): WatchSource => ({
    keep,
    list: signal => list({ kind, keep }, namespace, signal),
    async open(resourceVersion, seconds, signal) {
      const query = { watch: true, allowWatchBookmarks: true, timeoutSeconds: seconds, resourceVersion }
      const path = withQuery(await paths.collection(kind, namespace, signal), query)
      return transport.stream({ ...get(path, signal), patienceMs: 0 })
    },
  })

  return {
    get: (key, signal) =>
      unlessMissing(async () => parseObject(await transport.json(get(await paths.object(key, signal), signal)), key)),
    list: async (kind, namespace, selector, signal, keep) =>
      (await list({ kind, selector, keep }, namespace, signal)).objects,
    watch: (kind, namespace, signal, keep) => watchKind(kind, sourceOf(kind, namespace, keep), ports, signal),
    logs: (pod, namespace, options, signal) =>
      transport.text({ ...get(logPath(pod, namespace, options), signal), limitBytes: 2 * logLimitBytes }),
  }
}

function writing(transport: Transport, paths: Paths): Pick<Cluster, 'apply' | 'create' | 'replace' | 'remove'> {
  const write = async (request: KubeRequest, object: KubeObject): Promise<KubeObject> => {
    const answer = await transport.json({ contentType: 'application/json', ...request, body: bodyOf(object) })
    return parseObject(answer, object)
  }
  return {
    async apply(object, options, signal) {
      const path = withQuery(await paths.object(keyOf(object), signal), applyQuery(options))
      const contentType = 'application/apply-patch+yaml'
      return write({ method: 'PATCH', path, contentType, idempotent: true, ...optional(signal) }, object)
    },
    async create(object, signal) {
      const path = withQuery(await paths.collection(object, object.metadata.namespace, signal), { fieldManager })
      return write({ method: 'POST', path, ...optional(signal) }, object)
    },
    async replace(object, signal) {
      const path = withQuery(await paths.object(keyOf(object), signal), { fieldManager })
      return write({ method: 'PUT', path, ...optional(signal) }, object)
    },
    async remove(key, signal) {
      const removed = await unlessMissing(async () => {
        const path = withQuery(await paths.object(key, signal), { propagationPolicy: 'Background' })
        await transport.text({ method: 'DELETE', path, idempotent: true, ...optional(signal) })
        return true
      })
      return removed ?? false
    },
  }
}

/** What to list, and what of it to keep. */
interface Listing {
  readonly kind: Kind
  /** Of labels. */
  readonly selector?: string | undefined
  readonly keep?: Keep | undefined
}

interface FullList {
  readonly objects: readonly KubeObject[]
  readonly resourceVersion: string
}

/** In pages, which bounds memory; whole when the pages expired while they were read. */
async function listAll(
  transport: Transport,
  what: Listing,
  collection: string,
  signal?: AbortSignal,
): Promise<FullList> {
  const labelSelector = what.selector
  try {
    return await listPages(transport, what, collection, { limit: pageSize, labelSelector }, signal)
  } catch (thrown) {
    if (!(thrown instanceof KubeError) || thrown.status !== 410) throw thrown
    return listPages(transport, what, collection, { labelSelector }, signal)
  }
}

async function listPages(
  transport: Transport,
  { kind, keep }: Listing,
  collection: string,
  query: QueryValues,
  signal?: AbortSignal,
): Promise<FullList> {
  const objects: KubeObject[] = []
  let next: string | undefined
  for (;;) {
    const answer = await transport.json(get(withQuery(collection, { ...query, continue: next }), signal))
    const page = parsePage(answer, kind, keep)
    objects.push(...page.objects)
    if (page.next === undefined) return { objects, resourceVersion: page.resourceVersion }
    next = page.next
  }
}

function applyQuery({ dryRun = false, force = false, manager = fieldManager }: ApplyOptions = {}): QueryValues {
  // Strict: an unknown or doubled field is an error, not a warning that nobody reads.
  return { fieldManager: manager, force, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined }
}

function logPath(pod: string, namespace: string, { limitBytes = logLimitBytes, ...options }: LogOptions): string {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`
  return withQuery(path, { ...options, limitBytes: Math.min(limitBytes, logLimitBytes) })
}

/** Server-side apply refuses an object that says who manages its fields. */
function bodyOf(object: KubeObject): string {
  return JSON.stringify({ ...object, metadata: { ...object.metadata, managedFields: undefined } })
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof KubeError && thrown.status === 404) return undefined
    throw thrown
  }
}

function get(path: string, signal: AbortSignal | undefined): KubeRequest {
  return { method: 'GET', path, ...optional(signal) }
}

function optional(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
