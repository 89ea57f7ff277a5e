import type { Kind } from './model.ts'
import { isRecord } from './objects.ts'
import type { Transport } from './transport.ts'

/** Where the objects of a kind live in the API. */
export interface Resource {
  /** `/api/v1` or `/apis/apps/v1` */
  readonly base: string
  /** `deployments` */
  readonly plural: string
  readonly namespaced: boolean
}

export interface Discovery {
  /** undefined when the API server does not serve the kind. An unknown kind is asked for again: a CRD may be new. */
  find(kind: Kind, signal?: AbortSignal): Promise<Resource | undefined>
}

type Catalogue = ReadonlyMap<string, Resource>

/** Aggregated discovery (stable since Kubernetes 1.30): all kinds in two requests. */
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

/** Discovery that reads the catalogue when it is first needed, and again when a kind is not in it. */
export function createDiscovery(transport: Transport): Discovery {
  let known: Promise<Catalogue> | undefined

  async function read(): Promise<Catalogue> {
    const answers = await Promise.all(
      ['/api', '/apis'].map(path => transport.json({ method: 'GET', path, accept: aggregated })),
    )
    return new Map(answers.flatMap(readGroups))
  }

  /** One reading for all who ask meanwhile, so nobody's signal ends it; a failed one is not kept. */
  function load(): Promise<Catalogue> {
    const reading = read()
    known = reading
    reading.catch(() => {
      if (known === reading) known = undefined
    })
    return reading
  }

  return {
    async find(kind, signal) {
      const first = known
      const found = (await unlessAborted(first ?? load(), signal)).get(keyOf(kind))
      if (found || first === undefined) return found
      // Somebody else may have begun a new reading since.
      const second = known === first || known === undefined ? load() : known
      return (await unlessAborted(second, signal)).get(keyOf(kind))
    },
  }
}

/** Pure: the entries of an APIGroupDiscoveryList. Kinds of subresources (`Scale`) are not objects of their own. */
export function readGroups(list: unknown): [string, Resource][] {
  const entries: [string, Resource][] = []
  for (const group of items(list, 'items')) {
    const given = isRecord(group['metadata']) ? group['metadata']['name'] : undefined
    const name = typeof given === 'string' ? given : ''
    for (const version of items(group, 'versions')) {
      const apiVersion = name === '' ? String(version['version']) : `${name}/${String(version['version'])}`
      const base = name === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`
      for (const { responseKind, resource, scope } of items(version, 'resources')) {
        // Empty when the API server behind an APIService is down.
        if (!isRecord(responseKind) || typeof responseKind['kind'] !== 'string' || typeof resource !== 'string')
          continue
        if (responseKind['kind'] === '') continue
        const key = keyOf({ apiVersion, kind: responseKind['kind'] })
        entries.push([key, { base, plural: resource, namespaced: scope === 'Namespaced' }])
      }
    }
  }
  return entries
}

/** Stops waiting, not the work, when the signal aborts. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function items(value: unknown, field: string): Record<string, unknown>[] {
  const list = isRecord(value) ? value[field] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}

function keyOf({ apiVersion, kind }: Kind): string {
  return `${apiVersion}/${kind}`
}
