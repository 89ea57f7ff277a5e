/** An image in the platform's registry whose index offers another platform than any node has. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { ports } from '../world.ts'

const repository = 'slipway/other-platform'
export const wrongPlatformImage = `public.ecr.aws/${repository}:1`
const registry = `http://127.0.0.1:${ports.registry}/v2/${repository}`

const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))

export async function pushWrongPlatform(): Promise<void> {
  const layer = gzipSync(Buffer.alloc(1_024))
  const diff = digestOf(Buffer.alloc(1_024))
  const config = json({ architecture: 's390x', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diff] } })
  const described = async (content: Buffer, mediaType: string): Promise<object> => {
    await pushBlob(content)
    return { mediaType, digest: digestOf(content), size: content.length }
  }
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: await described(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [await described(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  await pushManifest(digestOf(manifest), manifest, mediaType)
  const platform = { architecture: 's390x', os: 'linux' }
  const child = { mediaType, digest: digestOf(manifest), size: manifest.length, platform }
  const index = 'application/vnd.oci.image.index.v1+json'
  await pushManifest('1', json({ schemaVersion: 2, mediaType: index, manifests: [child] }), index)
}

async function pushBlob(content: Buffer): Promise<void> {
  const begun = await fetch(`${registry}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(begun.headers.get('location') ?? '', registry)
  place.searchParams.set('digest', digestOf(content))
  await accepted(await fetch(place, { method: 'PUT', body: new Uint8Array(content) }))
}

async function pushManifest(reference: string, content: Buffer, type: string): Promise<void> {
  const headers = { 'content-type': type }
  const url = `${registry}/manifests/${reference}`
  await accepted(await fetch(url, { method: 'PUT', headers, body: new Uint8Array(content) }))
}

async function accepted(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`the registry refuses a push: ${answer.status} ${await answer.text()}`)
}
