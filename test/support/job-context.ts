/** A job in which the code runs itself, not as a built step. For use inside the platform. */
import { quiet } from '../../sandbox/connect.ts'
import { ports } from '../../sandbox/world.ts'
import type { SessionContext } from '../../src/identity/session-context.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'

const never = new AbortController().signal

/** The context of a job with these claims in its token. */
export function jobContext(claims: object = {}): { context: SessionContext; masked: string[] } {
  const masked: string[] = []
  const token = async (audience: string): Promise<string> => {
    const body = JSON.stringify({ claims, audience })
    const answer = await fetch(`http://127.0.0.1:${ports.control}/oidc/tokens`, { method: 'POST', body })
    return ((await answer.json()) as { readonly token: string }).token
  }
  const github = {
    repository: 'acme/shop',
    sha: 'abc',
    ref: 'refs/heads/main',
    eventName: 'push',
    actor: 'me',
    workflow: 'Ship',
    runId: '42',
    runAttempt: '1',
    job: 'deploy',
    apiUrl: 'https://api.github.com',
    runUrl: 'https://github.com/acme/shop/actions/runs/42',
    fromFork: false,
  }
  const mask = (secret: string): void => void masked.push(secret)
  return {
    context: {
      oidc: { available: true, token },
      clock: systemClock,
      log: quiet,
      mask,
      random: Math.random,
      github,
      signal: never,
    },
    masked,
  }
}
