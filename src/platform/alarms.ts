import type { CloudWatchClientConfig, DescribeAlarmsCommandOutput } from '@aws-sdk/client-cloudwatch'
import type { Session } from '../identity/model.ts'
import type { Alarm, Alarms } from '../rollout/model.ts'
import { UserError } from '../runtime/errors.ts'
import { explainRead, patience } from './aws-read.ts'

export type AlarmOptions = Pick<CloudWatchClientConfig, 'requestHandler'>

/** CloudWatch as the source that says whether one of these alarms went off. One call for all, its client loaded with the first. */
export function cloudWatchAlarms(names: readonly string[], session: Session, options: AlarmOptions = {}): Alarms {
  let connected: Promise<Describe> | undefined
  return {
    async read(signal) {
      connected ??= connect(names, session, options)
      try {
        const describe = await connected
        return readAlarms(names, await describe(signal), session)
      } catch (thrown) {
        throw explainRead(thrown, { ...session, action: 'cloudwatch:DescribeAlarms' })
      }
    },
  }
}

type Describe = (signal: AbortSignal | undefined) => Promise<DescribeAlarmsCommandOutput>

async function connect(names: readonly string[], session: Session, options: AlarmOptions): Promise<Describe> {
  const { CloudWatchClient, DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch')
  const client = new CloudWatchClient({
    region: session.region,
    credentials: session.credentials,
    maxAttempts: 2,
    requestHandler: patience(),
    ...options,
  })
  // Without the types CloudWatch gives metric alarms only; a page holds up to 100, which is also the most names.
  const command = new DescribeAlarmsCommand({
    AlarmNames: [...names],
    AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
    MaxRecords: 100,
  })
  return signal => client.send(command, signal === undefined ? {} : { abortSignal: signal })
}

/** In the order of the names. Throws UserError for one that CloudWatch does not have. */
function readAlarms(
  names: readonly string[],
  { MetricAlarms = [], CompositeAlarms = [] }: DescribeAlarmsCommandOutput,
  { region, accountId }: Session,
): readonly Alarm[] {
  const found = new Map([...MetricAlarms, ...CompositeAlarms].map(alarm => [alarm.AlarmName, alarm]))
  return names.map((name): Alarm => {
    const alarm = found.get(name)
    if (alarm === undefined) {
      throw new UserError(
        'alarm-unknown',
        `input "alarms": there is no alarm "${name}" in account ${accountId}, ${region}.`,
        {
          why: 'It is misspelt, or it is in another region or account.',
          todo: 'Name a metric or composite alarm of the region that is deployed to.',
        },
      )
    }
    const { StateValue: state = 'INSUFFICIENT_DATA', StateReason: reason } = alarm
    return { name, state, ...(reason === undefined ? {} : { reason }) }
  })
}
