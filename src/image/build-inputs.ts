import { createHash } from 'node:crypto'
import { relative, sep } from 'node:path'
import { normalizePlatform } from '../registry/manifest.ts'
import type { BuildRequest, BuildSource } from './model.ts'

/** Label of an image that says which inputs it was built with: the SHA-256 of them, in hexadecimal. */
export const inputsLabel = 'dev.slipway.build-inputs'

export interface BuildInputs {
  readonly hash: string
  /** Goes behind the commit in the tag; absent when every input has its default. */
  readonly suffix?: string
}

/** Hexadecimal digits of the hash in a tag: it only has to tell the builds of one commit apart. */
const shortHash = 8

/**
 * What makes two builds of one commit different images: stage, Dockerfile, context, build arguments, platforms,
 * labels, provenance and the names of secrets; never a secret's value. An argument whose value is the commit itself
 * says nothing more. Order and spelling of a path do not matter. Pure.
 */
export function buildInputs(
  request: BuildRequest,
  source: BuildSource,
  { workspace, sha }: { readonly workspace: string; readonly sha: string },
): BuildInputs {
  const hash = hashOf({
    ...usual,
    context: below(workspace, source.folder),
    dockerfile: below(workspace, source.file),
    target: request.target ?? '',
    buildArgs: sorted(request.buildArgs).filter(([, value]) => value !== sha),
    platforms: [...new Set((request.platforms ?? []).map(normalizePlatform))].toSorted(),
    labels: sorted(request.labels),
    provenance: request.provenance ?? usual.provenance,
    secrets: Object.keys(request.secrets ?? {}).toSorted(),
  })
  return hash === hashOf(usual) ? { hash } : { hash, suffix: hash.slice(0, shortHash) }
}

/** In the order in which they are hashed: a change of it makes every stored image one of other inputs. */
const usual = {
  context: '.',
  dockerfile: 'Dockerfile',
  target: '',
  buildArgs: [] as readonly (readonly [string, string])[],
  platforms: [] as readonly string[],
  labels: [] as readonly (readonly [string, string])[],
  provenance: 'max',
  secrets: [] as readonly string[],
}

function hashOf(inputs: typeof usual): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex')
}

function sorted(record: Readonly<Record<string, string>> = {}): readonly (readonly [string, string])[] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** The same on every runner, wherever its checkout is. */
function below(workspace: string, path: string): string {
  return relative(workspace, path).split(sep).join('/') || '.'
}
