import type { BuildResult } from '../image/model.ts'
import type { Report, Text } from './document.ts'
import { formatSeconds } from './document.ts'
import { markdown } from './markdown.ts'

/** The report of a build: what was made, and the reference to deploy. Pure. */
export function buildReport(result: BuildResult): Report {
  const { repository, image, digest, tags, platforms, skipped, seconds, digests, pushed } = result
  const done = skipped ? 'reused the image of an earlier run' : 'built and pushed'
  return {
    title: `${repository} ${done}`,
    tone: 'good',
    headline: [{ strong: repository }, ` ${done} in ${formatSeconds(seconds)}`],
    blocks: [
      { kind: 'text', text: ['Deploy it as ', { code: image }] },
      {
        kind: 'details',
        summary: ['Details'],
        blocks: [
          {
            kind: 'table',
            head: ['Fact', 'Value'],
            rows: [
              [['Digest, as the registry has it'], [{ code: digest }]],
              [['Tags'], tags.flatMap((tag, index) => [...(index === 0 ? [] : [', ']), { code: tag }])],
              [['Platforms'], [platforms.length === 0 ? 'not named by the image' : platforms.join(', ')]],
              ...Object.entries(digests).map(([platform, one]): readonly Text[] => [[platform], [{ code: one }]]),
              ...(pushed === undefined ? [] : [[['Layers'], [sayBlobs(pushed)]] as const]),
            ],
          },
        ],
      },
    ],
  }
}

/** `2 uploaded (31.2 MB), 5 there already (104.0 MB)` */
export function sayBlobs({ blobs }: NonNullable<BuildResult['pushed']>): string {
  const kinds = { uploaded: 'uploaded', mounted: 'linked from another repository', reused: 'there already' } as const
  const parts = Object.entries(kinds).flatMap(([how, words]) => {
    const some = blobs.filter(blob => blob.how === how)
    const bytes = some.reduce((sum, { size }) => sum + size, 0)
    return some.length === 0 ? [] : [`${some.length} ${words} (${(bytes / 1e6).toFixed(1)} MB)`]
  })
  return parts.join(', ')
}

/** The report as a step summary. */
export function buildSummary(result: BuildResult): string {
  return markdown(buildReport(result))
}
