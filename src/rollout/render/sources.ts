import { dirname } from 'node:path'
import { UserError } from '../../runtime/errors.ts'
import type { Files } from '../../runtime/files.ts'

/** What one entry of the input `manifests` is. */
export type Source =
  | { readonly kind: 'plain'; readonly files: readonly string[] }
  | { readonly kind: 'kustomize'; readonly folder: string }
  /** A folder, or a packaged chart (.tgz). */
  | { readonly kind: 'chart'; readonly path: string }

const manifestEnding = /\.(ya?ml|json)$/i
const packagedChart = /\.tgz$/i
/** The names that kustomize itself looks for. */
const kustomization = /(^|[\\/])(kustomization\.ya?ml|Kustomization)$/
const chartFile = /(^|[\\/])Chart\.ya?ml$/

/** What stands at `path`. Throws UserError when nothing does, and when a plain folder holds something to render. */
export async function sourceAt(path: string, files: Files): Promise<Source> {
  const kind = await files.kind(path)
  if (kind === 'missing') throw missing(path)
  if (kind === 'folder') return folderAt(path, files)
  if (packagedChart.test(path)) return { kind: 'chart', path }
  if (kustomization.test(path)) return { kind: 'kustomize', folder: dirname(path) }
  if (chartFile.test(path)) return { kind: 'chart', path: dirname(path) }
  return { kind: 'plain', files: [path] }
}

async function folderAt(folder: string, files: Files): Promise<Source> {
  const entries = await files.list(folder)
  if (entries.some(entry => kustomization.test(entry))) return { kind: 'kustomize', folder }
  if (entries.some(entry => chartFile.test(entry))) return { kind: 'chart', path: folder }
  const nested = await Promise.all(entries.map(entry => filesIn(entry, folder, files)))
  return { kind: 'plain', files: nested.flat() }
}

/** Inside a folder, files that are no manifests are passed over. */
async function filesIn(entry: string, folder: string, files: Files): Promise<readonly string[]> {
  if (manifestEnding.test(entry)) return [entry]
  if ((await files.kind(entry)) !== 'folder') return []
  const source = await folderAt(entry, files)
  if (source.kind === 'plain') return source.files
  throw toBeNamed(entry, folder, source.kind)
}

function missing(path: string): UserError {
  return new UserError('manifests-missing', `${path} does not exist.`, {
    why: 'Paths are relative to the checkout; a job without actions/checkout has an empty one.',
    todo: 'Check the path, and that a checkout step runs before this one.',
  })
}

/** Overlays of one base are alternatives: rendering all that is found would deploy each of them. */
function toBeNamed(entry: string, folder: string, kind: 'kustomize' | 'chart'): UserError {
  const what = kind === 'chart' ? 'the Helm chart' : 'the Kustomize folder'
  return new UserError('manifests-nested', `${folder} holds ${what} ${entry}.`, {
    why: 'Only you know which of the things in there are meant.',
    todo: `Name ${entry} itself, beside or instead of ${folder}.`,
  })
}
