import { readFile, realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { UserError, messageOf } from '../runtime/errors.ts'
import { decodeClaims, type Claims } from './claims.ts'
import { payloadOf } from './jwt.ts'
import { defaultAudience, type Role } from './role.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionRequest } from './session-request.ts'

/** The web identity token of a request. */
export interface TokenSource {
  /** The token; one that was refused or is old is got anew. */
  current(anew: boolean): Promise<string>
  /** All claims of the last token, as text: for tags. */
  claims(): Readonly<Record<string, string>>
  /** Those that trust policies test; undefined when there was no token or it is none. */
  decoded(): Claims | undefined
}

/** A GitHub OIDC token lives about 5 minutes; an older one is not sent again. */
const freshMs = 2 * 60_000

/** GitHub's token of this job, or one that something else keeps in a file; read anew for each session. */
export function tokenSource(request: SessionRequest, role: Role, context: SessionContext): TokenSource {
  const { source = { kind: 'github' } } = request
  const { clock, oidc, signal, mask } = context
  const audience = request.audience ?? defaultAudience(role.partition)
  const get = async (): Promise<string> => {
    if (source.kind === 'github') return oidc.token(audience, signal)
    if (source.kind === 'ambient') throw new Error('ambient credentials have no token')
    const token = await fromFile(source.path, source.within)
    mask(token)
    return token
  }
  let last: { readonly token: string; readonly at: number } | undefined
  return {
    async current(anew) {
      if (last === undefined || anew || clock.now() - last.at >= freshMs) last = { token: await get(), at: clock.now() }
      return last.token
    },
    claims() {
      const payload = last === undefined ? undefined : payloadOf(last.token)
      const texts = Object.entries(payload ?? {}).filter(
        (pair): pair is [string, string] => typeof pair[1] === 'string',
      )
      return Object.fromEntries(texts)
    },
    decoded: () => (last === undefined ? undefined : decodeClaims(last.token)),
  }
}

/** `within`: a folder that the file, with all symlinks followed, must be in. */
async function fromFile(path: string, within: string | undefined): Promise<string> {
  const text = await readFile(await placeOf(path, within), 'utf8').catch((thrown: unknown) => {
    throw unreadable(path, messageOf(thrown), thrown)
  })
  const token = text.trim()
  if (token.split('.').length === 3) return token
  throw unreadable(path, 'it holds no token (three parts with dots between them)')
}

async function placeOf(path: string, within: string | undefined): Promise<string> {
  if (within === undefined) return path
  const [real, folder] = await Promise.all([realpath(path), realpath(within)]).catch((thrown: unknown) => {
    throw unreadable(path, messageOf(thrown), thrown)
  })
  if (real.startsWith(resolve(folder) + sep)) return real
  throw unreadable(path, 'a link leads out of the checkout')
}

function unreadable(path: string, why: string, cause?: unknown): UserError {
  return new UserError('input-web-identity-token-file', `web-identity-token-file "${path}" cannot be read: ${why}.`, {
    todo: 'Give the path of a file with a JSON Web Token that the runner may read.',
    ...(cause === undefined ? {} : { cause }),
  })
}
