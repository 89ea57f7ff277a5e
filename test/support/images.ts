import { createHash } from 'node:crypto'
import type { Manifest } from '../../src/registry/manifest.ts'
import { readManifest } from '../../src/registry/manifest.ts'
import type { Session } from '../../src/identity/model.ts'

export const host = '123456789012.dkr.ecr.us-east-1.amazonaws.com'
export const sha = '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345'

/** A session whose credentials are not secret. */
export const session: Session = {
  roleArn: 'arn:aws:iam::123456789012:role/shop-build',
  accountId: '123456789012',
  partition: 'aws',
  region: 'us-east-1',
  credentials: () =>
    Promise.resolve({
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'key',
      sessionToken: 'token',
      expiration: new Date('2030-01-01T00:00:00Z'),
    }),
}

export function digestOfText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** An image manifest that is unique to `name`, with its configuration. */
export function imageManifest(
  name: string,
  config = JSON.stringify({ os: 'linux', architecture: 'amd64', name }),
): Manifest & { configText: string } {
  const raw = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOfText(config),
      size: config.length,
    },
    layers: [],
    annotations: { name },
  })
  return { ...readManifest(raw, {}), configText: config }
}

/** An index as BuildKit writes it: each platform with its attestation beside it. */
export function indexManifest(
  children: readonly { readonly manifest: Manifest; readonly platform: string }[],
): Manifest {
  const manifests = children.flatMap(({ manifest, platform }) => {
    const [os, architecture, variant] = platform.split('/')
    return [
      { mediaType: manifest.mediaType, digest: manifest.digest, size: 1, platform: { os, architecture, variant } },
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestOfText(`attestation of ${manifest.digest}`),
        size: 1,
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': manifest.digest,
        },
        platform: { os: 'unknown', architecture: 'unknown' },
      },
    ]
  })
  return readManifest(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
    {},
  )
}
