import { KubeError } from '../../src/kubernetes/errors.ts'
import type { ApplyOptions, Cluster, Kind, KubeObject, ObjectKey, WatchEvent } from '../../src/kubernetes/model.ts'
import { identityOf, nameOf } from '../../src/kubernetes/names.ts'

/** Asked before each write that is no dry run, as `apply ConfigMap shop/settings`; what it returns is thrown. */
export type Objection = (write: string) => Error | undefined

/**
 * An API server in memory, as far as objects without pods of their own need one. Applies replace, versions count up,
 * stale ones conflict. Keeps a list of the writes.
 */
export class MemoryApi implements Cluster {
  readonly #objects = new Map<string, KubeObject>()
  readonly writes: string[] = []
  /** What the server dry run refuses, by name. */
  readonly invalid = new Set<string>()
  objection: Objection = () => undefined
  #version = 0

  /** `ConfigMap shop/settings`, in order of name, of one kind. */
  names(kind: string): readonly string[] {
    return [...this.#objects.values()]
      .filter(object => object.kind === kind)
      .map(nameOf)
      .toSorted()
  }

  find(name: string): KubeObject | undefined {
    return [...this.#objects.values()].find(object => nameOf(object) === name)
  }

  /** As somebody else would. */
  put(object: KubeObject): KubeObject {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) }
    const stored = { ...object, metadata }
    this.#objects.set(identityOf(object), stored)
    return stored
  }

  async version(): Promise<string> {
    return 'v1.36.4'
  }

  async namespaced({ kind }: Kind): Promise<boolean> {
    return kind !== 'Namespace'
  }

  async get({ name, namespace, ...kind }: ObjectKey): Promise<KubeObject | undefined> {
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
    return this.#objects.get(identityOf({ ...kind, metadata }))
  }

  async list({ kind }: Kind, namespace: string | undefined, selector = ''): Promise<readonly KubeObject[]> {
    const wanted = selector.split(',').filter(Boolean)
    return [...this.#objects.values()].filter(
      object =>
        object.kind === kind &&
        object.metadata.namespace === namespace &&
        wanted.every(pair => pair === labelPair(object, pair.split('=')[0] ?? '')),
    )
  }

  watch(): AsyncIterable<WatchEvent> {
    throw new Error('nothing here has a state to watch')
  }

  async apply(object: KubeObject, options: ApplyOptions = {}, signal?: AbortSignal): Promise<KubeObject> {
    signal?.throwIfAborted()
    if (this.invalid.has(nameOf(object))) throw refusal(422, 'Invalid', `${object.metadata.name} is invalid`)
    if (options.dryRun) return object
    return this.#write('apply', object, signal)
  }

  async create(object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    if (this.#objects.has(identityOf(object))) throw refusal(409, 'AlreadyExists', 'already exists')
    return this.#write('create', object, signal)
  }

  async replace(object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const current = this.#objects.get(identityOf(object))
    if (!current) throw refusal(404, 'NotFound', 'not found')
    if (current.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw refusal(409, 'Conflict', 'the object has been modified')
    }
    return this.#write('replace', object, signal)
  }

  async remove(key: ObjectKey): Promise<boolean> {
    const object = await this.get(key)
    if (!object) return false
    this.#tell('remove', object)
    return this.#objects.delete(identityOf(object))
  }

  async logs(): Promise<string> {
    return ''
  }

  #write(verb: string, object: KubeObject, signal?: AbortSignal): KubeObject {
    this.#tell(verb, object)
    signal?.throwIfAborted()
    return this.put(object)
  }

  #tell(verb: string, object: KubeObject): void {
    const write = `${verb} ${nameOf(object)}`
    const thrown = this.objection(write)
    if (thrown) throw thrown
    // Locks come and go, and renew themselves.
    if (object.kind !== 'Lease') this.writes.push(write)
  }
}

export function refusal(status: number, reason: string, message: string): KubeError {
  return new KubeError({ status, reason, message, causes: [] })
}

function labelPair({ metadata }: KubeObject, label: string): string {
  return `${label}=${metadata.labels?.[label] ?? ''}`
}
