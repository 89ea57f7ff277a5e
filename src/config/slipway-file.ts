import { z } from 'zod'
import { customApiVersion, mistakeIn } from '../health/custom-rule.ts'
import { readRepositories } from '../registry/repository/desired.ts'
import { mistakeOf, readYamlFile } from '../runtime/yaml-file.ts'

const duration = z.string().regex(/^\d+(ms|s|m|h)$/, 'is no duration such as 90s or 15m')
const text = z.string().min(1)
/** One path, or several. */
const paths = z.union([text, z.array(text)])
const severity = z.enum(['critical', 'high', 'medium', 'low', 'informational', 'any'])
const glob = z.string().regex(/^[^\s,:]+$/, 'is no pattern: it has a space, a comma or a colon')
/** `critical`, `high:fixable` as the input `fail-on` writes it, or its conditions one by one. */
const failRule = z.union([
  text.describe('A rule as the input fail-on writes it: high:fixable:introduced'),
  z.strictObject({
    severity: severity.describe('Of this severity or worse; any includes findings without one.'),
    fixable: z.boolean().optional().describe('Only when a version with a fix exists.'),
    'fix-older-than': z
      .string()
      .regex(/^\d{1,4}d$/, 'is no number of days such as 14d')
      .optional()
      .describe('Only when a fix exists and the finding is known for longer than this: 14d'),
    exploit: z.boolean().optional().describe('Only when the scanner knows an exploit.'),
    kev: z.boolean().optional().describe('Only when CISA lists it as exploited in the wild.'),
    epss: z.number().min(0).max(1).optional().describe('Only from this probability of exploitation on (EPSS, 0 to 1).'),
    package: glob.optional().describe('Only in packages of this name; * is any text.'),
    path: glob.optional().describe('Only at this path in the image; ** across folders.'),
    layer: z.enum(['base', 'app']).optional().describe('Only from the base image, or from what the Dockerfile adds.'),
    introduced: z.boolean().optional().describe('Only what the image that runs does not have.'),
  }),
])

const service = z.strictObject({
  repository: text.describe('ECR repository of the image.'),
  context: text.optional().describe('Folder to build from. Default: the checkout.'),
  dockerfile: text.optional().describe('Path of the Dockerfile. Default: Dockerfile in the context.'),
  manifests: text
    .optional()
    .describe('Files or folders with the manifests, a Kustomize folder or a Helm chart. Default: k8s/'),
  values: paths.optional().describe('Values files for the Helm chart.'),
})

const environment = z.strictObject({
  role: text.describe('IAM role that deploys (ARN).'),
  region: text.describe('AWS region of the cluster.'),
  cluster: text.describe('EKS cluster.'),
  namespace: text.describe('Namespace of the application.'),
  values: paths.optional().describe('Values files for the Helm chart, over those of the service.'),
  url: z.url().optional().describe('Where the application answers; linked from the deployment on GitHub.'),
})

const condition = text.superRefine((value, context) => {
  const wrong = mistakeIn(value)
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong })
})

const healthRule = z.strictObject({
  apiVersion: z
    .string()
    .regex(customApiVersion, 'is not the apiVersion of a custom resource, such as example.com/v1')
    .describe('Its group counts; the rule holds for every version.'),
  kind: text.describe('Kind of the custom resource.'),
  success: z.array(condition).min(1).describe('All of them hold when it is healthy: status.phase == "Ready"'),
  failure: z.array(condition).optional().describe('One of them holds when it has failed.'),
  progress: z.array(condition).optional().describe('One of them holds while it is on its way, whatever success says.'),
  message: condition.optional().describe('Gives the text of its state: status.message'),
  'observed-generation': z
    .boolean()
    .optional()
    .describe('false when its controller writes no status.observedGeneration. Default: true.'),
})

/** Their shape for editors is in scripts/generated/repository-schema.ts. */
const repositories = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  const read = readRepositories(value)
  if ('mistake' in read) context.addIssue({ code: 'custom', path: [...read.mistake.at], message: read.mistake.says })
})

/** slipway.yaml: names services, environments, scan policy and gate once, so that workflow files stay short. */
export const slipwayFile = z.strictObject({
  build: z
    .strictObject({
      role: text.describe('IAM role that builds, pushes and scans (ARN).'),
      region: text.describe('AWS region of the registry.'),
    })
    .optional(),
  services: z.record(z.string(), service).optional().describe('What is built and deployed, by name.'),
  environments: z.record(z.string(), environment).optional().describe('Where it is deployed to, by name.'),
  repositories: repositories.optional().describe('ECR repositories as they should be, by name.'),
  scan: z
    .strictObject({ 'fail-on': z.array(failRule).optional().describe('Findings that stop the pipeline.') })
    .optional(),
  health: z.array(healthRule).optional().describe('How the health of custom resources is read from their status.'),
  gate: z
    .strictObject({
      timeout: duration.optional().describe('How long a release may take.'),
      soak: duration.optional().describe('How long it must stay healthy before it is called healthy.'),
      rollback: z.boolean().optional().describe('Bring the previous release back when one fails.'),
      alarms: z.array(text).optional().describe('CloudWatch alarms that must stay quiet until the end of the soak.'),
      'require-readiness-gates': z
        .boolean()
        .optional()
        .describe('Fail when pods behind a load balancer got no readiness gate although their namespace asks for it.'),
    })
    .optional(),
})

export type SlipwayFile = z.infer<typeof slipwayFile>

/** Reads the text of a slipway.yaml. Throws UserError with line and column of the first mistake. */
export function parseSlipwayFile(text: string, path: string): SlipwayFile {
  const file = readYamlFile(text, path)
  const result = slipwayFile.safeParse(file.value ?? {})
  if (result.success) return result.data
  throw mistakeOf(file, result.error, {
    code: 'config-invalid',
    todo: 'Correct the file; editors check it as you type with the schema slipway.schema.json.',
  })
}
