import type { Report } from './document.ts'
import { count } from './document.ts'
import { markdown } from './markdown.ts'

export interface LoginView {
  /** Host names. */
  readonly registries: readonly string[]
  /** What later steps may do: `pull`, `push`, or all that the role may. */
  readonly access: string
  readonly expiresAt: Date
}

/** The report of a login to registries: where to, for how long. Pure. */
function loginReport({ registries, access, expiresAt }: LoginView): Report {
  const title = `Logged in to ${count(registries.length, 'registry', 'registries')}`
  return {
    title,
    tone: 'good',
    headline: [{ strong: title }, ` until ${sayTime(expiresAt)}`],
    blocks: [
      { kind: 'list', ordered: false, items: registries.map(host => [{ code: host }]) },
      { kind: 'text', text: ['Access of later steps of this job: ', { code: access }] },
    ],
  }
}

/** The report as a step summary. */
export function loginSummary(view: LoginView): string {
  return markdown(loginReport(view))
}

/** Last line of the log. */
export function loginLine({ registries, expiresAt }: LoginView): string {
  return `✓ logged in to ${registries.join(', ')} · until ${sayTime(expiresAt)} · later steps of this job find it in DOCKER_CONFIG`
}

/** `2026-11-26 18:40 UTC` */
function sayTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
