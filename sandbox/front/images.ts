import { createHash, randomBytes } from 'node:crypto'
import { call, isRecord } from './http.ts'
import type { Moto, Repository, StoredImage } from './moto.ts'

/** Content descriptor of an OCI manifest or index. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** What the front reads of a manifest or an index. */
export interface Manifest {
  readonly artifactType?: string
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

export interface Pushed {
  readonly repository: string
  readonly digest: string
  readonly mediaType: string
  readonly manifest: string
  readonly tag?: string
}

export type PutOutcome =
  | { readonly digest: string; readonly refused?: never }
  /** The tag exists already and may not move. `same` = it points at this very digest. */
  | { readonly refused: 'immutable'; readonly tag: string; readonly digest: string; readonly same: boolean }
  /** The data plane's own refusal: a missing blob, a broken manifest. */
  | { readonly refused: 'registry'; readonly status: number; readonly body: string }

/** Images of the account: content in Distribution, names and tags in moto. */
export interface Images {
  /** Path in Distribution of a repository of the account. Changes with every reset, so that a reset forgets all. */
  path(repository: string): string
  find(repository: string, reference: string): Promise<StoredImage | undefined>
  tags(repository: string): Promise<readonly string[]>
  put(repository: string, reference: string, manifest: Buffer, mediaType: string): Promise<PutOutcome>
  /** A small blob, such as an image's config; undefined when it is not there. */
  blob(repository: string, digest: string): Promise<Buffer | undefined>
  referrers(repository: string, digest: string): readonly Descriptor[]
  clear(): void
}

export function createImages(
  moto: Pick<Moto, 'repository' | 'image' | 'tags' | 'putImage'>,
  registryPort: number,
  onPush: (pushed: Pushed) => Promise<void>,
): Images {
  let generation = randomBytes(4).toString('hex')
  const referrers = new Map<string, Map<string, Descriptor>>()
  const path = (repository: string): string => `ecr-${generation}/${repository}`

  function noteReferrer(pushed: Pushed): void {
    const manifest = parseManifest(pushed.manifest)
    if (!manifest.subject) return
    const key = `${pushed.repository}@${manifest.subject.digest}`
    const known = referrers.get(key) ?? new Map<string, Descriptor>()
    referrers.set(key, known.set(pushed.digest, referrerOf(pushed, manifest)))
  }

  return {
    path,
    find: (repository, reference) => moto.image(repository, reference),
    tags: repository => moto.tags(repository),
    async put(repository, reference, manifest, mediaType) {
      const digest = digestOf(manifest)
      const tag = reference.includes(':') ? undefined : reference
      if (tag !== undefined) {
        const [settings, existing] = await Promise.all([moto.repository(repository), moto.image(repository, tag)])
        if (settings && existing && tagIsImmutable(settings, tag))
          return { refused: 'immutable', tag, digest: existing.digest, same: existing.digest === digest }
      }
      const target = `/v2/${path(repository)}/manifests/${reference}`
      const stored = await call(registryPort, 'PUT', target, { 'content-type': mediaType }, manifest)
      if (stored.status >= 300) return { refused: 'registry', status: stored.status, body: stored.body.toString() }
      const pushed: Pushed = {
        repository,
        digest,
        mediaType,
        manifest: manifest.toString(),
        ...(tag === undefined ? {} : { tag }),
      }
      await moto.putImage(pushed)
      noteReferrer(pushed)
      await onPush(pushed)
      return { digest }
    },
    async blob(repository, digest) {
      const answer = await call(registryPort, 'GET', `/v2/${path(repository)}/blobs/${digest}`, {})
      return answer.status === 200 ? answer.body : undefined
    },
    referrers: (repository, digest) => [...(referrers.get(`${repository}@${digest}`)?.values() ?? [])],
    clear() {
      generation = randomBytes(4).toString('hex')
      referrers.clear()
    },
  }
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

export function parseManifest(text: string): Manifest {
  const value: unknown = JSON.parse(text)
  return isRecord(value) ? value : {}
}

/** An index lists images and is none itself. */
export function isIndex(mediaType: string): boolean {
  return /image\.index|manifest\.list/.test(mediaType)
}

/** Exclusion filters turn the repository's rule around for the tags that match (`*` is the only wildcard). */
export function tagIsImmutable({ mutability, exclusions }: Repository, tag: string): boolean {
  const excluded = exclusions.some(filter => {
    const pattern = filter
      .split('*')
      .map(part => part.replaceAll('.', '\\.'))
      .join('.*')
    return new RegExp(`^${pattern}$`).test(tag)
  })
  return mutability.startsWith('IMMUTABLE') !== (mutability.endsWith('_WITH_EXCLUSION') && excluded)
}

function referrerOf(pushed: Pushed, manifest: Manifest): Descriptor {
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType
  return {
    mediaType: pushed.mediaType,
    digest: pushed.digest,
    size: Buffer.byteLength(pushed.manifest),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  }
}
