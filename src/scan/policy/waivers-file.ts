import { z } from 'zod'
import { mistakeAt, mistakeOf, readYamlFile } from '../../runtime/yaml-file.ts'
import { endOf, type Waiver } from './waivers.ts'

const dayMs = 86_400_000

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
