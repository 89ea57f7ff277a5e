import type { BuildResult } from '../image/model.ts'
import type { Report } from './document.ts'
import { formatSeconds } from './document.ts'
import { markdown } from './markdown.ts'

/** The report of a build: what was made, and the reference to deploy. Pure. */
export function buildReport({ repository, image, digest, tags, platforms, skipped, seconds }: BuildResult): Report {
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
            ],
          },
        ],
      },
    ],
  }
}

/** The report as a step summary. */
export function buildSummary(result: BuildResult): string {
  return markdown(buildReport(result))
}
