import { gzipSync } from 'node:zlib'

import type { ChunkGroup } from '@vercel/ncc'

import { markdownTable } from '../generated/sections.ts'

/** Bytes of dist/, as docs/size.md shows them and the bench "size" judges them. */
export interface BundleSizes {
  readonly total: number
  /** All files in one gzip stream: close to what a runner downloads. */
  readonly packed: number
  /** Loaded before the inputs are known to be right. */
  readonly start: number
  /** Loaded by the clean-up of an action. */
  readonly post: number
  readonly actions: readonly { readonly name: string; readonly bytes: number }[]
  readonly chunks: readonly { readonly file: string; readonly bytes: number; readonly from: string }[]
}

/** Demands on dist/ (docs/adr): all of it, packed, and the most that one action may load. */
export const sizeDemands = { total: 9_000_000, packed: 2_000_000, action: 1_500_000 } as const

export function sizesOf(
  files: ReadonlyMap<string, Buffer>,
  prefix: string,
  groups: readonly ChunkGroup[],
): BundleSizes {
  const bytesOf = (file: string): number => files.get(prefix + file)?.length ?? 0
  const bytesOfAll = (some: Iterable<ChunkGroup>): number => sumOf([...filesOf(some)].map(bytesOf))
  const first = groups.filter(group => group.isInitial())
  const imported = first.flatMap(group => group.getChildren())
  const shared = imported.filter(group => actionOf(group) === undefined)
  return {
    total: sumOf([...files.values()].map(content => content.length)),
    packed: gzipSync(Buffer.concat([...files.values()]), { level: 9 }).length,
    start: bytesOfAll(first),
    post: bytesOf('post.js'),
    actions: imported
      .flatMap(group => {
        const name = actionOf(group)
        return name === undefined ? [] : [{ name, bytes: bytesOfAll([...first, ...reachable([...shared, group])]) }]
      })
      .toSorted((a, b) => a.name.localeCompare(b.name)),
    chunks: [...filesOf(groups)]
      .map(file => ({ file, bytes: bytesOf(file), from: importedAs(file, groups) }))
      .toSorted((a, b) => b.bytes - a.bytes || a.file.localeCompare(b.file)),
  }
}

function actionOf(group: ChunkGroup): string | undefined {
  return group.origins
    .map(({ request }) => /\/(?:actions|commands)\/([a-z-]+)\.js$/.exec(request ?? '')?.[1])
    .find(Boolean)
}

function filesOf(groups: Iterable<ChunkGroup>): ReadonlySet<string> {
  return new Set([...groups].flatMap(({ chunks }) => chunks.flatMap(chunk => [...chunk.files])))
}

/** The groups and all that they may import in turn: an upper bound of what a run loads. */
function reachable(groups: readonly ChunkGroup[]): ReadonlySet<ChunkGroup> {
  const seen = new Set<ChunkGroup>()
  const queue = [...groups]
  for (let group = queue.pop(); group; group = queue.pop()) {
    if (seen.has(group)) continue
    seen.add(group)
    queue.push(...group.getChildren())
  }
  return seen
}

function importedAs(file: string, groups: readonly ChunkGroup[]): string {
  const users = groups.filter(({ chunks }) => chunks.some(chunk => [...chunk.files].includes(file)))
  if (users.some(group => group.isInitial())) return 'start: contracts, inputs, run wrapper'
  const requests = users.flatMap(({ origins }) =>
    origins.map(({ request }) => `\`${request?.replace('/dist-es/index.js', '')}\``),
  )
  return [...new Set(requests)].toSorted().join(', ')
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

/** The table for people, and for docs/size.md. */
export function sizeTable({ total, packed, start, post, actions, chunks }: BundleSizes): string {
  return [
    markdownTable(
      ['what', 'bytes', 'demand'],
      [
        ['all of `dist/`', spaced(total), `≤ ${spaced(sizeDemands.total)}`],
        ['packed (gzip)', spaced(packed), `≤ ${spaced(sizeDemands.packed)}`],
        ['loaded before the inputs are right', spaced(start), ''],
        ['loaded to clean up after a job', spaced(post), ''],
        ...actions.map(({ name, bytes }) => [
          `\`${name}\` loads at most`,
          spaced(bytes),
          `≤ ${spaced(sizeDemands.action)}`,
        ]),
      ],
    ),
    markdownTable(
      ['file of `dist/slipway/`', 'bytes', 'imported as'],
      chunks.map(({ file, bytes, from }) => [`\`${file}\``, spaced(bytes), from]),
    ),
  ].join('\n\n')
}

function spaced(bytes: number): string {
  return bytes.toLocaleString('en-US').replaceAll(',', ' ')
}
