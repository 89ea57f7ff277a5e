import type { Override } from './aws.ts'
import { xmlAnswer } from './aws-errors.ts'
import { xml } from './http.ts'
import type { LoadBalancer } from './load-balancer/load-balancer.ts'
import type { TargetHealth } from './load-balancer/target-group.ts'

/** DescribeTargetHealth from real probes, for the target groups that the load balancer stand-in made. */
export function targetHealthOverride(balancer: Pick<LoadBalancer, 'targets'>): Override {
  return operation => {
    if (operation.service !== 'elasticloadbalancing' || operation.name !== 'DescribeTargetHealth') return undefined
    const targets = balancer.targets(String(operation.input.TargetGroupArn))
    return targets && xmlAnswer(200, describe(targets))
  }
}

function describe(targets: readonly TargetHealth[]): string {
  const members = targets.map(target => {
    const why =
      target.reason === undefined
        ? ''
        : `<Reason>${target.reason}</Reason><Description>${xml(target.description ?? '')}</Description>`
    return (
      `<member><HealthCheckPort>${target.port}</HealthCheckPort><TargetHealth><State>${target.state}</State>${why}</TargetHealth>` +
      `<Target><Id>${target.ip}</Id><Port>${target.port}</Port><AvailabilityZone>us-east-1a</AvailabilityZone></Target></member>`
    )
  })
  return (
    '<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">' +
    `<DescribeTargetHealthResult><TargetHealthDescriptions>${members.join('')}</TargetHealthDescriptions></DescribeTargetHealthResult>` +
    '<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></DescribeTargetHealthResponse>'
  )
}
