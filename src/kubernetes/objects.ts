import { RemoteError } from '../runtime/errors.ts'
import type { Keep, Kind, KubeObject } from './model.ts'

/** A page of a list, as the API server sends it. */
export interface Page {
  readonly objects: readonly KubeObject[]
  readonly resourceVersion: string
  /** Token for the next page; undefined on the last. */
  readonly next: string | undefined
}

/** Who wrote an object, how and when: what is kept of an entry of `managedFields`. */
interface Writer {
  readonly manager?: string
  /** `Apply` or `Update`. */
  readonly operation?: string
  /** `status`, `scale`; absent for writes of the object itself. */
  readonly subresource?: string
  /** RFC 3339: when the API server last let this writer change something. */
  readonly time?: string
}

/** The writers of an object, in no useful order; empty when it did not come from an API server. */
export function writersOf(object: KubeObject): readonly Writer[] {
  const writers = object.metadata['managedFields']
  return Array.isArray(writers) ? writers.filter(isRecord) : []
}

/** Checks that `value` is an object of the API, drops what only weighs (see `slim`), then what `keep` leaves out. */
export function parseObject(value: unknown, kind: Kind, keep?: Keep): KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata']) || typeof value['metadata']['name'] !== 'string') {
    throw unexpected(`${kind.kind} object`)
  }
  const object = slim(value, kind)
  return keep === undefined ? object : keep(object)
}

export function parsePage(value: unknown, kind: Kind, keep?: Keep): Page {
  if (!isRecord(value) || !isRecord(value['metadata'])) throw unexpected(`list of ${kind.kind}`)
  // An empty list of some aggregated API servers is null.
  const items: unknown = value['items'] ?? []
  if (!Array.isArray(items)) throw unexpected(`list of ${kind.kind}`)
  const { resourceVersion, continue: next } = value['metadata']
  return {
    objects: items.map(item => parseObject(item, kind, keep)),
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    next: typeof next === 'string' && next !== '' ? next : undefined,
  }
}

/**
 * Items of a typed list have no apiVersion and kind: they get those of the list.
 * `managedFields` is up to half of an object, and only who wrote it and when is ever asked: the lists of fields are
 * dropped in place, before the object is kept.
 */
function slim(value: Record<string, unknown>, kind: Kind): KubeObject {
  const { metadata } = value
  if (isRecord(metadata) && Array.isArray(metadata['managedFields']))
    metadata['managedFields'] = metadata['managedFields'].filter(isRecord).map(writerOf)
  value['apiVersion'] ??= kind.apiVersion
  value['kind'] ??= kind.kind
  return value as unknown as KubeObject
}

function writerOf(entry: Record<string, unknown>): Writer {
  return Object.fromEntries(
    ['manager', 'operation', 'subresource', 'time'].flatMap(field =>
      typeof entry[field] === 'string' ? [[field, entry[field]]] : [],
    ),
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unexpected(expected: string): RemoteError {
  return new RemoteError('kubernetes-answer', `The API server's answer is no ${expected}.`, {
    why: 'Something between the runner and the API server may have answered instead.',
    todo: 'Check the endpoint of the cluster and proxies on the way.',
  })
}
