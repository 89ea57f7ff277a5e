import * as z from 'zod/mini'
import { mistakeAt, readYamlFile, validated } from '../../runtime/yaml-file.ts'
import { endOf, type Waiver } from './waivers.ts'

const dayMs = 86_400_000

const words = z.string().check(z.trim(), z.minLength(1, 'is empty'))

const waiver = z.strictObject({
  /** Id of the vulnerability, or an alias; exact. */
  id: words.check(z.regex(/^[A-Za-z][\w.:-]*-[\w.:-]+$/, 'is no id of a vulnerability, such as CVE-2026-11111')),
  /** Where it holds: all that is named. `*` is any text, `**` in a path across folders. */
  scope: z
    .strictObject({
      repository: z.optional(words),
      package: z.optional(words),
      path: z.optional(words),
      /** linux/arm64 */
      platform: z.optional(words),
    })
    .check(
      z.refine(scope => Object.keys(scope).length > 0, 'names nothing: give repository, package, path or platform'),
    ),
  reason: words.check(z.minLength(10, 'is too short to be a reason')),
  /** Who answers for it. */
  owner: words,
  /** Last day on which it holds, in UTC. */
  expires: words.check(z.refine(isDay, 'is no day such as 2026-12-31')),
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
  return validated(file, waiversFile, { waivers: [] }, incomplete).waivers.map((read, index) => {
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
