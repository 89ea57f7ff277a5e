import { createHash } from 'node:crypto'
import { RemoteError } from '../runtime/errors.ts'

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociImage: 'application/vnd.oci.image.manifest.v1+json',
  dockerImage: 'application/vnd.docker.distribution.manifest.v2+json',
} as const

/** What we can read, best first. Without the index types a registry would convert or refuse. */
export const acceptedMediaTypes: readonly string[] = Object.values(mediaTypes)

/** An entry of an index. */
export interface ManifestChild {
  readonly digest: string
  readonly mediaType: string
  /** `linux/amd64`, `linux/arm/v7`; undefined when the index does not say. */
  readonly platform?: string
  /** Provenance or SBOM that BuildKit put beside the images: nothing to run and nothing to scan. */
  readonly attestation: boolean
}

/** A manifest as the registry stores it, by digest. */
export interface Manifest {
  readonly digest: string
  readonly mediaType: string
  /** Byte for byte: the digest is the hash of this. */
  readonly raw: string
  readonly kind: 'index' | 'image'
  /** Empty unless `kind` is `index`. */
  readonly children: readonly ManifestChild[]
  /** Digest of the image configuration; absent for an index. */
  readonly config?: string
  /** Digests of the layers, as they are stored; empty for an index. */
  readonly layers: readonly string[]
}

/** Reads a manifest. Throws RemoteError `manifest-unreadable` when it is none, or is not what `digest` promises. */
export function readManifest(
  raw: string,
  expected: { readonly digest?: string; readonly mediaType?: string },
): Manifest {
  const digest = digestOf(raw)
  if (expected.digest !== undefined && expected.digest !== digest) {
    throw unreadable(`The registry gave a manifest with the digest ${digest} for ${expected.digest}.`)
  }
  const json = parseObject(raw)
  const mediaType = textOf(json['mediaType']) ?? expected.mediaType ?? ''
  if (Array.isArray(json['manifests'])) {
    return {
      digest,
      mediaType: mediaType || mediaTypes.ociIndex,
      raw,
      kind: 'index',
      children: json['manifests'].map(readChild),
      layers: [],
    }
  }
  const config = textOf(objectOf(json['config'])['digest'])
  if (config === undefined) throw unreadable(`${digest} is neither an image nor an index.`)
  return {
    digest,
    mediaType: mediaType || mediaTypes.ociImage,
    raw,
    kind: 'image',
    children: [],
    config,
    layers: layersOf(json['layers']),
  }
}

function layersOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap(layer => textOf(objectOf(layer)['digest']) ?? []) : []
}

export function digestOf(raw: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(raw).digest('hex')}`
}

/** The entries of an index that a node could run. */
export function runnable(children: readonly ManifestChild[]): readonly ManifestChild[] {
  return children.filter(child => !child.attestation)
}

/** One spelling for each platform: variants that are the default of their architecture are left out (containerd does the same). */
export function normalizePlatform(platform: string): string {
  const [os = '', architecture = '', variant = ''] = platform.trim().toLowerCase().split('/')
  const arch = { x86_64: 'amd64', aarch64: 'arm64' }[architecture] ?? architecture
  const isDefault = (arch === 'arm64' && variant === 'v8') || (arch === 'amd64' && variant === 'v1')
  return [os, arch, isDefault ? '' : variant].filter(part => part !== '').join('/')
}

function readChild(value: unknown): ManifestChild {
  const child = objectOf(value)
  const digest = textOf(child['digest'])
  if (digest === undefined) throw unreadable('An entry of the index has no digest.')
  const { os, architecture, variant } = objectOf(child['platform'])
  const named = typeof os === 'string' && typeof architecture === 'string' && os !== 'unknown'
  const platform = named ? normalizePlatform([os, architecture, textOf(variant) ?? ''].join('/')) : undefined
  const type = textOf(objectOf(child['annotations'])['vnd.docker.reference.type'])
  return {
    digest,
    mediaType: textOf(child['mediaType']) ?? mediaTypes.ociImage,
    ...(platform === undefined ? {} : { platform }),
    attestation: type === 'attestation-manifest' || os === 'unknown',
  }
}

function parseObject(raw: string): Record<string, unknown> {
  try {
    return objectOf(JSON.parse(raw))
  } catch (cause) {
    throw unreadable('The registry gave a manifest that is not JSON.', cause)
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function unreadable(what: string, cause?: unknown): RemoteError {
  return new RemoteError('manifest-unreadable', what, {
    todo: 'Run the job again; if it stays so, push the image again.',
    ...(cause === undefined ? {} : { cause }),
  })
}
