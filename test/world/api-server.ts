import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { WorldTime } from './time.ts'

/** Who writes: a component of the cluster, or the release itself. */
export interface Writer {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource?: 'status' | 'scale'
}

export interface Change {
  readonly type: 'added' | 'modified' | 'deleted'
  readonly object: KubeObject
}

interface Draft {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Partial<KubeObject['metadata']> & { readonly name: string }
  readonly [field: string]: unknown
}

interface Fields {
  readonly metadata?: Partial<KubeObject['metadata']>
  readonly spec?: unknown
  readonly [field: string]: unknown
}

interface EventDraft {
  readonly reason: string
  readonly message: string
  readonly by: string
  readonly type?: 'Normal' | 'Warning'
  readonly fieldPath?: string
}

export const namespace = 'shop'
const clusterScoped = new Set(['Node'])
/** client-go's spam filter: so many events about one object, then hardly any. */
const eventBurst = 25

/** Objects with uid, generation, resourceVersion and managedFields, as an API server keeps them. Times are whole seconds. */
export class ApiServer {
  readonly time: WorldTime
  readonly #kinds = new Map<string, Map<string, KubeObject>>()
  readonly #listeners: ((change: Change) => void)[] = []
  readonly #eventCounts = new Map<string, number>()
  #version = 1_000
  #created = 0

  constructor(time: WorldTime) {
    this.time = time
  }

  get version(): string {
    return String(this.#version)
  }

  get stamp(): string {
    return stamp(this.time.now)
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener)
  }

  /** All objects of a kind, in the order of their creation. */
  list<T extends KubeObject>(kind: string): readonly T[] {
    return [...(this.#kinds.get(kind)?.values() ?? [])] as unknown as readonly T[]
  }

  get<T extends KubeObject>(kind: string, name: string): T | undefined {
    return this.#kinds.get(kind)?.get(name) as T | undefined
  }

  create<T extends KubeObject>(draft: Draft, by: Writer): T {
    const object = this.#stored(
      {
        ...draft,
        metadata: {
          ...(clusterScoped.has(draft.kind) ? {} : { namespace }),
          uid: `${draft.kind.toLowerCase()}-${++this.#created}`,
          generation: 1,
          creationTimestamp: this.stamp,
          ...draft.metadata,
        },
      },
      by,
    )
    const objects = this.#kinds.get(draft.kind) ?? new Map<string, KubeObject>()
    this.#kinds.set(draft.kind, objects.set(draft.metadata.name, object))
    this.#tell({ type: 'added', object })
    return object as T
  }

  /** Replaces fields of an object as it is stored now; another spec is another generation. Undefined when it is gone. */
  write<T extends KubeObject>({ kind, metadata: { name } }: KubeObject, fields: Fields, by: Writer): T | undefined {
    const before = this.get(kind, name)
    if (before === undefined) return undefined
    const generation = (before.metadata.generation ?? 1) + (fields.spec === undefined || kind === 'Pod' ? 0 : 1)
    const object = this.#stored(
      { ...before, ...fields, metadata: { ...before.metadata, ...fields.metadata, generation } },
      by,
    )
    this.#kinds.get(kind)?.set(name, object)
    this.#tell({ type: 'modified', object })
    return object as T
  }

  /** The object is gone. Its last version is told with a number of its own, as etcd does. */
  remove({ kind, metadata: { name } }: KubeObject): void {
    const object = this.get(kind, name)
    if (object === undefined) return
    this.#kinds.get(kind)?.delete(name)
    const resourceVersion = String(++this.#version)
    this.#tell({ type: 'deleted', object: { ...object, metadata: { ...object.metadata, resourceVersion } } })
  }

  /** An event; the same one again counts up. */
  event(about: KubeObject, { reason, message, by, type = 'Normal', fieldPath }: EventDraft): void {
    const spam = `${by}/${about.metadata.uid}`
    const sent = (this.#eventCounts.get(spam) ?? 0) + 1
    if (sent > eventBurst) return
    this.#eventCounts.set(spam, sent)
    const name = `${about.metadata.name}.${hash(`${about.metadata.uid}${reason}${message}${fieldPath ?? ''}`)}`
    const known = this.get('Event', name)
    const writer: Writer = { manager: by, operation: 'Update' }
    const count = Number(known?.['count'] ?? 0) + 1
    const content = {
      involvedObject: {
        kind: about.kind,
        name: about.metadata.name,
        uid: about.metadata.uid,
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      reason,
      message,
      type,
      source: { component: by },
      reportingComponent: by,
      firstTimestamp: known?.['firstTimestamp'] ?? this.stamp,
      lastTimestamp: this.stamp,
      count,
    }
    if (known === undefined) this.create({ apiVersion: 'v1', kind: 'Event', metadata: { name }, ...content }, writer)
    else this.write(known, content, writer)
  }

  #stored(object: KubeObject, by: Writer): KubeObject {
    const writers = (object.metadata['managedFields'] ?? []) as readonly Writer[]
    const others = writers.filter(
      ({ manager, subresource }) => manager !== by.manager || subresource !== by.subresource,
    )
    const metadata = {
      ...object.metadata,
      resourceVersion: String(++this.#version),
      managedFields: [...others, { ...by, time: this.stamp }],
    }
    return { ...object, metadata }
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change)
  }
}

/** RFC 3339, whole seconds. */
export function stamp(at: number): string {
  return new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace('.000Z', 'Z')
}

/** A short, stable name for a text (FNV-1a). */
export function hash(text: string): string {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value ^= text.charCodeAt(index)
    value = Math.imul(value, 0x01000193)
  }
  return (value >>> 0).toString(16).padStart(8, '0')
}
