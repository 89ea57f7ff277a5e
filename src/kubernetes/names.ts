import type { KubeObject, Kind, ObjectKey } from './model.ts'

/** `Deployment shop/api`, or `Namespace shop` for cluster-scoped objects: how an object is named to people. */
export function nameOf(object: Pick<KubeObject, 'kind' | 'metadata'>): string {
  const { namespace, name } = object.metadata
  return `${object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`
}

/** The key that finds `object` again. */
export function keyOf(object: KubeObject): ObjectKey {
  const { apiVersion, kind, metadata } = object
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  }
}

/** Identity of an object across API versions of its group: `apps/Deployment/shop/api`. */
export function identityOf(object: KubeObject): string {
  return [groupOf(object), object.kind, object.metadata.namespace ?? '', object.metadata.name].join('/')
}

/** API group of a kind; empty for the core group. */
export function groupOf({ apiVersion }: Kind): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}
