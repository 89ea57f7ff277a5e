/** A Kubernetes object as JSON, untyped below the metadata: newer API fields must survive a round trip. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly [field: string]: unknown
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

/** Names a kind: `{ apiVersion: 'apps/v1', kind: 'Deployment' }`. */
export interface Kind {
  readonly apiVersion: string
  readonly kind: string
}

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectKey extends Kind {
  readonly name: string
  readonly namespace?: string
}

export type WatchEvent =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: KubeObject }
  /** The full list as of `resourceVersion`: at the start and after every gap. */
  | {
      readonly type: 'listed'
      readonly kind: Kind
      readonly objects: readonly KubeObject[]
      readonly resourceVersion: string
    }
  /** The stream is broken since `since`; a `listed` event ends the gap. */
  | { readonly type: 'gap'; readonly kind: Kind; readonly since: number; readonly reason: string }

/**
 * What is kept of an object, decided by whoever reads it. Called with each object of a list or a watch as it is parsed,
 * so that what is left out never waits in memory. Must not change what it is given.
 */
export type Keep = (object: KubeObject) => KubeObject

export interface ApplyOptions {
  /** Server dry run: validate and default, change nothing. */
  readonly dryRun?: boolean
  /** Take fields over from other managers. */
  readonly force?: boolean
  /** Field manager instead of `slipway`. */
  readonly manager?: string
}

export interface LogOptions {
  readonly container: string
  /** Log of the previous instance of the container. */
  readonly previous?: boolean
  readonly tailLines?: number
  readonly limitBytes?: number
}

/**
 * The Kubernetes API as the release engine needs it (port; the adapter is kubernetes/client.ts).
 * All methods throw KubeError (an answer of the API server) or RemoteError (no answer).
 */
export interface Cluster {
  /** Server version, such as `v1.36.4`. Proves that the API server is reachable and the token is good. */
  version(signal?: AbortSignal): Promise<string>
  /** undefined when the object does not exist. */
  get(key: ObjectKey, signal?: AbortSignal): Promise<KubeObject | undefined>
  /** A fresh, consistent read (resourceVersion unset). */
  list(
    kind: Kind,
    namespace: string | undefined,
    selector?: string,
    signal?: AbortSignal,
    keep?: Keep,
  ): Promise<readonly KubeObject[]>
  /** List, then watch, for ever, until `signal` aborts. Recovers from 410, resets and silence by itself. */
  watch(kind: Kind, namespace: string | undefined, signal: AbortSignal, keep?: Keep): AsyncIterable<WatchEvent>
  /** Server-side apply, with the field manager `slipway` unless another is named. Returns the object as stored. */
  apply(object: KubeObject, options?: ApplyOptions, signal?: AbortSignal): Promise<KubeObject>
  /** Plain create or replace, for Leases and records with optimistic locking by resourceVersion. */
  create(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>
  replace(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>
  /** Background propagation; true if there was something to delete. */
  remove(key: ObjectKey, signal?: AbortSignal): Promise<boolean>
  /** Last lines of a container's log. */
  logs(pod: string, namespace: string, options: LogOptions, signal?: AbortSignal): Promise<string>
  /** True for namespaced kinds; undefined when the API server does not serve the kind. */
  namespaced(kind: Kind, signal?: AbortSignal): Promise<boolean | undefined>
}
