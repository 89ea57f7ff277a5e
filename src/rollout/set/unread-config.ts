import type { GateResult, PlannedChange } from '../model.ts'

const workload = /^(Deployment|StatefulSet|DaemonSet|Rollout|Pod|Job) /
const config = /^(ConfigMap|Secret) /

/**
 * Changed configuration that no pod has read proves nothing: the old pods stay ready with the old values. Such a success
 * is only partial, and says so. It comes about when a workload has opted out of being started anew (`unread`), and
 * when nothing of the set reads what changed. Pure.
 */
export function withUnreadConfig(
  result: GateResult,
  changes: readonly PlannedChange[],
  unread: readonly string[] = [],
): GateResult {
  if (result.verdict !== 'healthy') return result
  const changed = changes.filter(({ change }) => change === 'create' || change === 'update')
  const updated = changed.filter(({ object, change }) => change === 'update' && config.test(object))
  const alone = changed.some(({ object }) => workload.test(object)) ? [] : updated.map(({ object }) => object)
  const names = [...new Set([...unread, ...alone])]
  if (names.length === 0) return result
  const partial = `${names.join(', ')} changed and no pod was started anew for it: containers that read it at their start run with the old values.`
  return { ...result, verdict: 'healthy-partial', partial }
}
