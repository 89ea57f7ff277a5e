import type { KubeObject } from '../../kubernetes/model.ts'
import { groupOf } from '../../kubernetes/names.ts'

export function isJob(object: KubeObject): boolean {
  return object.kind === 'Job' && groupOf(object) === 'batch'
}

/** A Job's template cannot be changed: each release makes its own. */
export function nameOfJob(name: string, revision: number): string {
  return `${name}-r${revision}`
}
