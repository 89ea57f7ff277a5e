import { join } from 'node:path'
import { isRepository } from '../registry/reference.ts'
import type { Files } from '../runtime/files.ts'
import type { BuildRequest } from './model.ts'

/** Repositories of one registry that a build needs. */
export interface BuildRepositories {
  /** Its own, and caches that it writes. */
  readonly push: readonly string[]
  /** Base images and caches that it reads. */
  readonly pull: readonly string[]
}

/**
 * What a build touches in the registry `host`, as its inputs and its Dockerfile say. A Dockerfile that is not there is
 * told later, by who needs it.
 */
export async function repositoriesOfBuild(
  request: BuildRequest,
  host: string,
  files: Files,
): Promise<BuildRepositories> {
  const dockerfile = request.file ?? join(request.context ?? '.', 'Dockerfile')
  const text = await files.read(dockerfile).catch(() => '')
  const push = new Set([request.repository, ...namedIn(request.cacheTo ?? [], host)])
  const read = namedIn([expanded(text, request.buildArgs ?? {}), ...(request.cacheFrom ?? [])], host)
  return { push: [...push], pull: [...new Set(read)].filter(name => !push.has(name)) }
}

/** Repositories that any text names with their registry: `FROM host/base:1`, `type=registry,ref=host/cache`. */
function namedIn(texts: readonly string[], host: string): readonly string[] {
  const pattern = new RegExp(`${host.replaceAll('.', '\\.')}/([a-z0-9._/-]+)`, 'g')
  return texts.flatMap(text =>
    [...text.matchAll(pattern)].flatMap(([, name = '']) => (isRepository(name) ? [name] : [])),
  )
}

/** A Dockerfile with `$NAME` and `${NAME}` replaced by build arguments, or by the defaults of its own `ARG` lines. */
function expanded(text: string, buildArgs: Readonly<Record<string, string>>): string {
  const defaults = [...text.matchAll(/^\s*ARG\s+(\w+)=["']?([^"'\s]*)/gim)].map(([, name, value]) => [name, value])
  const values: Readonly<Record<string, string>> = { ...Object.fromEntries(defaults), ...buildArgs }
  const replace = (line: string): string =>
    line.replaceAll(
      /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
      (whole, braced?: string, or?: string, bare?: string) => values[braced ?? bare ?? ''] ?? or ?? whole,
    )
  // A default may be made of another argument.
  return replace(replace(text))
}
