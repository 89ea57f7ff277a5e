import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** What a runtime needs to know of an image beside its files. */
export interface ImageConfig {
  readonly env: readonly string[]
  readonly command: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339. A constant, so that the same files give the same digest. */
  readonly created: string
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

/**
 * Writes an OCI image layout (image-spec v1.1) of one linux/amd64 image with one layer, the given tar.
 * The same tar and configuration give the same bytes: gzip writes no time, every JSON has a fixed order of fields.
 * Returns the digest of the manifest.
 */
export async function writeOciLayout(folder: string, tar: string, config: ImageConfig): Promise<string> {
  const blobs = join(folder, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const { layer, diffId } = await writeLayer(blobs, tar)
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: await writeJson(blobs, types.config, configFile(config, diffId)),
    layers: [layer],
  }
  const descriptor = await writeJson(blobs, types.manifest, manifest)
  const platform = { architecture: 'amd64', os: 'linux' }
  const index = { schemaVersion: 2, mediaType: types.index, manifests: [{ ...descriptor, platform }] }
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return descriptor.digest
}

function configFile(config: ImageConfig, diffId: string): object {
  return {
    created: config.created,
    architecture: 'amd64',
    os: 'linux',
    config: { Env: config.env, Cmd: config.command, WorkingDir: '/', Labels: config.labels },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: config.created, created_by: 'mmdebstrap' }],
  }
}

async function writeLayer(blobs: string, tar: string): Promise<{ layer: Descriptor; diffId: string }> {
  const plain = measure()
  const packed = measure()
  const unnamed = join(blobs, 'layer.partial')
  await pipeline(
    createReadStream(tar),
    plain.through,
    createGzip({ level: 6 }),
    packed.through,
    createWriteStream(unnamed),
  )
  const layer = { mediaType: types.layer, digest: packed.digest(), size: packed.size() }
  await rename(unnamed, join(blobs, hexOf(layer.digest)))
  return { layer, diffId: plain.digest() }
}

async function writeJson(blobs: string, mediaType: string, value: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  await writeFile(join(blobs, hexOf(digest)), bytes)
  return { mediaType, digest, size: bytes.length }
}

/** A stream that passes everything on and knows its digest and size at the end. */
function measure(): { through: Transform; digest(): string; size(): number } {
  const hash = createHash('sha256')
  let size = 0
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  return { through, digest: () => `sha256:${hash.digest('hex')}`, size: () => size }
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}
