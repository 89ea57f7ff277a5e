/** OCI layouts in temporary folders. */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Entry {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  image: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export interface MadeLayout {
  readonly folder: string
  readonly digest: string
  /** Digests of the layers. */
  readonly layers: readonly string[]
}

/** A layer of random bytes that is too large for memory. */
export interface RandomLayer {
  readonly randomBytes: number
}

const randomAtOnce = 16 * 1024 * 1024

export interface LayoutOptions {
  /** An empty folder; a new one unless given. */
  readonly folder?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** An image for each platform, of these layers (their bytes); with several platforms an index with an attestation. */
export function makeLayout(
  layers: readonly (Buffer | string | RandomLayer)[],
  platforms: readonly string[] = ['linux/amd64'],
  { folder = mkdtempSync(join(tmpdir(), 'slipway-layout-')), labels = {} }: LayoutOptions = {},
): MadeLayout {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  const blob = (data: Buffer | string, mediaType: string): Entry => {
    const digest = createHash('sha256').update(data).digest('hex')
    writeFileSync(join(folder, 'blobs/sha256', digest), data)
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(data) }
  }
  const random = (size: number): Entry => {
    const [file, hash] = [join(folder, 'layer'), createHash('sha256')]
    const open = openSync(file, 'w')
    for (let left = size; left > 0; left -= randomAtOnce) {
      const bytes = randomBytes(Math.min(left, randomAtOnce))
      hash.update(bytes)
      writeSync(open, bytes)
    }
    closeSync(open)
    const digest = hash.digest('hex')
    renameSync(file, join(folder, 'blobs/sha256', digest))
    return { mediaType: types.layer, digest: `sha256:${digest}`, size }
  }
  const stored = layers.map(layer =>
    typeof layer === 'object' && 'randomBytes' in layer ? random(layer.randomBytes) : blob(layer, types.layer),
  )
  const image = (platform: string): Entry & { readonly platform: object } => {
    const [os = '', architecture = ''] = platform.split('/')
    const config = blob(
      JSON.stringify({ os, architecture, config: { Labels: labels }, rootfs: { type: 'layers', diff_ids: [] } }),
      types.config,
    )
    const manifest = { schemaVersion: 2, mediaType: types.image, config, layers: stored }
    return { ...blob(JSON.stringify(manifest), types.image), platform: { os, architecture } }
  }
  const images = platforms.map(image)
  const [only] = images
  const root =
    images.length === 1 && only !== undefined
      ? only
      : blob(
          JSON.stringify({
            schemaVersion: 2,
            mediaType: types.index,
            manifests: [...images, attestation(blob, images[0]?.digest ?? '')],
          }),
          types.index,
        )
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [root] }))
  return { folder, digest: root.digest, layers: stored.map(({ digest }) => digest) }
}

function attestation(blob: (data: string, mediaType: string) => Entry, of: string): object {
  const statement = blob('{"_type":"https://in-toto.io/Statement/v0.1"}', 'application/vnd.in-toto+json')
  const config = blob('{}', types.config)
  const manifest = blob(
    JSON.stringify({ schemaVersion: 2, mediaType: types.image, config, layers: [statement] }),
    types.image,
  )
  return {
    ...manifest,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': of },
  }
}
