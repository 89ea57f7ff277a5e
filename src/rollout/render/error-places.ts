import { isRecord } from '../../kubernetes/objects.ts'
import { reworded, sayPlace, SlipwayError } from '../../runtime/errors.ts'
import { manifestOf } from './cause-place.ts'
import { valueAt } from '../../runtime/yaml-lines.ts'
import type { Path } from '../../runtime/yaml-lines.ts'
import type { Manifest } from './model.ts'
import { placeIn } from './places.ts'

/** Does `work`; an error of it that is about an object of the manifests comes out with the file and line of that. */
export async function withPlaces<T>(
  manifests: readonly Manifest[],
  namespace: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw placed(thrown, manifests, namespace)
  }
}

function placed(thrown: unknown, manifests: readonly Manifest[], namespace: string): unknown {
  if (!(thrown instanceof SlipwayError) || thrown.about === undefined || thrown.place !== undefined) return thrown
  const { about, message } = thrown
  const manifest = manifestOf(about.object, manifests, namespace)
  if (manifest === undefined) return thrown
  const place = placeIn(manifest, about.field === undefined ? ['kind'] : pathOf(about.field, manifest.object))
  return reworded(thrown, `${sayPlace(place)}: ${message}`, place)
}

/** A key, an index, or the item of a list whose field has that value, as the API server names fields. */
const step = /\[(\d+)\]|\[([^\]=]+)="?([^\]"]*)"?\]|([^.[\]]+)/g

function pathOf(field: string, object: unknown): Path {
  const path: (string | number)[] = []
  for (const [, index, key, value, name] of field.matchAll(step)) {
    if (index !== undefined) path.push(Number(index))
    else path.push(name ?? indexOf(valueAt(object, path), key ?? '', value ?? ''))
  }
  return path
}

function indexOf(list: unknown, key: string, value: string): number {
  return Array.isArray(list) ? list.findIndex(item => isRecord(item) && String(item[key]) === value) : -1
}
