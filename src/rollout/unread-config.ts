import type { GateResult, PlannedChange } from './model.ts'

const workload = /^(Deployment|StatefulSet|DaemonSet|Rollout|Pod|Job) /
const config = /^(ConfigMap|Secret) /

/**
 * A change of configuration alone starts no pod anew: the old ones stay ready and prove nothing about it. Such a
 * success is only partial, and says so. Pure.
 */
export function withUnreadConfig(result: GateResult, changes: readonly PlannedChange[]): GateResult {
  const changed = changes.filter(({ change }) => change === 'create' || change === 'update')
  const updated = changed.filter(({ object, change }) => change === 'update' && config.test(object))
  if (result.verdict !== 'healthy' || updated.length === 0 || changed.some(({ object }) => workload.test(object)))
    return result
  const names = updated.map(({ object }) => object).join(', ')
  const partial = `${names} changed and no pod was started anew: containers that read it at their start run with the old values.`
  return { ...result, verdict: 'healthy-partial', partial }
}
