import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RemoteError, messageOf } from '../../runtime/errors.ts'
import { digestOf, normalizePlatform } from '../manifest.ts'
import type { Descriptor, Layout, ManifestNode } from './model.ts'

/** A registry takes 4 MiB at most (ECR quotas); more is no manifest. */
const longestManifest = 4 * 1024 * 1024
/** An index of indexes of indexes is nobody's image. */
const deepest = 4

/**
 * Reads an OCI image layout (image-spec, image-layout.md): a folder with `oci-layout`, `index.json` and
 * `blobs/sha256/…`. All manifests are read and held to their digests; blobs are only looked at for their size.
 * Throws RemoteError `layout-broken`: a builder wrote it, not the user.
 */
export async function readLayout(folder: string): Promise<Layout> {
  const index = objectOf(await readJson(folder, 'index.json'))
  const entries = listOf(index['manifests'])
  const [only] = entries
  if (entries.length !== 1 || only === undefined) throw broken(`it has ${entries.length} images, and should have one`)
  return { folder, root: await readNode(folder, objectOf(only), 0) }
}

/** Path of a blob. A digest has nothing in it that could lead out of the folder. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length))
}

async function readNode(
  folder: string,
  entry: Readonly<Record<string, unknown>>,
  depth: number,
): Promise<ManifestNode> {
  if (depth > deepest) throw broken('its indexes are nested too deeply')
  const descriptor = readDescriptor(entry)
  const raw = await readManifestBlob(folder, descriptor)
  const manifest = objectOf(parse(raw, descriptor.digest))
  const children = listOf(manifest['manifests']).map(objectOf)
  const blobs =
    children.length > 0
      ? []
      : [manifest['config'], ...listOf(manifest['layers'])].flatMap(value =>
          value === undefined ? [] : [readDescriptor(objectOf(value))],
        )
  for (const blob of blobs) await requireBlob(folder, blob)
  const { os, architecture, variant } = objectOf(entry['platform'])
  const named = typeof os === 'string' && typeof architecture === 'string' && os !== 'unknown'
  const type = objectOf(entry['annotations'])['vnd.docker.reference.type']
  return {
    descriptor: { ...descriptor, mediaType: textOf(manifest['mediaType']) ?? descriptor.mediaType },
    raw,
    ...(named ? { platform: normalizePlatform([os, architecture, textOf(variant) ?? ''].join('/')) } : {}),
    attestation: type === 'attestation-manifest' || os === 'unknown',
    children: await inOrder(children, child => readNode(folder, child, depth + 1)),
    blobs,
  }
}

async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (const item of items) results.push(await work(item))
  return results
}

async function readManifestBlob(folder: string, { digest, size }: Descriptor): Promise<string> {
  if (size > longestManifest) throw broken(`the manifest ${digest} has ${size} bytes`)
  const raw = await readFile(blobPath(folder, digest), 'utf8').catch((thrown: unknown) => {
    throw broken(`the manifest ${digest} cannot be read: ${messageOf(thrown)}`, thrown)
  })
  if (digestOf(raw) !== digest) throw broken(`the manifest ${digest} has other bytes than its digest says`)
  return raw
}

/** Its bytes are held to the digest by the registry; a file that is too short would only be found after its upload. */
async function requireBlob(folder: string, { digest, size }: Descriptor): Promise<void> {
  try {
    const { size: found } = await stat(blobPath(folder, digest))
    if (found === size) return
    throw broken(`the blob ${digest} has ${found} bytes instead of ${size}`)
  } catch (thrown) {
    if (thrown instanceof RemoteError) throw thrown
    throw broken(`the blob ${digest} cannot be read: ${messageOf(thrown)}`, thrown)
  }
}

function readDescriptor(value: Readonly<Record<string, unknown>>): Descriptor {
  const { digest, size, mediaType } = value
  if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw broken(`"${String(digest)}" is no SHA-256 digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw broken(`${digest} has no size`)
  return { digest, size, mediaType: textOf(mediaType) ?? 'application/octet-stream' }
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const text = await readFile(join(folder, name), 'utf8').catch((thrown: unknown) => {
    throw broken(`${name} cannot be read: ${messageOf(thrown)}`, thrown)
  })
  return parse(text, name)
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw broken(`${name} is not JSON`, thrown)
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function broken(why: string, cause?: unknown): RemoteError {
  return new RemoteError('layout-broken', `The builder's image cannot be read: ${why}.`, {
    todo: 'Run the job again; if it stays so, update buildx and its builder.',
    ...(cause === undefined ? {} : { cause }),
  })
}
