import { groupOf } from '../../../kubernetes/names.ts'
import { sayPlace, UserError } from '../../../runtime/errors.ts'
import type { Manifest } from '../model.ts'
import { placeIn } from '../places.ts'

/** Kinds of Kubernetes itself that live in no namespace: a namespace in their manifest means nothing. */
const clusterScoped = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'networking.k8s.io/IngressClass',
  'node.k8s.io/RuntimeClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/StorageClass',
])

/** Throws UserError for an object that names a namespace the release was not given. Pure. */
export function refuseForeignNamespaces(manifests: readonly Manifest[], own: string, others: readonly string[]): void {
  const names = new Set([own, ...others])
  for (const manifest of manifests) {
    const { namespace } = manifest.object.metadata
    if (namespace === undefined || names.has(namespace)) continue
    if (clusterScoped.has(`${groupOf(manifest.object)}/${manifest.object.kind}`)) continue
    throw foreign(manifest, namespace, own)
  }
}

function foreign(manifest: Manifest, named: string, own: string): UserError {
  const { object } = manifest
  const place = placeIn(manifest, ['metadata', 'namespace'])
  return new UserError(
    'namespace-foreign',
    `${sayPlace(place)}: ${object.kind} ${object.metadata.name} is for namespace "${named}", this release for "${own}".`,
    {
      why: 'A release writes only where it was told to; nothing was applied.',
      todo: `Take metadata.namespace out of the manifest, or allow it with the input "other-namespaces: ${named}".`,
      place,
    },
  )
}
