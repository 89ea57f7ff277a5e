import type { PushResult } from '../registry/push/model.ts'
import type { OnConflict } from './conflict.ts'

export interface BuildRequest {
  /** ECR repository in the session's account and region: `shop/api`. */
  readonly repository: string
  /** Build context below the workspace; `.` by default. */
  readonly context?: string
  /** Dockerfile below the workspace; `Dockerfile` in the context by default. */
  readonly file?: string
  /** Tags besides the one that names the commit. */
  readonly tags?: readonly string[]
  /** The builder's own platform by default. */
  readonly platforms?: readonly string[]
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  /** Besides the standard ones, which it cannot replace. */
  readonly labels?: Readonly<Record<string, string>>
  /** Values of `RUN --mount=type=secret,id=…`. They reach the builder through the environment, never through arguments. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  /** `max` by default: it maps layers to Dockerfile lines. It makes build arguments readable. */
  readonly provenance?: 'min' | 'max' | 'off'
  /** False builds even when the image of this commit and these inputs is in the registry. */
  readonly reuse?: boolean
  /** What becomes of a tag that may not move and names another image; `fail` by default. */
  readonly onConflict?: OnConflict
}

/** Where a build reads from; absolute paths. */
export interface BuildSource {
  readonly folder: string
  readonly file: string
}

export interface BuildResult {
  /** `host/repository@sha256:…` */
  readonly image: string
  readonly repository: string
  readonly digest: string
  /** All tags, the one that names the commit first. */
  readonly tags: readonly string[]
  readonly platforms: readonly string[]
  /** Digest of each platform, by its name. */
  readonly digests: Readonly<Record<string, string>>
  /** What the push did; absent when nothing was pushed, or the builder did it. */
  readonly pushed?: PushResult
  /** True when an earlier run's image was reused. */
  readonly skipped: boolean
  readonly seconds: number
}
