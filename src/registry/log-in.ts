import type { Session } from '../identity/model.ts'
import { inParallel } from '../runtime/parallel.ts'
import type { EcrOptions } from './ecr.ts'
import { ecr } from './ecr.ts'
import type { PublicPorts } from './ecr-public.ts'
import type { LoginTarget } from './login-targets.ts'
import type { RegistryLogin } from './registry-login.ts'

export interface LogInPorts extends PublicPorts {
  /** Transport of the SDK; its own unless a test brings one. */
  readonly requestHandler?: EcrOptions['requestHandler']
}

const parallel = 4

/**
 * Logins for all targets, in their order. One call per region: a token opens every private registry of its region that
 * the session may reach, by all of its host names. Passwords are masked before this returns.
 */
export async function logIn(
  targets: readonly LoginTarget[],
  session: Session,
  ports: LogInPorts,
): Promise<readonly RegistryLogin[]> {
  const places = [...new Set(targets.map(placeOf))]
  const logins = await inParallel(places, parallel, place => loginFor(place, session, ports))
  const byPlace = new Map(places.map((place, index) => [place, logins[index]]))
  return targets.flatMap(target => {
    const login = byPlace.get(placeOf(target))
    return login === undefined ? [] : [{ ...login, host: target.host }]
  })
}

/** Where the token of a registry comes from: its region, or `public`. */
function placeOf(target: LoginTarget): string {
  return target.kind === 'public' ? 'public' : target.region
}

async function loginFor(place: string, session: Session, ports: LogInPorts): Promise<RegistryLogin> {
  if (place === 'public') {
    const { publicLogin } = await import('./ecr-public.ts')
    return publicLogin(session, ports)
  }
  const { requestHandler } = ports
  const registry = { accountId: session.accountId, region: place }
  const control = await ecr(session, { registry, ...(requestHandler === undefined ? {} : { requestHandler }) })
  return control.login(secret => ports.mask(secret), ports.signal)
}
