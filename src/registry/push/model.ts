/** A blob or a manifest, as a manifest that leads to it describes it. */
export interface Descriptor {
  /** `sha256:…` */
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly mediaType: string
}

/** A manifest of a layout, with what it leads to. */
export interface ManifestNode {
  readonly descriptor: Descriptor
  /** Byte for byte: the digest is the hash of this. */
  readonly raw: string
  /** `linux/amd64`; undefined for an index, an attestation, and where nobody says it. */
  readonly platform?: string
  readonly attestation: boolean
  /** Manifests that an index lists. */
  readonly children: readonly ManifestNode[]
  /** Configuration and layers of an image. */
  readonly blobs: readonly Descriptor[]
}

/** An image, or an index of several, in a folder as the OCI image layout describes it. */
export interface Layout {
  readonly folder: string
  readonly root: ManifestNode
}

/** What has to be in the registry, in the order in which it accepts it. */
export interface PushPlan {
  /** Each once, the largest first: the longest upload must not begin last. */
  readonly blobs: readonly Descriptor[]
  /** Each once, children before those that list them; the root is the last. */
  readonly manifests: readonly ManifestNode[]
}

/** How a blob came to be in the repository. */
export type BlobOutcome = 'reused' | 'mounted' | 'uploaded'

export interface PushedBlob extends Descriptor {
  readonly how: BlobOutcome
}

export interface PushedTag {
  readonly tag: string
  /** False when it named this image before. */
  readonly pushed: boolean
}

/** What a push did, with the digest that the registry itself gives. */
export interface PushResult {
  readonly host: string
  readonly repository: string
  readonly digest: string
  readonly mediaType: string
  readonly blobs: readonly PushedBlob[]
  /** Manifests that the registry did not have. */
  readonly manifests: number
  readonly tags: readonly PushedTag[]
  readonly seconds: number
}
