import { dirname, join } from 'node:path'
import type { KubeObject } from '../../kubernetes/model.ts'
import { isRecord } from '../../kubernetes/objects.ts'
import { UserError } from '../../runtime/errors.ts'
import type { Files } from '../../runtime/files.ts'
import { parseManifests } from './documents.ts'
import type { Manifest, RenderPorts } from './model.ts'
import { render } from './program.ts'
import { parseDocuments } from './yaml.ts'

const kustomizationFiles = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']

/**
 * The objects of a Kustomize folder as `kustomize build` renders them, or the one that kubectl carries.
 * Throws UserError in the program's own words when it refuses, and when neither is there.
 */
export async function renderKustomization(folder: string, ports: RenderPorts): Promise<readonly Manifest[]> {
  // A path that begins with a hyphen would be a flag.
  const target = /^(\.?\/|\.\.)/.test(folder) ? folder : `./${folder}`
  const rendering =
    (await render('kustomize', ['build', target], ports)) ?? (await render('kubectl', ['kustomize', target], ports))
  const file = await kustomizationOf(folder, ports.files)
  if (rendering === undefined) {
    throw new UserError(
      'kustomize-missing',
      `${folder} is a Kustomize folder, and there is neither kustomize nor kubectl here.`,
      {
        why: 'Slipway renders it with `kustomize build` or `kubectl kustomize`; neither program is in PATH.',
        todo: 'Install one of them in a step before, or use a runner that has it.',
      },
    )
  }
  if ('refusal' in rendering) {
    throw new UserError('kustomize-refused', `${file} cannot be built: ${innermost(rendering.refusal)}`, {
      why: 'These are the words of Kustomize; nothing was applied.',
      todo: 'Correct the kustomization; `kubectl kustomize` shows the same on your machine.',
      place: { file },
    })
  }
  const rendered = parseManifests(rendering.text, () => ({ file }))
  const originals = await resourcesOf(folder, ports.files, new Set())
  return rendered.map(({ object }) => ({ object, place: originOf(object, originals)?.place ?? { file } }))
}

/** Kustomize repeats itself once per level of bases; the last time is the reason. */
function innermost(words: string): string {
  return words.slice(Math.max(0, words.lastIndexOf("accumulating resources from '")))
}

async function kustomizationOf(folder: string, files: Files): Promise<string> {
  for (const name of kustomizationFiles) {
    if ((await files.kind(join(folder, name))) === 'file') return join(folder, name)
  }
  return folder
}

/**
 * The objects of the files that a kustomization names, through its bases: where a rendered object came from.
 * What cannot be read is passed over: Kustomize itself could, and a place is only a help.
 */
async function resourcesOf(folder: string, files: Files, seen: Set<string>): Promise<readonly Manifest[]> {
  const file = await kustomizationOf(folder, files)
  if (file === folder || seen.has(file)) return []
  seen.add(file)
  const found: Manifest[] = []
  for (const path of namedIn(await files.read(file))) {
    const target = join(dirname(file), path)
    const kind = await files.kind(target)
    if (kind === 'folder') found.push(...(await resourcesOf(target, files, seen)))
    if (kind === 'file') found.push(...(await objectsIn(target, files)))
  }
  return found
}

function namedIn(text: string): readonly string[] {
  const [first] = parseDocuments(text)
  if (!first || !isRecord(first.value)) return []
  const { resources, bases, components } = first.value
  return [resources, bases, components].flat().filter(path => typeof path === 'string')
}

async function objectsIn(file: string, files: Files): Promise<readonly Manifest[]> {
  try {
    return parseManifests(await files.read(file), line => ({ file, line }))
  } catch {
    return []
  }
}

/** By kind and name; a prefix or suffix that Kustomize added leaves the name inside the new one. */
function originOf({ kind, metadata }: KubeObject, originals: readonly Manifest[]): Manifest | undefined {
  const sameKind = originals.filter(({ object }) => object.kind === kind)
  const exact = sameKind.find(({ object }) => object.metadata.name === metadata.name)
  if (exact) return exact
  const inside = sameKind.filter(({ object }) => metadata.name.includes(object.metadata.name))
  return inside.length === 1 ? inside[0] : undefined
}
