/** Annotations that a manifest may carry, and those that we write. */
export const annotations = {
  /** `before` or `after`: the Job runs to completion before, or after, the workloads. */
  hook: 'slipway.dev/hook',
  /** Integer; lower waves are healthy before higher ones begin. Default 0. */
  wave: 'slipway.dev/wave',
  /** `"false"` on a workload: a change of the configuration that it reads does not start its pods anew. */
  restart: 'slipway.dev/restart-on-config',
  /** Written by us on pod templates: digest of the configuration of the set that the pods read. */
  configHash: 'slipway.dev/config-hash',
} as const

/** Label on every object of a release: what may be pruned by later releases of this application. */
export const applicationLabel = 'slipway.dev/application'

/** Label on every object of a release: the ApplySet that it is a member of (KEP-3659). */
export const partOfLabel = 'applyset.kubernetes.io/part-of'

/** Paths of what we write for ourselves: nobody's change. */
const bookkeeping: ReadonlySet<string> = new Set([
  `metadata.labels[${applicationLabel}]`,
  `metadata.labels[${partOfLabel}]`,
])

export function isBookkeeping(path: string): boolean {
  return bookkeeping.has(path)
}
