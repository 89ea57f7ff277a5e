import type { KubeObject } from '../kubernetes/model.ts'

/** Fields that the server writes; a change there is no change of the user's. */
const serverFields = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp'])

/**
 * Paths of the fields that differ between two states of an object, such as `spec.template.spec.containers[0].image`.
 * Status and fields that only the server writes are left out. Pure.
 */
export function changedPaths(before: KubeObject, after: KubeObject): readonly string[] {
  const paths: string[] = []
  compare(withoutStatus(before), withoutStatus(after), '', paths)
  return paths
}

function withoutStatus({ status: _, ...rest }: KubeObject): Record<string, unknown> {
  return rest
}

function compare(a: unknown, b: unknown, path: string, paths: string[]): void {
  if (a === b) return
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [index, item] of a.entries()) compare(item, b[index], `${path}[${index}]`, paths)
    return
  }
  if (isPlain(a) && isPlain(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (path === 'metadata' && serverFields.has(key)) continue
      compare(a[key], b[key], path === '' ? key : `${path}.${key}`, paths)
    }
    return
  }
  paths.push(path)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
