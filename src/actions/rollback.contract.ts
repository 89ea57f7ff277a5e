import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { integer } from '../runtime/parsers.ts'
import { deploymentsPermission, releaseOutputs, shared } from './shared-inputs.ts'

export const rollback = defineAction({
  name: 'rollback',
  title: 'Roll back a release',
  description: 'Brings a recorded release back and judges it by the same gate as a new one.',
  icon: 'rotate-ccw',
  color: 'red',
  inputs: defineInputs({
    config: shared.config,
    service: shared.service,
    environment: shared.environment,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    cluster: shared.cluster,
    namespace: shared.namespace,
    application: shared.application,
    to: input(
      integer(1, 1_000_000),
      'Revision to bring back; the newest healthy one before the current when it is not given.',
      { example: '41' },
    ),
    timeout: shared.timeout,
    soak: shared.soak,
    alarms: shared.alarms,
    'health-rules': shared.healthRules,
    'require-readiness-gates': shared.requireReadinessGates,
    'environment-url': shared.environmentUrl,
    'github-token': shared.githubToken,
    'dry-run': shared.dryRun,
  }),
  outputs: {
    ...releaseOutputs,
    to: 'Revision that was brought back.',
  },
  permissions: {
    'id-token': { level: 'write', because: 'to prove to AWS which job this is' },
    deployments: deploymentsPermission,
  },
  usage: `- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/deploy
    region: eu-west-1
    cluster: prod
    namespace: shop`,
})
