import * as z from 'zod/mini'
import { customApiVersion, mistakeIn } from '../health/custom-rule.ts'
import { readRepositories } from '../registry/repository/desired.ts'
import { readYamlFile, validated } from '../runtime/yaml-file.ts'

const duration = z.string().check(z.regex(/^\d+(ms|s|m|h)$/, 'is no duration such as 90s or 15m'))
const text = z.string().check(z.minLength(1))
/** One path, or several. */
const paths = z.union([text, z.array(text)])
const severity = z.enum(['critical', 'high', 'medium', 'low', 'informational', 'any'])
const glob = z.string().check(z.regex(/^[^\s,:]+$/, 'is no pattern: it has a space, a comma or a colon'))
/** `critical`, `high:fixable` as the input `fail-on` writes it, or its conditions one by one. */
const failRule = z.union([
  given(text, 'A rule as the input fail-on writes it: high:fixable:introduced'),
  z.strictObject({
    severity: given(severity, 'Of this severity or worse; any includes findings without one.'),
    fixable: maybe(z.boolean(), 'Only when a version with a fix exists.'),
    'fix-older-than': maybe(
      z.string().check(z.regex(/^\d{1,4}d$/, 'is no number of days such as 14d')),
      'Only when a fix exists and the finding is known for longer than this: 14d',
    ),
    exploit: maybe(z.boolean(), 'Only when the scanner knows an exploit.'),
    kev: maybe(z.boolean(), 'Only when CISA lists it as exploited in the wild.'),
    epss: maybe(
      z.number().check(z.minimum(0), z.maximum(1)),
      'Only from this probability of exploitation on (EPSS, 0 to 1).',
    ),
    package: maybe(glob, 'Only in packages of this name; * is any text.'),
    path: maybe(glob, 'Only at this path in the image; ** across folders.'),
    layer: maybe(z.enum(['base', 'app']), 'Only from the base image, or from what the Dockerfile adds.'),
    introduced: maybe(z.boolean(), 'Only what the image that runs does not have.'),
  }),
])

const service = z.strictObject({
  repository: given(text, 'ECR repository of the image.'),
  context: maybe(text, 'Folder to build from. Default: the checkout.'),
  dockerfile: maybe(text, 'Path of the Dockerfile. Default: Dockerfile in the context.'),
  manifests: maybe(text, 'Files or folders with the manifests, a Kustomize folder or a Helm chart. Default: k8s/'),
  values: maybe(paths, 'Values files for the Helm chart.'),
})

const environment = z.strictObject({
  role: given(text, 'IAM role that deploys (ARN).'),
  region: given(text, 'AWS region of the cluster.'),
  cluster: given(text, 'EKS cluster.'),
  namespace: given(text, 'Namespace of the application.'),
  values: maybe(paths, 'Values files for the Helm chart, over those of the service.'),
  url: maybe(z.url(), 'Where the application answers; linked from the deployment on GitHub.'),
})

const condition = text.check(
  z.superRefine((value, context) => {
    const wrong = mistakeIn(value)
    if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong })
  }),
)

const healthRule = z.strictObject({
  apiVersion: given(
    z.string().check(z.regex(customApiVersion, 'is not the apiVersion of a custom resource, such as example.com/v1')),
    'Its group counts; the rule holds for every version.',
  ),
  kind: given(text, 'Kind of the custom resource.'),
  success: given(
    z.array(condition).check(z.minLength(1)),
    'All of them hold when it is healthy: status.phase == "Ready"',
  ),
  failure: maybe(z.array(condition), 'One of them holds when it has failed.'),
  progress: maybe(z.array(condition), 'One of them holds while it is on its way, whatever success says.'),
  message: maybe(condition, 'Gives the text of its state: status.message'),
  'observed-generation': maybe(
    z.boolean(),
    'false when its controller writes no status.observedGeneration. Default: true.',
  ),
})

/** Their shape for editors is in scripts/generated/repository-schema.ts. */
const repositories = z.record(z.string(), z.unknown()).check(
  z.superRefine((value, context) => {
    const read = readRepositories(value)
    if ('mistake' in read) context.addIssue({ code: 'custom', path: [...read.mistake.at], message: read.mistake.says })
  }),
)

/** slipway.yaml: names services, environments, scan policy and gate once, so that workflow files stay short. */
export const slipwayFile = z.strictObject({
  build: z.optional(
    z.strictObject({
      role: given(text, 'IAM role that builds, pushes and scans (ARN).'),
      region: given(text, 'AWS region of the registry.'),
    }),
  ),
  services: maybe(z.record(z.string(), service), 'What is built and deployed, by name.'),
  environments: maybe(z.record(z.string(), environment), 'Where it is deployed to, by name.'),
  repositories: maybe(repositories, 'ECR repositories as they should be, by name.'),
  scan: z.optional(z.strictObject({ 'fail-on': maybe(z.array(failRule), 'Findings that stop the pipeline.') })),
  health: maybe(z.array(healthRule), 'How the health of custom resources is read from their status.'),
  gate: z.optional(
    z.strictObject({
      timeout: maybe(duration, 'How long a release may take.'),
      soak: maybe(duration, 'How long it must stay healthy before it is called healthy.'),
      rollback: maybe(z.boolean(), 'Bring the previous release back when one fails.'),
      alarms: maybe(z.array(text), 'CloudWatch alarms that must stay quiet until the end of the soak.'),
      'require-readiness-gates': maybe(
        z.boolean(),
        'Fail when pods behind a load balancer got no readiness gate although their namespace asks for it.',
      ),
    }),
  ),
})

/** A field, and what editors say of it. */
function given<T extends z.ZodMiniType>(schema: T, says: string): T {
  return schema.check(z.describe(says))
}

/** The same for a field that may be left out. */
function maybe<T extends z.ZodMiniType>(schema: T, says: string): z.ZodMiniOptional<T> {
  return given(z.optional(schema), says)
}

export type SlipwayFile = z.infer<typeof slipwayFile>

/** Reads the text of a slipway.yaml. Throws UserError with line and column of the first mistake. */
export function parseSlipwayFile(text: string, path: string): SlipwayFile {
  return validated(readYamlFile(text, path), slipwayFile, {}, incorrect)
}

const incorrect = {
  code: 'config-invalid',
  todo: 'Correct the file; editors check it as you type with the schema slipway.schema.json.',
}
