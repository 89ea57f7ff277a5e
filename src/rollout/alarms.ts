import type { Alarm } from './model.ts'
import type { ReleasePorts } from './ports.ts'

/**
 * The alarms as they are before the first write. One that is raised already is told, and says nothing about the
 * release. Throws UserError for a name that does not exist, DeniedError or RemoteError when they cannot be read.
 */
export async function alarmsBefore({ alarms, log, signal }: ReleasePorts): Promise<readonly Alarm[]> {
  const before = (await alarms?.read(signal)) ?? []
  for (const { name, state, reason } of before)
    if (state === 'ALARM')
      log.warn(
        `Alarm "${name}" is raised already, so it says nothing about this release${reason === undefined ? '.' : `: ${reason}`}`,
      )
  return before
}

/**
 * The ports for an automatic way back, which no alarm judges: the metrics of the release that failed may raise one long
 * after its pods are gone.
 */
export function withoutAlarms({ alarms: _, ...ports }: ReleasePorts): ReleasePorts {
  return ports
}
