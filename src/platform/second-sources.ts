import type { Session } from '../identity/model.ts'
import { ecrImageCheck } from '../registry/image-check.ts'
import type { Alarms, ImageCheck, TargetHealth } from '../rollout/model.ts'
import { cloudWatchAlarms } from './alarms.ts'
import { elbTargetHealth } from './target-groups.ts'

/** What AWS can say about a release beside the cluster. `alarmNames` are those that the user wants to stay quiet. */
export function secondSources(
  session: Session,
  alarmNames: readonly string[] | undefined,
): { readonly images: ImageCheck; readonly targets: TargetHealth; readonly alarms?: Alarms } {
  const sources = { images: ecrImageCheck(session), targets: elbTargetHealth(session) }
  return alarmNames === undefined ? sources : { ...sources, alarms: cloudWatchAlarms(alarmNames, session) }
}
