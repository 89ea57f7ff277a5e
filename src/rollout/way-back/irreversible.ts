import type { KubeObject } from '../../kubernetes/model.ts'
import { identityOf, nameOf } from '../../kubernetes/names.ts'

/** What of a recorded set can come back, and in a sentence each, what cannot. */
export interface Reversible {
  readonly objects: readonly KubeObject[]
  readonly notes: readonly string[]
}

/**
 * Leaves out of a set on its way back what Kubernetes does not let go back: a Job has done its work, a claim does not
 * shrink, a version in which custom resources are stored cannot be taken away. `live` is by identity. Pure.
 */
export function reversible(objects: readonly KubeObject[], live: ReadonlyMap<string, KubeObject>): Reversible {
  const kept: KubeObject[] = []
  const notes: string[] = []
  for (const object of objects) {
    const note = whyNot(object, live.get(identityOf(object)))
    if (note === undefined) kept.push(object)
    else notes.push(note)
  }
  return { objects: kept, notes }
}

function whyNot(object: KubeObject, live: KubeObject | undefined): string | undefined {
  if (object.kind === 'Job') return `${nameOf(object)} has run in its release: it does not run again.`
  if (object.kind === 'PersistentVolumeClaim' && live) return whyNotShrink(object, live)
  if (object.kind === 'CustomResourceDefinition' && live) return whyNotFewer(object, live)
  return undefined
}

interface Claim {
  readonly spec?: { readonly resources?: { readonly requests?: { readonly storage?: string } } }
}

function whyNotShrink(object: KubeObject, live: KubeObject): string | undefined {
  const [wanted, has] = [object, live].map(claim => (claim as Claim).spec?.resources?.requests?.storage)
  if (wanted === undefined || has === undefined || bytesOf(wanted) >= bytesOf(has)) return undefined
  return `${nameOf(object)} keeps its ${has}: a claim cannot shrink to ${wanted}.`
}

interface Definition {
  readonly spec?: { readonly versions?: readonly { readonly name?: string }[] }
  readonly status?: { readonly storedVersions?: readonly string[] }
}

function whyNotFewer(object: KubeObject, live: KubeObject): string | undefined {
  const names = new Set((object as Definition).spec?.versions?.map(({ name }) => name))
  const stored = (live as Definition).status?.storedVersions?.filter(name => !names.has(name)) ?? []
  if (stored.length === 0) return undefined
  return `${nameOf(object)} stays as it is: objects are stored in its version ${stored.join(', ')}, which the earlier one has not.`
}

const units: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Kubernetes quantity as a number: `20Gi`, `500M`, `1e9`. NaN for what is none. */
function bytesOf(quantity: string): number {
  const match = /^([\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(quantity)
  const factor = match?.[2] === '' ? 1 : (units[match?.[2] ?? ''] ?? Number.NaN)
  return Number(match?.[1]) * factor
}
