import { formatReference, parseReference } from '../../registry/reference.ts'
import type { Manifest } from '../../registry/manifest.ts'
import { UserError } from '../../runtime/errors.ts'
import { collect, scanTargets, type CollectPorts, type ScanTarget } from '../collect.ts'
import { mergeFindings } from '../findings.ts'
import type { PlatformScan } from '../model.ts'
import type { Baseline } from './change.ts'

/** An image to compare with; or why its findings are not known, as the end of a sentence. */
export type BaselineRead = { readonly baseline: Baseline } | { readonly unknown: string; readonly image: string }

/** Its scan ran long ago: what is not there by now does not come. */
const patienceMs = 30_000

/**
 * Reads the findings of the image `given`, which is in the same repository, and its layers. Throws UserError when there
 * is no such image there.
 */
export async function readBaseline(given: string, repository: string, ports: CollectPorts): Promise<BaselineRead> {
  const reference = parseReference(given)
  if (reference.repository !== repository) {
    throw new UserError(
      'input-compare-with',
      `compare-with "${given}" is not in the repository "${repository}" of the image.`,
      {
        todo: 'Give an earlier image of the same repository, best by digest.',
      },
    )
  }
  const { source, signal } = ports
  const id = reference.digest === undefined ? { tag: reference.tag ?? 'latest' } : { digest: reference.digest }
  const manifest = await source.manifest(repository, id, signal)
  if (manifest === undefined) {
    throw new UserError('input-compare-with', `compare-with "${given}" does not exist.`, {
      why: 'It was never pushed, or a lifecycle rule expired it.',
      todo: 'Give the image that runs, or leave compare-with out: then everything counts as new.',
    })
  }
  const image = formatReference({ registry: reference.registry, repository, digest: manifest.digest })
  const targets = await scanTargets(repository, manifest, source, signal)
  const scans = await collect(repository, targets, patienceMs, ports)
  const open = scans.find(scan => scan.state === 'inconclusive')
  if (open !== undefined && open.state === 'inconclusive') return { unknown: `of ${image}: ${open.reason.says}`, image }
  const complete = scans.filter(scan => scan.state === 'complete')
  const updated = oldest(complete)
  return {
    baseline: {
      image,
      why: 'given as compare-with',
      findings: mergeFindings(complete),
      layers: new Set(await layersOf(repository, manifest, targets, ports)),
      ...(updated === undefined ? {} : { sourceUpdatedAt: updated }),
    },
  }
}

/** Of several platforms the oldest data counts; undefined when one does not say. */
export function oldest(scans: readonly PlatformScan[]): number | undefined {
  const times = scans.map(scan => (scan.state === 'complete' ? scan.sourceUpdatedAt : undefined))
  const known = times.filter(time => time !== undefined)
  return known.length === times.length && known.length > 0 ? Math.min(...known) : undefined
}

async function layersOf(
  repository: string,
  manifest: Manifest,
  targets: readonly ScanTarget[],
  { source, signal }: CollectPorts,
): Promise<readonly string[]> {
  if (manifest.kind === 'image') return manifest.layers
  const children = await Promise.all(targets.map(({ digest }) => source.manifest(repository, { digest }, signal)))
  // Without the layers of one platform nobody can say that a layer is new.
  if (children.includes(undefined)) return []
  return children.flatMap(child => child?.layers ?? [])
}
