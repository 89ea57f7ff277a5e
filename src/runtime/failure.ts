import { defined } from './defined.ts'
import { SlipwayError, messageOf } from './errors.ts'
import type { Environment } from './inputs.ts'

/** An error as a person reads it. */
export interface Failure {
  readonly code: string
  readonly what: string
  readonly why?: string
  readonly todo: string
  /** Markdown for the summary. */
  readonly details?: string
  /** Page that explains the code. */
  readonly link: string
}

/** An error that is none of ours is a bug of Slipway, and says so. */
export function failureOf(thrown: unknown, env: Environment): Failure {
  if (thrown instanceof SlipwayError) {
    const { code, message: what, why, todo, details } = thrown
    return defined({ code, what, why, todo, details, link: linkTo(code, env) })
  }
  return {
    code: 'internal',
    what: `Slipway met an error that it does not know: ${messageOf(thrown)}`,
    why: 'This is a mistake in Slipway, not in your workflow.',
    todo: 'Run the job again with debug logging and open an issue with its log.',
    link: linkTo('internal', env),
  }
}

/** For the log: what, why, what to do, where it is explained; a line each. */
export function failureText(failure: Failure): string {
  const parts = [failure.what, failure.why, failure.todo, `${failure.code}: ${failure.link}`]
  return parts.filter(part => part !== undefined).join('\n')
}

/** For the step summary. */
export function failureMarkdown(title: string, failure: Failure): string {
  const why = failure.why === undefined ? [] : [plainMarkdown(failure.why)]
  const parts = [
    `### ✗ ${plainMarkdown(title)}: ${plainMarkdown(failure.what)}`,
    ...why,
    `**Next:** ${plainMarkdown(failure.todo)}`,
  ]
  const details = failure.details === undefined ? [] : [failure.details.trim()]
  return [...parts, `[\`${failure.code}\`](${failure.link})`, ...details].join('\n\n')
}

/** With the cause chain; for debug logs only. */
export function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const own = thrown.stack ?? thrown.message
  return thrown.cause === undefined ? own : `${own}\ncaused by: ${stackOf(thrown.cause)}`
}

/** Page that explains codes and causes: on GitHub at the version that runs, else a path of this repository. */
export function troubleshootingPage(env: Environment): string {
  const page = 'docs/troubleshooting.md'
  const { GITHUB_ACTION_REPOSITORY: repository, GITHUB_ACTION_REF: ref, GITHUB_SERVER_URL: server } = env
  return repository && ref ? `${server ?? 'https://github.com'}/${repository}/blob/${ref}/${page}` : page
}

function linkTo(code: string, env: Environment): string {
  return `${troubleshootingPage(env)}#${code}`
}

/** Foreign words must not become markup. */
/** Foreign words as text of a Markdown line: no markup of theirs is any. */
export function plainMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|]/g, '\\$&')
}
