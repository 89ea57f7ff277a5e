import type { KubeObject } from '../../kubernetes/model.ts'
import type { Exec, Log } from '../../runtime/context.ts'
import type { Place } from '../../runtime/errors.ts'
import type { Files } from '../../runtime/files.ts'
import type { Lines } from '../../runtime/yaml-lines.ts'
import type { CheckRequest } from './checks/check.ts'

/** An object of the release and where it came from. */
export interface Manifest {
  readonly object: KubeObject
  /** The line of its `kind`; of a rendered object the file that it was rendered from, as far as that is known. */
  readonly place: Place
  /** Lines of its fields; absent for rendered objects, whose lines are nowhere in the checkout. */
  readonly lines?: Lines
}

/** What is to be read, and as what. */
export interface ManifestRequest {
  /** The input that names them, for messages. */
  readonly input: string
  /** Files, folders, Kustomize folders and Helm charts, relative to the checkout. */
  readonly paths: readonly string[]
  /** Values files for the Helm charts, the later over the earlier. */
  readonly values: readonly string[]
  /** Becomes the name of the Helm release. */
  readonly application: string
  /** Namespace of the Helm release. */
  readonly namespace: string
  /** Version of the cluster such as `v1.36.4`, for charts that ask; what Helm assumes when absent. */
  readonly kubeVersion?: string
  /** What the release wants of them; absent for objects that are only named by them, and applied by others. */
  readonly check?: CheckRequest | undefined
}

/** What reading and rendering need of the world. */
export interface RenderPorts {
  readonly files: Files
  readonly exec: Exec
  readonly log: Log
  /** The checkout: the working folder of the programs that render. */
  readonly workspace: string
  readonly signal: AbortSignal
}
