import { describe, expect, test } from '@jest/globals'
import { cloudWatchAlarms } from '../../../src/platform/alarms.ts'
import { awsTransport, type AwsAnswer } from '../../support/aws-answers.ts'
import { session } from '../../support/images.ts'

function alarms(names: readonly string[], answer: AwsAnswer) {
  const transport = awsTransport(() => answer)
  return { transport, source: cloudWatchAlarms(names, session, { requestHandler: transport.requestHandler }) }
}

const known: AwsAnswer = {
  body: {
    MetricAlarms: [{ AlarmName: 'shop-5xx', StateValue: 'OK', StateReason: '0 errors' }],
    CompositeAlarms: [{ AlarmName: 'shop', StateValue: 'ALARM' }],
  },
}

describe('alarms', () => {
  test('are read in one call, metric and composite ones, and come in the order of their names', async () => {
    const { source, transport } = alarms(['shop', 'shop-5xx'], known)
    expect(await source.read()).toEqual([
      { name: 'shop', state: 'ALARM' },
      { name: 'shop-5xx', state: 'OK', reason: '0 errors' },
    ])
    expect(transport.calls).toMatchObject([
      {
        operation: 'DescribeAlarms',
        host: 'monitoring.us-east-1.amazonaws.com',
        input: { AlarmNames: ['shop', 'shop-5xx'], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] },
      },
    ])
  })

  test('that do not exist are an error of the user, which names the input', async () => {
    await expect(alarms(['shop-5xx', 'shop-6xx'], known).source.read()).rejects.toMatchObject({
      kind: 'user',
      code: 'alarm-unknown',
      message: 'input "alarms": there is no alarm "shop-6xx" in account 123456789012, us-east-1.',
    })
  })

  test('that may not be read are an error of permission', async () => {
    await expect(alarms(['shop'], { error: 'AccessDenied', status: 403 }).source.read()).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('may not cloudwatch:DescribeAlarms'),
    })
  })

  test('of a service that fails are an error of the remote', async () => {
    await expect(alarms(['shop'], { error: 'InternalServiceFault' }).source.read()).rejects.toMatchObject({
      kind: 'remote',
      code: 'aws-read-failed',
    })
  })
})
