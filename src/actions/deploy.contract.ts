import { pinnedImages } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { namespaces } from '../runtime/kubernetes-parsers.ts'
import { boolean, paths } from '../runtime/parsers.ts'
import { deploymentsPermission, releaseOutputs, shared } from './shared-inputs.ts'

export const deploy = defineAction({
  name: 'deploy',
  title: 'Deploy to EKS',
  description:
    'Applies manifests with images pinned by digest, judges the release by its own pods, and brings the previous one back when it fails.',
  icon: 'upload-cloud',
  color: 'green',
  inputs: defineInputs({
    config: shared.config,
    service: shared.service,
    environment: shared.environment,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    cluster: shared.cluster,
    namespace: shared.namespace,
    manifests: input(
      paths,
      'Files and folders with Kubernetes manifests, Kustomize folders, and Helm charts (a folder or a .tgz).',
      { default: 'k8s/', fromFile: true },
    ),
    values: input(paths, 'Values files for the Helm charts, the later over the earlier.', {
      fromFile: true,
      example: 'deploy/values-prod.yaml',
    }),
    'other-namespaces': input(
      namespaces,
      'Namespaces beside `namespace` that objects of the manifests may name; others are refused.',
      { example: 'monitoring' },
    ),
    images: input(
      pinnedImages,
      'Images by digest. Each replaces the image of the same repository wherever the manifests name it.',
      { example: '${{ steps.image.outputs.image }}' },
    ),
    application: shared.application,
    timeout: shared.timeout,
    soak: shared.soak,
    alarms: shared.alarms,
    'health-rules': shared.healthRules,
    'require-readiness-gates': shared.requireReadinessGates,
    'environment-url': shared.environmentUrl,
    'github-token': shared.githubToken,
    rollback: input(boolean, 'Bring the previous release back when this one fails.', {
      default: 'true',
      fromFile: true,
    }),
    'dry-run': shared.dryRun,
    'force-conflicts': input(boolean, 'Take over fields that another manager owns.', { default: 'false' }),
    'take-ownership': input(boolean, 'Release objects that Argo CD, Flux or Helm owns all the same.', {
      default: 'false',
    }),
  }),
  outputs: {
    ...releaseOutputs,
    'rolled-back': '`true` when the previous release was brought back.',
    rollback: '`rolled-back-healthy` or `rollback-failed`; empty when there was no rollback.',
  },
  permissions: {
    contents: { level: 'read', because: 'to check out the manifests' },
    'id-token': { level: 'write', because: 'to prove to AWS which job this is' },
    deployments: deploymentsPermission,
  },
  usage: `- uses: actions/checkout@v6
- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/deploy
    region: eu-west-1
    cluster: prod
    namespace: shop
    manifests: k8s/
    images: \${{ steps.image.outputs.image }}`,
})
