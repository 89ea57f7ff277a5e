import { sessionName } from '../runtime/aws-parsers.ts'
import { clusterName } from '../runtime/kubernetes-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { durationBetween, oneOf, path, text } from '../runtime/parsers.ts'
import {
  accountIds,
  externalId,
  jsonPolicy,
  policyArns,
  roleChain,
  stsEndpoint,
  tagKeys,
  tagLines,
} from '../runtime/session-parsers.ts'
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
    source: input(
      oneOf('oidc', 'environment'),
      'Who vouches for the first role: the OIDC token of the job, or AWS credentials that the environment has (variables, a profile, the role of the runner).',
      { default: 'oidc' },
    ),
    'web-identity-token-file': input(
      path,
      'File with a web identity token, instead of the OIDC token of the job; read anew for each session.',
      { example: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' },
    ),
    audience: input(text, 'Audience of the OIDC token; the conventional one of the partition when it is not given.', {
      example: 'sts.amazonaws.com',
    }),
    'role-chain': input(
      roleChain,
      'Further roles, each assumed with the session of the one before; the last one is handed out.',
      { example: 'arn:aws:iam::444455556666:role/release' },
    ),
    'external-id': input(externalId, 'External id that the trust policy of the last role asks for.', {
      example: 'shop-release',
    }),
    'session-policy': input(
      jsonPolicy,
      'IAM policy that limits the session further; the role must allow it all the same.',
      {
        example: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}',
      },
    ),
    'managed-session-policies': input(policyArns, 'Managed policies that limit the session as well.', {
      example: 'arn:aws:iam::aws:policy/ReadOnlyAccess',
    }),
    'session-tags': input(
      tagLines,
      'Tags of the session, for roles that are assumed with credentials (`role-chain`, `source: environment`); `claim:` takes a value from the OIDC token.',
      { example: 'branch=claim:ref' },
    ),
    'transitive-tags': input(tagKeys, 'Keys of session tags that go on to roles assumed later.', { example: 'branch' }),
    'source-identity': input(
      text,
      'Claim of the OIDC token that CloudTrail shows as source identity of all later sessions.',
      {
        example: 'actor',
      },
    ),
    'allowed-account-ids': input(
      accountIds,
      'Accounts that the session may be in: checked before anything is asked of AWS, and again before anything is handed out.',
      { example: '111122223333' },
    ),
    'sts-endpoint': input(stsEndpoint, 'Another STS than that of the region.', {
      example: 'https://vpce-0abc.sts.eu-west-1.vpce.amazonaws.com',
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
      'How later steps get the session: an AWS profile that gets it anew each time and holds no secret, variables, or not at all.',
      { default: 'profile' },
    ),
    profile: input(
      sessionName,
      'Name of the AWS profile that is written with `expose: profile`; a job may have several.',
      {
        default: 'slipway',
      },
    ),
    'eks-cluster': input(clusterName, 'EKS cluster that kubectl and helm of later steps reach by KUBECONFIG.', {
      example: 'prod',
    }),
  }),
  outputs: {
    'account-id': 'Account of the role.',
    'assumed-role-arn': 'ARN of the session, as CloudTrail shows it.',
    region: 'AWS region, as given.',
    profile: 'Name of the profile; empty unless `expose` is `profile`.',
    kubeconfig: 'Path of the kubeconfig; empty unless `eks-cluster` is given.',
  },
  permissions: { 'id-token': { level: 'write', because: 'to prove to AWS which job this is' } },
  post: true,
  usage: `- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/tools
    region: eu-west-1
    eks-cluster: prod
- run: |
    aws sts get-caller-identity
    kubectl get pods`,
})
