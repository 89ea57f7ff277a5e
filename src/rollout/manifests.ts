import { YAMLException } from 'js-yaml'
import type { KubeObject } from '../kubernetes/model.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import type { Files } from '../runtime/files.ts'
import { parseDocuments } from './yaml.ts'

const manifestEnding = /\.(ya?ml|json)$/i
const kustomization = /(^|[\\/])kustomization\.ya?ml$|(^|[\\/])Kustomization$/
const chart = /(^|[\\/])Chart\.ya?ml$/

/**
 * Reads the objects of a release from files and folders (folders with all below them).
 * The order of files is by name; the order of a file is kept. `List` objects are taken apart.
 * Throws UserError naming the file when a path is missing, is no YAML, or holds something that is no object.
 */
export async function readManifests(paths: readonly string[], files: Files): Promise<readonly KubeObject[]> {
  const found = (await Promise.all(paths.map(path => findFiles(path, files)))).flat()
  const objects = (await Promise.all(found.map(file => readFile(file, files)))).flat()
  if (objects.length === 0) {
    throw new UserError('no-manifests', `input "manifests": there is no Kubernetes object in ${paths.join(', ')}.`, {
      todo: 'Name the files or folders with your *.yaml manifests, relative to the checkout.',
    })
  }
  refuseTwins(objects)
  return objects
}

async function findFiles(path: string, files: Files): Promise<string[]> {
  const kind = await files.kind(path)
  if (kind === 'file') return [path]
  if (kind === 'missing') {
    throw new UserError('manifests-missing', `input "manifests": ${path} does not exist.`, {
      why: 'Paths are relative to the checkout; a job without actions/checkout has an empty one.',
      todo: 'Check the path, and that a checkout step runs before this one.',
    })
  }
  const entries = await files.list(path)
  const special = entries.find(entry => kustomization.test(entry) || chart.test(entry))
  if (special !== undefined) {
    throw new UserError(
      'manifests-not-plain',
      `input "manifests": ${special} makes ${path} a Kustomize folder or a Helm chart.`,
      {
        why: 'This version reads plain manifests only.',
        todo: `Render it in a step before (kubectl kustomize, helm template) and name the rendered file.`,
      },
    )
  }
  const nested = await Promise.all(entries.map(entry => findInside(entry, files)))
  return nested.flat()
}

/** Inside a folder, files that are no manifests are passed over. */
async function findInside(entry: string, files: Files): Promise<string[]> {
  if (manifestEnding.test(entry)) return [entry]
  return (await files.kind(entry)) === 'folder' ? findFiles(entry, files) : []
}

async function readFile(file: string, files: Files): Promise<KubeObject[]> {
  const text = await files.read(file)
  const documents = parse(text, file)
  return documents.flatMap((document, index) =>
    document === null || document === undefined ? [] : objectsOf(document, file, index + 1),
  )
}

function parse(text: string, file: string): unknown[] {
  try {
    return parseDocuments(text, file)
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined
    const reason = error instanceof YAMLException ? error.reason : messageOf(error)
    const place = mark ? `${file}, line ${mark.line + 1}, column ${mark.column + 1}` : file
    throw new UserError('manifest-no-yaml', `input "manifests": ${place} is not YAML: ${reason}.`, {
      todo: 'Mend the file; templates must be rendered before they are deployed.',
    })
  }
}

function objectsOf(document: unknown, file: string, position: number): KubeObject[] {
  if (isList(document)) return document.items.flatMap(item => objectsOf(item, file, position))
  if (isKubeObject(document)) return [document]
  throw new UserError(
    'manifest-no-object',
    `input "manifests": document ${position} of ${file} is no Kubernetes object.`,
    {
      why: 'It lacks one of apiVersion, kind and metadata.name.',
      todo: 'Add what is missing, or keep files that are no manifests out of that folder.',
    },
  )
}

function isList(value: unknown): value is { items: unknown[] } {
  return (
    isRecord(value) &&
    typeof value['kind'] === 'string' &&
    value['kind'].endsWith('List') &&
    Array.isArray(value['items'])
  )
}

function isKubeObject(value: unknown): value is KubeObject {
  if (!isRecord(value) || typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return false
  const metadata = value['metadata']
  return isRecord(metadata) && typeof metadata['name'] === 'string' && metadata['name'] !== ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuseTwins(objects: readonly KubeObject[]): void {
  const seen = new Set<string>()
  for (const { apiVersion, kind, metadata } of objects) {
    const key = [apiVersion, kind, metadata.namespace ?? '', metadata.name].join('/')
    if (seen.has(key)) {
      throw new UserError('manifest-twice', `input "manifests": ${kind} ${metadata.name} is there twice.`, {
        todo: 'Keep one of the two; the later one would silently win.',
      })
    }
    seen.add(key)
  }
}
