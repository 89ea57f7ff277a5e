import { imageReference } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import type { Parser } from '../runtime/inputs.ts'
import { oneOf, path } from '../runtime/parsers.ts'
import { parseRules } from '../scan/policy/rule.ts'
import type { Rule } from '../scan/policy/rule.ts'
import { reportFiles } from './scan-report-files.ts'
import { reportOutput, shared } from './shared-inputs.ts'

const failRules: Parser<readonly Rule[]> = {
  accepts: 'severities with conditions such as `high:fixable:introduced`, or `none`',
  parse: value => parseRules(value),
}

export const scan = defineAction({
  name: 'scan',
  title: 'Scan an image',
  description: 'Waits for what Amazon ECR finds in an image and stops the job when it is worse than you allow.',
  icon: 'shield',
  color: 'yellow',
  inputs: defineInputs({
    config: shared.config,
    service: shared.service,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    image: input(imageReference, 'Image to judge, as `build-push` gives it.', {
      required: true,
      example: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:…',
    }),
    'fail-on': input(
      failRules,
      'Findings of these severities or worse fail the step, and so does a scan without a result; `none` only reports.',
      {
        default: 'critical',
        fromFile: true,
        example: 'critical, high:fixable',
      },
    ),
    'compare-with': input(
      imageReference,
      'An earlier image of the same repository, such as the one that runs: rules with `introduced` are about what this one adds to it.',
      { example: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:…' },
    ),
    waivers: input(
      path,
      'File with findings that somebody accepted for a while, each with scope, reason, owner and last day; it need not exist.',
      { default: 'slipway-waivers.yaml' },
    ),
    reports: input(
      reportFiles,
      'Files to write for programs, relative to the checkout: SARIF for code scanning, JSON, CSV, JUnit XML (docs/scan.md). Written whatever the verdict is.',
      { example: 'sarif=scan.sarif, json=scan.json' },
    ),
    comment: input(
      oneOf('auto', 'always', 'off'),
      'Comment on the pull request, one per image and job, kept up to date. `auto` begins one only when something blocks, is not known, or comes with the change.',
      { default: 'auto' },
    ),
    check: input(
      oneOf('auto', 'always', 'off'),
      'Check of the commit with the verdict, and with notes on the lines of the Dockerfile for what blocks. `auto`: in pull requests.',
      { default: 'auto' },
    ),
    'github-token': shared.githubToken,
    unrated: input(
      oneOf('fail', 'warn', 'ignore'),
      'What findings without a severity do: they have no rating yet, and no rule counts them.',
      { default: 'warn' },
    ),
    timeout: shared.timeout,
  }),
  outputs: {
    verdict: '`pass`, `fail` or `inconclusive`; always `pass` when no finding may fail the step.',
    critical: 'Number of critical findings.',
    high: 'Number of high findings.',
    total: 'Number of all findings.',
    seconds: 'Seconds from the start to the verdict.',
    report: reportOutput,
    sarif: 'Path of the SARIF file, when `reports` asks for it; for `github/codeql-action/upload-sarif`.',
    json: 'Path of the JSON file, when `reports` asks for it.',
    csv: 'Path of the CSV file, when `reports` asks for it.',
    junit: 'Path of the JUnit XML file, when `reports` asks for it.',
  },
  permissions: {
    'id-token': { level: 'write', because: 'to prove to AWS which job this is' },
    contents: { level: 'read', because: 'optional: to read the waivers of the base branch in a pull request' },
    'pull-requests': { level: 'write', because: 'optional: to comment on the pull request' },
    checks: { level: 'write', because: 'optional: to show the verdict as a check of the commit' },
  },
  usage: `- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/build
    region: eu-west-1
    image: \${{ steps.image.outputs.image }}
    fail-on: high`,
})
