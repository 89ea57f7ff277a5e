import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { oneOf } from '../runtime/parsers.ts'
import { digests, releasePlaces, repositorySettings } from './repository-settings.ts'
import { shared } from './shared-inputs.ts'

export const ecrRepository = defineAction({
  name: 'ecr-repository',
  title: 'Keep ECR repositories as code',
  description:
    'Makes ECR repositories what slipway.yaml says, shows what that would change, or tells when they differ; no lifecycle policy may expire what a rollback needs.',
  icon: 'package',
  color: 'orange',
  inputs: defineInputs({
    config: shared.config,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    mode: input(
      oneOf('plan', 'apply', 'drift'),
      'Show what would change, change it, or fail when the account differs; only `apply` writes.',
      { default: 'plan' },
    ),
    'repository-settings': input(
      repositorySettings,
      'The repositories as they should be, where slipway.yaml does not say it.',
      { required: true, fromFile: true, example: '{"shop/api": {"mutability": "immutable"}}' },
    ),
    'keep-digests': input(digests, 'Images that no change of a lifecycle policy may expire or archive.', {
      example: `sha256:${'0a'.repeat(32)}`,
    }),
    'keep-releases': input(
      releasePlaces,
      'Where releases are recorded whose images no change of a lifecycle policy may expire or archive.',
      { example: 'prod/shop' },
    ),
  }),
  outputs: {
    verdict: '`unchanged`, `planned`, `applied`, `drifted` or `refused`.',
    changed: 'Names of the repositories that differ, between commas; empty when none does.',
    created: 'Names of those that do not exist, or did not before `apply`, between commas.',
  },
  permissions: { 'id-token': { level: 'write', because: 'to prove to AWS which job this is' } },
  usage: `- uses: actions/checkout@v5
- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/repositories
    region: eu-west-1
    mode: \${{ github.ref == 'refs/heads/main' && 'apply' || 'plan' }}
    keep-releases: prod/shop`,
})
