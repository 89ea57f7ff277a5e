import { z } from 'zod'
import { mistakeAt, mistakeOf, readYamlFile } from '../../runtime/yaml-file.ts'
import type { Finding } from '../findings.ts'
import { anyTextMatches, pathMatches } from './glob.ts'

/** A finding that somebody accepted for a while, by name and with a reason. */
export interface Waiver {
  /** `CVE-2026-11111` or one of its aliases; whole and exact. */
  readonly id: string
  /** Where it holds: all of them. At least one is given, so that nobody accepts a vulnerability everywhere by accident. */
  readonly scope: {
    readonly repository?: string
    readonly package?: string
    readonly path?: string
    readonly platform?: string
  }
  readonly reason: string
  /** Who answers for it: `@team-checkout`. */
  readonly owner: string
  /** Last day on which it holds, in UTC: `2026-12-31`. */
  readonly expires: string
  /** Line of the file, from 1. */
  readonly line?: number
}

/** Where a finding was found, for the scope of waivers. */
export interface WaiverPlace {
  readonly repository: string
  /** Milliseconds since 1970. */
  readonly now: number
}

const dayMs = 86_400_000

/** First instant at which a waiver no longer holds. */
export function endOf({ expires }: Waiver): number {
  return Date.parse(`${expires}T00:00:00Z`) + dayMs
}

/** Whether a waiver is about a finding, expired or not. A scope for platforms covers findings of those platforms only. */
export function isAbout(waiver: Waiver, finding: Finding, { repository }: WaiverPlace): boolean {
  const { scope } = waiver
  const ids = [finding.id, ...finding.aliases]
  return (
    ids.includes(waiver.id) &&
    (scope.repository === undefined || anyTextMatches(scope.repository, repository)) &&
    (scope.package === undefined || anyTextMatches(scope.package, finding.package.name)) &&
    (scope.path === undefined ||
      (finding.package.path !== undefined && pathMatches(scope.path, finding.package.path))) &&
    // A finding that also another platform has is not wholly accepted.
    (scope.platform === undefined || finding.platforms.every(platform => platform === scope.platform))
  )
}

/** What the waivers say of one finding: the first that holds; else one that no longer does, to name its owner. */
export function waiverFor(
  finding: Finding,
  waivers: readonly Waiver[],
  place: WaiverPlace,
): { readonly waiver: Waiver; readonly expired: boolean } | undefined {
  const about = waivers.filter(waiver => isAbout(waiver, finding, place))
  const holding = about.find(waiver => place.now < endOf(waiver))
  if (holding !== undefined) return { waiver: holding, expired: false }
  const [expired] = about
  return expired === undefined ? undefined : { waiver: expired, expired: true }
}

const words = z.string().trim().min(1, 'is empty')

const waiver = z.strictObject({
  id: words
    .regex(/^[A-Za-z][\w.:-]*-[\w.:-]+$/, 'is no id of a vulnerability, such as CVE-2026-11111')
    .describe('Id of the vulnerability, or an alias; exact.'),
  scope: z
    .strictObject({
      repository: words.optional().describe('ECR repository; `*` is any text.'),
      package: words.optional().describe('Name of the package; `*` is any text.'),
      path: words.optional().describe('Path inside the image; `**` across folders.'),
      platform: words.optional().describe('linux/arm64'),
    })
    .refine(scope => Object.keys(scope).length > 0, 'names nothing: give repository, package, path or platform')
    .describe('Where it holds: all that is named.'),
  reason: words.min(10, 'is too short to be a reason').describe('Why it is acceptable.'),
  owner: words.describe('Who answers for it.'),
  expires: words.refine(isDay, 'is no day such as 2026-12-31').describe('Last day on which it holds, in UTC.'),
})

/** The file of waivers: a list, so that a reviewer sees one entry per acceptance. */
export const waiversFile = z.strictObject({ waivers: z.array(waiver) })

/**
 * Reads the text of a file of waivers. All fields are required, and none may hold for more than `mostDays` from `now`.
 * Throws UserError `waivers-invalid` (or `config-no-yaml`) with line and column of the first mistake.
 */
export function parseWaivers(
  text: string,
  path: string,
  limits: { readonly now: number; readonly mostDays: number },
): readonly Waiver[] {
  const file = readYamlFile(text, path)
  const result = waiversFile.safeParse(file.value ?? { waivers: [] })
  if (!result.success) throw mistakeOf(file, result.error, incomplete)
  return result.data.waivers.map((read, index) => {
    const at = ['waivers', index] as const
    const scope = Object.fromEntries(Object.entries(read.scope).filter(([, value]) => value !== undefined))
    const given: Waiver = { ...read, scope, line: file.lineOf(at) }
    if (endOf(given) - limits.now > (limits.mostDays + 1) * dayMs) {
      throw mistakeAt(file, [...at, 'expires'], `"${given.expires}" is more than ${limits.mostDays} days away`, tooLong)
    }
    return given
  })
}

const incomplete = {
  code: 'waivers-invalid',
  todo: 'Correct the entry: id, scope, reason, owner and expires are all required.',
}
const tooLong = { code: 'waivers-invalid', todo: 'Choose an earlier day: who accepts a risk looks at it again.' }

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}
