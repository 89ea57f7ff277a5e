import { sayPlace } from '../../runtime/errors.ts'
import type { Place } from '../../runtime/errors.ts'
import { lineAt, sayPath } from '../../runtime/yaml-lines.ts'
import type { Path } from '../../runtime/yaml-lines.ts'
import type { Manifest } from './model.ts'

/** Where the field at `path` stands; of a rendered object, where the object comes from. */
export function placeIn({ place, lines }: Manifest, path: Path): Place {
  return lines === undefined ? place : { ...place, line: lineAt(lines, path) }
}

/** `k8s/api.yaml:14: spec.template.spec.containers[0].image of Deployment api` */
export function sayField(manifest: Manifest, path: Path): string {
  const { kind, metadata } = manifest.object
  return `${sayPlace(placeIn(manifest, path))}: ${sayPath(path)} of ${kind} ${metadata.name}`
}
