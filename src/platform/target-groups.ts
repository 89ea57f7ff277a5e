import type {
  ElasticLoadBalancingV2ClientConfig,
  TargetGroup,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Session } from '../identity/model.ts'
import type { Target, TargetHealth } from '../rollout/model.ts'
import { explainRead, patience } from './aws-read.ts'

export type TargetGroupOptions = Pick<ElasticLoadBalancingV2ClientConfig, 'requestHandler'>

/**
 * Elastic Load Balancing as the source that says whether a load balancer finds a pod healthy. Its client is loaded with
 * the first question: most releases ask none. How a group is checked is asked once, its targets each time.
 */
export function elbTargetHealth(session: Session, options: TargetGroupOptions = {}): TargetHealth {
  let connected: Promise<Elb> | undefined
  const patienceOf = new Map<string, number>()
  return {
    async read(arn, signal) {
      connected ??= connect(session, options)
      const elb = await connected
      const patienceMs = patienceOf.get(arn) ?? (await elb.patienceMs(arn, signal))
      patienceOf.set(arn, patienceMs)
      return { targets: await elb.targets(arn, signal), patienceMs }
    },
  }
}

interface Elb {
  targets(arn: string, signal: AbortSignal | undefined): Promise<readonly Target[]>
  patienceMs(arn: string, signal: AbortSignal | undefined): Promise<number>
}

async function connect(session: Session, options: TargetGroupOptions): Promise<Elb> {
  const { ElasticLoadBalancingV2Client, DescribeTargetGroupsCommand, DescribeTargetHealthCommand } =
    await import('@aws-sdk/client-elastic-load-balancing-v2')
  const client = new ElasticLoadBalancingV2Client({
    region: session.region,
    credentials: session.credentials,
    maxAttempts: 2,
    requestHandler: patience(),
    ...options,
  })
  const explained = async <T>(action: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (thrown) {
      throw explainRead(thrown, { ...session, action: `elasticloadbalancing:${action}` })
    }
  }
  return {
    async targets(arn, signal) {
      const command = new DescribeTargetHealthCommand({ TargetGroupArn: arn })
      const answer = await explained('DescribeTargetHealth', client.send(command, during(signal)))
      return (answer.TargetHealthDescriptions ?? []).map(readTarget)
    },
    async patienceMs(arn, signal) {
      const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })
      const { TargetGroups } = await explained('DescribeTargetGroups', client.send(command, during(signal)))
      return checkedForMs(TargetGroups?.[0])
    },
  }
}

/**
 * Threshold × interval: as long as the load balancer itself takes to change its mind, in the direction that takes longer.
 * A pod that has just become well needs that long to be called healthy. Defaults are those of an Application Load Balancer.
 */
function checkedForMs(group: TargetGroup | undefined): number {
  const { HealthCheckIntervalSeconds = 30, HealthyThresholdCount = 5, UnhealthyThresholdCount = 2 } = group ?? {}
  return 1_000 * HealthCheckIntervalSeconds * Math.max(HealthyThresholdCount, UnhealthyThresholdCount)
}

function readTarget({ Target: target, TargetHealth: health }: TargetHealthDescription): Target {
  return {
    address: target?.Id ?? '',
    port: target?.Port ?? 0,
    state: health?.State ?? 'unavailable',
    ...(health?.Reason === undefined ? {} : { reason: health.Reason }),
    ...(health?.Description === undefined ? {} : { description: health.Description }),
  }
}

function during(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
