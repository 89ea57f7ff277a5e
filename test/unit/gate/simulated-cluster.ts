import type {
  Cluster,
  Keep,
  Kind,
  KubeObject,
  LogOptions,
  ObjectKey,
  WatchEvent,
} from '../../../src/kubernetes/model.ts'
import { parseObject, writersOf } from '../../../src/kubernetes/objects.ts'
import { DeniedError } from '../../../src/runtime/errors.ts'

interface Watcher {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly queue: WatchEvent[]
  wake: () => void
}

/** An API server in memory: stores what it is given, numbers it, tells its watchers. Faults are asked for by name. */
export class SimulatedCluster implements Cluster {
  readonly #objects = new Map<string, KubeObject>()
  readonly #watchers = new Set<Watcher>()
  readonly #cut = new Map<string, number>()
  /** The server's own clock. */
  readonly #now: () => number
  #version = 100
  /** Kinds that the role may not read. */
  readonly forbidden = new Set<string>()
  /** Kinds of which single objects can be read; without them, asking for one is a mistake. */
  readonly readable = new Set<string>()
  /** When set, lists fail with it. */
  unreachable: Error | undefined
  readonly logTexts = new Map<string, string>()
  /** Requests so far, as `list Pod`, `watch Pod`, `logs`. */
  readonly requests: string[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** Creates or replaces, and tells. */
  put(object: KubeObject): KubeObject {
    const key = keyOf(object)
    const stored = this.#written(object)
    const type = this.#objects.has(key) ? 'modified' : 'added'
    this.#objects.set(key, stored)
    this.#tell({ type, object: stored })
    return stored
  }

  /** As a client receives it: numbered, with who wrote it last, and through the same parser. */
  #written(object: KubeObject): KubeObject {
    const time = new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z')
    const others = writersOf(object).filter(({ manager }) => manager !== 'cluster')
    const writer = {
      manager: 'cluster',
      operation: 'Update',
      subresource: 'status',
      time,
      fieldsV1: { 'f:status': {} },
    }
    const resourceVersion = String(++this.#version)
    const metadata = { ...object.metadata, resourceVersion, managedFields: [...others, writer] }
    return parseObject({ ...object, metadata }, object)
  }

  drop(object: KubeObject): void {
    if (!this.#objects.delete(keyOf(object))) return
    this.#tell({ type: 'deleted', object: this.#written(object) })
  }

  find(kind: string, name: string): KubeObject | undefined {
    return [...this.#objects.values()].find(object => object.kind === kind && object.metadata.name === name)
  }

  all(kind: string): readonly KubeObject[] {
    return [...this.#objects.values()].filter(object => object.kind === kind)
  }

  /** Breaks the watches of a kind: its changes are not told until `mend`. */
  cut(kind: string, { silently = false } = {}): void {
    this.#cut.set(kind, this.#now())
    if (silently) return
    for (const watcher of this.#of(kind)) {
      push(watcher, { type: 'gap', kind: watcher.kind, since: this.#now(), reason: 'the connection broke' })
    }
  }

  mend(kind: string): void {
    this.#cut.delete(kind)
    for (const watcher of this.#of(kind)) push(watcher, this.#listed(watcher.kind, watcher.namespace))
  }

  #of(kind: string): readonly Watcher[] {
    return [...this.#watchers].filter(watcher => watcher.kind.kind === kind)
  }

  #tell(event: Extract<WatchEvent, { object: KubeObject }>): void {
    const { kind, metadata } = event.object
    if (this.#cut.has(kind)) return
    for (const watcher of this.#of(kind)) {
      if (watcher.namespace === undefined || watcher.namespace === metadata.namespace) push(watcher, event)
    }
  }

  #listed(kind: Kind, namespace: string | undefined): WatchEvent {
    return { type: 'listed', kind, objects: this.#select(kind, namespace), resourceVersion: String(this.#version) }
  }

  #select({ kind }: Kind, namespace: string | undefined): readonly KubeObject[] {
    return this.all(kind).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
  }

  async list(
    kind: Kind,
    namespace: string | undefined,
    _selector?: string,
    _signal?: AbortSignal,
    keep: Keep = object => object,
  ): Promise<readonly KubeObject[]> {
    this.requests.push(`list ${kind.kind}`)
    if (this.unreachable !== undefined) throw this.unreachable
    this.#refuse(kind)
    return this.#select(kind, namespace).map(keep)
  }

  async *watch(
    kind: Kind,
    namespace: string | undefined,
    signal: AbortSignal,
    keep: Keep = object => object,
  ): AsyncGenerator<WatchEvent> {
    this.requests.push(`watch ${kind.kind}`)
    this.#refuse(kind)
    const watcher: Watcher = { kind, namespace, queue: [this.#listed(kind, namespace)], wake: () => undefined }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => watcher.wake(), { once: true })
    try {
      while (!signal.aborted) {
        for (let event = watcher.queue.shift(); event !== undefined; event = watcher.queue.shift())
          yield kept(event, keep)
        if (signal.aborted) return
        await new Promise<void>(resolve => {
          watcher.wake = resolve
        })
      }
    } finally {
      this.#watchers.delete(watcher)
    }
  }

  /** Watches that nobody ended. */
  get openWatches(): number {
    return this.#watchers.size
  }

  #refuse({ kind }: Kind): void {
    if (this.forbidden.has(kind))
      throw new DeniedError('kubernetes-forbidden', `${kind} is forbidden`, { todo: 'Grant it.' })
  }

  async logs(pod: string, _namespace: string, { container, previous = false }: LogOptions): Promise<string> {
    this.requests.push('logs')
    const text = this.logTexts.get(`${pod}/${container}${previous ? '/previous' : ''}`) ?? this.logTexts.get(container)
    if (text === undefined) throw new Error('unable to retrieve container logs')
    return text
  }

  version(): Promise<string> {
    return Promise.resolve('v1.36.4')
  }
  async get(key: ObjectKey): Promise<KubeObject | undefined> {
    this.requests.push(`get ${key.kind}`)
    this.#refuse(key)
    if (!this.readable.has(key.kind)) return notUsed('get')
    return this.#select(key, key.namespace).find(({ metadata }) => metadata.name === key.name)
  }
  apply(): Promise<KubeObject> {
    return notUsed('apply')
  }
  create(): Promise<KubeObject> {
    return notUsed('create')
  }
  replace(): Promise<KubeObject> {
    return notUsed('replace')
  }
  remove(): Promise<boolean> {
    return notUsed('remove')
  }
  namespaced(): Promise<boolean | undefined> {
    return Promise.resolve(true)
  }
}

/** As the transport hands it over: without what the reader does not keep. */
function kept(event: WatchEvent, keep: Keep): WatchEvent {
  if (event.type === 'gap') return event
  return event.type === 'listed'
    ? { ...event, objects: event.objects.map(keep) }
    : { ...event, object: keep(event.object) }
}

function notUsed(name: string): Promise<never> {
  return Promise.reject(new Error(`the gate must not call ${name}`))
}

function push(watcher: Watcher, event: WatchEvent): void {
  watcher.queue.push(event)
  watcher.wake()
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`
}
