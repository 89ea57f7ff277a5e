import { alarmNames, region, roleArn } from '../runtime/aws-parsers.ts'
import { input } from '../runtime/inputs.ts'
import { applicationName, clusterName, namespace } from '../runtime/kubernetes-parsers.ts'
import { boolean, durationBetween, path, text, token, webAddress } from '../runtime/parsers.ts'
import { healthRules } from './health-rules.ts'

/**
 * Inputs that several actions have. An action takes them from here, so that the same name means the same everywhere:
 * one type, one default, one sentence. test/contract holds all actions to it.
 */
export const shared = {
  config: input(path, 'File that gives what is not given here; it need not exist.', { default: 'slipway.yaml' }),
  service: input(text, 'Service of slipway.yaml; may be left out where there is only one.', { example: 'api' }),
  environment: input(text, 'Environment of slipway.yaml; may be left out where there is only one.', {
    example: 'prod',
  }),
  role: input(roleArn, 'IAM role to assume for this step (ARN).', {
    required: true,
    fromFile: true,
    example: 'arn:aws:iam::111122223333:role/deploy',
  }),
  region: input(region, 'AWS region to work in.', { required: true, fromFile: true, example: 'eu-west-1' }),
  trustPolicy: input(
    path,
    'File in the checkout with the trust policy of the role: when AWS refuses the role, it tells which condition failed. Read only then; without it IAM is asked, where the step has other AWS credentials that may.',
    { example: 'infra/trust-policy.json' },
  ),
  cluster: input(clusterName, 'EKS cluster of the application.', { required: true, fromFile: true, example: 'prod' }),
  namespace: input(namespace, 'Kubernetes namespace of the application.', {
    required: true,
    fromFile: true,
    example: 'shop',
  }),
  application: input(applicationName, 'Name under which releases are recorded in the namespace.', {
    fromFile: true,
    example: 'shop',
  }),
  timeout: input(
    durationBetween('10s', '6h'),
    'How long the step may take; a rollback after a failure gets as long again.',
    {
      default: '15m',
      fromFile: true,
    },
  ),
  soak: input(durationBetween('0s', '1h'), 'How long it must stay healthy before it is called healthy.', {
    default: '20s',
    fromFile: true,
  }),
  alarms: input(
    alarmNames,
    'CloudWatch alarms that must stay quiet: one that goes off before the end of the soak fails the release.',
    { fromFile: true, example: 'shop-5xx' },
  ),
  healthRules: input(healthRules, 'How the health of custom resources is read from their status.', { fromFile: true }),
  requireReadinessGates: input(
    boolean,
    'Fail when pods behind a load balancer got no readiness gate although their namespace asks for it; else that is a warning.',
    { default: 'false', fromFile: true },
  ),
  githubToken: input(
    token,
    "Token for GitHub's API; empty asks it nothing. A release is shown as a GitHub Deployment with `deployments: write`, unless the job names an `environment:`, which GitHub shows itself; the waivers of a pull request are read from its base branch with `contents: read`, and it gets a comment on a scan with `pull-requests: write`.",
    { default: '${{ github.token }}' },
  ),
  environmentUrl: input(webAddress, 'Where the application answers; linked from the deployment on GitHub.', {
    fromFile: true,
    example: 'https://shop.example.com',
  }),
  dryRun: input(boolean, 'Validate on the server and show what would change; change nothing.', { default: 'false' }),
} as const

/** Permission of the job that shows a release on GitHub. */
export const deploymentsPermission = {
  level: 'write',
  because: 'optional: to show the release as a GitHub Deployment',
} as const

/** Sentence of the output `report`, wherever there is one. */
export const reportOutput = 'Path of the report as an HTML page, to upload as an artifact.'

/** Outputs of every action that ends with a verdict of the health gate. */
export const releaseOutputs = {
  verdict: '`healthy`, `healthy-partial`, `failed`, `stalled`, `unknown`, `superseded` or `cancelled`.',
  cause: 'Code of the cause; empty after a success.',
  release: 'Revision of the release in its record.',
  seconds: 'Seconds from the first change to the verdict.',
  report: reportOutput,
  result: 'Path of a JSON file with all of it: verdict, cause, timeline, evidence, changes, rollback (docs/result.md).',
  trace: 'Path of `rollout.trace.jsonl`: what the gate saw, to be judged again with `slipway replay`.',
} as const
