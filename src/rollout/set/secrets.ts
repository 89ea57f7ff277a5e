import type { KubeObject } from '../../kubernetes/model.ts'

/** Shorter texts are no secrets, and masking them would make the log unreadable. */
const shortest = 6

/**
 * The values of all Secrets of a set, as text, for masking: a container that prints its configuration while it dies
 * must not print them into the log of the job. Pure.
 */
export function secretValues(objects: readonly KubeObject[]): readonly string[] {
  const secrets = objects.filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Secret')
  const values = secrets.flatMap(secret => [
    ...textsOf(secret['stringData']),
    ...textsOf(secret['data']).map(value => Buffer.from(value, 'base64').toString('utf8')),
  ])
  return [...new Set(values.flatMap(value => [value, ...value.split('\n')]))].filter(value => value.length >= shortest)
}

function textsOf(map: unknown): readonly string[] {
  if (typeof map !== 'object' || map === null) return []
  return Object.values(map).filter(value => typeof value === 'string')
}
