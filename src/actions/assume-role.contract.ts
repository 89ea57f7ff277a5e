import { sessionName } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { durationBetween, oneOf, text } from '../runtime/parsers.ts'
import { shared } from './shared-inputs.ts'

export const assumeRole = defineAction({
  name: 'assume-role',
  title: 'Assume an AWS role',
  description:
    'Exchanges the OIDC token of the job for a short AWS session for your own commands; the other actions do it by themselves.',
  icon: 'key',
  color: 'orange',
  inputs: defineInputs({
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    audience: input(text, 'Audience of the OIDC token; the conventional one of the partition when it is not given.', {
      example: 'sts.amazonaws.com',
    }),
    'session-name': input(
      sessionName,
      'Name of the session in CloudTrail; made of repository, run and attempt when it is not given.',
      { example: 'shop-release' },
    ),
    duration: input(durationBetween('15m', '12h'), 'How long the session is valid; the role must allow it.', {
      default: '1h',
    }),
    expose: input(
      oneOf('profile', 'env', 'none'),
      'How later steps get the session: an AWS profile that only this job can read, variables, or not at all.',
      { default: 'profile' },
    ),
    profile: input(sessionName, 'Name of the AWS profile that is written with `expose: profile`.', {
      default: 'slipway',
    }),
  }),
  outputs: {
    'account-id': 'Account of the role.',
    'assumed-role-arn': 'ARN of the session, as CloudTrail shows it.',
    region: 'AWS region, as given.',
    profile: 'Name of the profile; empty unless `expose` is `profile`.',
  },
  permissions: { 'id-token': { level: 'write', because: 'to prove to AWS which job this is' } },
  post: true,
  usage: `- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/tools
    region: eu-west-1
- run: aws sts get-caller-identity --profile slipway`,
})
