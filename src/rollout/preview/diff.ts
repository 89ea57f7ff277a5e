import type { KubeObject } from '../../kubernetes/model.ts'
import { isRecord } from '../../kubernetes/objects.ts'
import { annotations, isBookkeeping } from '../set/marks.ts'
import type { FieldChange } from '../model.ts'
import { shorten, shortText } from './shorten.ts'

/** Fields that the server or a controller writes; a change there is no change of the user's. */
const serverFields: ReadonlySet<string> = new Set([
  'status',
  'metadata.managedFields',
  'metadata.resourceVersion',
  'metadata.generation',
  'metadata.uid',
  'metadata.creationTimestamp',
  'metadata.annotations[deployment.kubernetes.io/revision]',
  'metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]',
  // How often the configuration that a pod reads has changed: told as the reason of a restart.
  `spec.template.metadata.annotations[${annotations.configHash}]`,
])

/**
 * What tells the items of a list apart, best first: containers, volumes, variables and most other lists go by name.
 * It only applies where every item of both states has it, each another.
 */
const itemKeys = [
  'name',
  'metadata',
  'mountPath',
  'containerPort',
  'port',
  'key',
  'host',
  'path',
  'type',
  'ip',
] as const

interface Walk {
  /** Values of Secrets are never shown. */
  readonly hidden: (path: string) => boolean
  readonly ignored: ReadonlySet<string>
  readonly found: FieldChange[]
}

/** What a node of the object is in the three states. */
interface Node {
  readonly before: unknown
  readonly after: unknown
  /** What the manifest says: a field that it does not name and that is new is a default of the server's. */
  readonly wanted: unknown
}

/**
 * The fields that differ between two states of an object, such as `spec.template.spec.containers[api].image`, with
 * their values shortened. `wanted` is what is applied. Left out are status, what the server or a controller writes,
 * defaults that it fills in, our own labels, and the paths of `ignored`. Pure.
 */
export function fieldChanges(
  before: KubeObject,
  after: KubeObject,
  wanted: KubeObject,
  ignored: Iterable<string> = [],
): readonly FieldChange[] {
  const isSecret = after.kind === 'Secret'
  const walk: Walk = {
    hidden: path => isSecret && /^(data|stringData)\b/.test(path),
    ignored: new Set([...serverFields, ...ignored]),
    found: [],
  }
  compare({ before, after, wanted: isSecret ? withData(wanted) : wanted }, '', walk)
  return walk.found
}

/** The server writes `stringData` into `data`. */
function withData(secret: KubeObject): KubeObject {
  return { ...secret, data: { ...record(secret['data']), ...record(secret['stringData']) } }
}

function compare(node: Node, path: string, walk: Walk): void {
  const { before, after, wanted } = node
  if (before === after || walk.ignored.has(path) || isBookkeeping(path)) return
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, wanted, path, walk)
  if (isRecord(before) && isRecord(after)) return compareRecords(before, after, wanted, path, walk)
  // A default that the server fills in is no change that anybody asked for.
  if (before === undefined && wanted === undefined) return
  if (before === undefined && isRecord(after)) return compareRecords({}, after, wanted, path, walk)
  if (before === undefined && Array.isArray(after)) return compareLists([], after, wanted, path, walk)
  if (JSON.stringify(before) === JSON.stringify(after)) return
  walk.found.push(changeOf(node, path, walk))
}

function compareRecords(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  wanted: unknown,
  path: string,
  walk: Walk,
): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const node = { before: before[key], after: after[key], wanted: record(wanted)[key] }
    compare(node, join(path, key), walk)
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  wanted: unknown,
  path: string,
  walk: Walk,
): void {
  const key = itemKeys.find(name => tellsApart(before, name) && tellsApart(after, name))
  if (key === undefined) {
    if (JSON.stringify(before) !== JSON.stringify(after))
      walk.found.push(changeOf({ before, after, wanted }, path, walk))
    return
  }
  const [olds, news, wants] = [byKey(before, key), byKey(after, key), byKey(Array.isArray(wanted) ? wanted : [], key)]
  for (const name of new Set([...olds.keys(), ...news.keys()])) {
    const node = { before: olds.get(name), after: news.get(name), wanted: wants.get(name) }
    const at = `${path}[${name}]`
    // A new item is one change, not one for each of its fields.
    if (node.before === undefined) walk.found.push(changeOf({ ...node, after: node.wanted ?? node.after }, at, walk))
    else compare(node, at, walk)
  }
  const [order, newOrder] = [[...olds.keys()].join(', '), [...news.keys()].join(', ')]
  if (olds.size === news.size && order !== newOrder && [...olds.keys()].every(name => news.has(name)))
    walk.found.push({ path, change: 'changed', before: `order ${shorten(order)}`, after: shorten(newOrder) })
}

function tellsApart(items: readonly unknown[], key: string): boolean {
  const values = items.map(item => keyOf(item, key))
  return (
    values.every(value => typeof value === 'string' || typeof value === 'number') &&
    new Set(values).size === values.length
  )
}

/** Claim templates are objects themselves: their name is in the metadata. */
function keyOf(item: unknown, key: string): unknown {
  const value = record(item)[key]
  return key === 'metadata' ? record(value)['name'] : value
}

function byKey(items: readonly unknown[], key: string): ReadonlyMap<string, unknown> {
  return new Map(items.map(item => [String(keyOf(item, key)), item]))
}

function changeOf({ before, after, wanted }: Node, path: string, walk: Walk): FieldChange {
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  if (walk.hidden(path)) return { path, change }
  if (typeof before === 'string' && typeof after === 'string' && `${before}${after}`.includes('\n'))
    return { path, change, ...firstDifference(before, after) }
  // As the manifest has it, without what the server fills in.
  const shown = before === undefined && wanted !== undefined ? wanted : after
  return {
    path,
    change,
    ...(before === undefined ? {} : { before: shortText(before) }),
    ...(after === undefined ? {} : { after: shortText(shown) }),
  }
}

/** Of a text of many lines the first that differs tells more than its beginning. */
function firstDifference(before: string, after: string): { readonly before: string; readonly after: string } {
  const [olds, news] = [before.split('\n'), after.split('\n')]
  const line = olds.findIndex((text, index) => text !== news[index])
  const at = line === -1 ? olds.length : line
  return { before: `line ${at + 1}: ${shorten(olds[at] ?? '')}`, after: shorten(news[at] ?? '') }
}

function join(path: string, key: string): string {
  if (/[./]/.test(key)) return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}
