import type { KubeObject } from '../../kubernetes/model.ts'
import { nameOf } from '../../kubernetes/names.ts'
import { UserError } from '../../runtime/errors.ts'

/** A container whose image was replaced by one that is pinned by digest. */
export interface PinnedContainer {
  readonly object: string
  readonly container: string
  readonly from: string
  readonly to: string
}

export interface PinnedSet {
  readonly objects: readonly KubeObject[]
  readonly pinned: readonly PinnedContainer[]
}

/**
 * Puts `images` (each `host/repository@sha256:…`) where a container names the same repository,
 * with or without registry host, tag or digest. Pure: the given objects stay as they are.
 * Throws UserError for an image that no container names, and for two of one repository.
 */
export function pinImages(objects: readonly KubeObject[], images: readonly string[]): PinnedSet {
  refuseTwins(images)
  const wanted = new Map(images.map(image => [repositoryOf(image), image]))
  const pinned: PinnedContainer[] = []
  const result = objects.map(object => pinObject(object, wanted, pinned))
  const unused = images.filter(image => !pinned.some(({ to }) => to === image))
  if (unused.length > 0) throw notInManifests(unused[0] ?? '', objects)
  return { objects: result, pinned }
}

/** Images of the set that a tag names: what runs tomorrow under it is anybody's guess. */
export function unpinned(objects: readonly KubeObject[]): readonly string[] {
  return imagesOf(objects).filter(image => !image.includes('@sha256:'))
}

/** Images of all containers of the set, each once, in order of appearance. */
export function imagesOf(objects: readonly KubeObject[]): readonly string[] {
  const found = new Set<string>()
  for (const object of objects) mapContainers(object, container => (found.add(container.image), container))
  return [...found]
}

/** `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1@sha256:…` → `shop/api`. */
export function repositoryOf(image: string): string {
  const bare = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const [first = '', ...rest] = bare.split('/')
  // The OCI rule for a registry host: it has a dot or a port, or is localhost.
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return hasHost ? rest.join('/') : bare
}

function refuseTwins(images: readonly string[]): void {
  const twin = images.find((image, index) =>
    images.slice(0, index).some(other => other !== image && repositoryOf(other) === repositoryOf(image)),
  )
  if (twin === undefined) return
  throw new UserError('images-twice', `input "images": there are two images of ${repositoryOf(twin)}.`, {
    why: 'A container names the repository only, so that it could get either.',
    todo: 'Give one digest per repository.',
  })
}

function pinObject(object: KubeObject, wanted: ReadonlyMap<string, string>, pinned: PinnedContainer[]): KubeObject {
  return mapContainers(object, container => {
    const to = wanted.get(repositoryOf(container.image))
    if (to === undefined) return container
    pinned.push({ object: nameOf(object), container: container.name, from: container.image, to })
    return { ...container, image: to }
  })
}

interface Container {
  readonly name: string
  readonly image: string
}

const containerLists = new Set(['containers', 'initContainers', 'ephemeralContainers'])

/** Maps every container of a pod spec, wherever in the object the pod spec stands (custom resources embed them too). */
function mapContainers<T>(value: T, change: (container: Container) => Container): T {
  const walk = (node: unknown, isContainerList: boolean): unknown => {
    if (Array.isArray(node))
      return node.map(item => (isContainerList && isContainer(item) ? change(item) : walk(item, false)))
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, containerLists.has(key))]))
  }
  return walk(value, false) as T
}

function isContainer(value: unknown): value is Container {
  return (
    typeof value === 'object' &&
    value !== null &&
    'image' in value &&
    typeof value.image === 'string' &&
    'name' in value &&
    typeof value.name === 'string'
  )
}

function notInManifests(image: string, objects: readonly KubeObject[]): UserError {
  const there = imagesOf(objects)
  return new UserError(
    'image-not-in-manifests',
    `input "images": no container of the manifests uses ${repositoryOf(image)}.`,
    {
      why: there.length > 0 ? `They use ${there.join(', ')}.` : 'They have no container at all.',
      todo: 'Write the repository name as the image of the container in the manifests, or correct the input.',
    },
  )
}
