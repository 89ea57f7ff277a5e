import { pinnedImages } from '../runtime/aws-parsers.ts'
import { defineAction } from '../runtime/contract.ts'
import { defineInputs, input } from '../runtime/inputs.ts'
import { helmRelease, labelSelector, workloads } from '../runtime/kubernetes-parsers.ts'
import { paths } from '../runtime/parsers.ts'
import { releaseOutputs, shared } from './shared-inputs.ts'

const { release: _, ...outputs } = releaseOutputs

export const verify = defineAction({
  name: 'verify',
  title: 'Verify a rollout',
  description:
    'Judges what Helm, Argo CD, Flux or kubectl applied, by the health gate alone: the same verdict and cause as after a deploy. Changes nothing in the cluster.',
  icon: 'activity',
  color: 'blue',
  inputs: defineInputs({
    config: shared.config,
    environment: shared.environment,
    role: shared.role,
    region: shared.region,
    'trust-policy': shared.trustPolicy,
    cluster: shared.cluster,
    namespace: shared.namespace,
    workloads: input(workloads, 'What to judge, by name. One of these four inputs is needed.', {
      example: 'deployment/api, statefulset/db',
    }),
    selector: input(
      labelSelector,
      'What to judge, by label: all workloads, volume claims, Services and Ingresses that have it.',
      {
        example: 'app.kubernetes.io/part-of=shop',
      },
    ),
    'helm-release': input(helmRelease, 'What to judge: all that a Helm release made.', { example: 'shop' }),
    'from-manifests': input(
      paths,
      'What to judge: the objects that these files, folders or Kustomize folders name. They are read, not applied.',
      {
        example: 'k8s/',
      },
    ),
    'expected-images': input(
      pinnedImages,
      'Images by digest. Nothing is judged before the pod templates name all of them: Argo CD and Flux apply later.',
      { example: '${{ steps.image.outputs.image }}' },
    ),
    timeout: shared.timeout,
    soak: shared.soak,
    alarms: shared.alarms,
    'health-rules': shared.healthRules,
    'require-readiness-gates': shared.requireReadinessGates,
  }),
  outputs,
  permissions: {
    contents: { level: 'read', because: 'to check out the manifests, with `from-manifests`' },
    'id-token': { level: 'write', because: 'to prove to AWS which job this is' },
  },
  usage: `- run: helm upgrade --install shop ./chart --namespace shop --set image=\${{ steps.image.outputs.image }}
- uses: {action}
  with:
    role: arn:aws:iam::111122223333:role/verify
    region: eu-west-1
    cluster: prod
    namespace: shop
    helm-release: shop
    expected-images: \${{ steps.image.outputs.image }}`,
})
