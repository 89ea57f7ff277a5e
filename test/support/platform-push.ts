/** Our push in front of the platform's registry, as tests and benches use it. For use inside the platform. */
import { hosts, region, roles } from '../../sandbox/world.ts'
import { openSession } from '../../src/identity/session.ts'
import { ecr } from '../../src/registry/ecr.ts'
import { createBudget } from '../../src/registry/push/budget.ts'
import { openRegistry } from '../../src/registry/push/connection.ts'
import { readLayout } from '../../src/registry/push/layout.ts'
import type { PushResult } from '../../src/registry/push/model.ts'
import { pushImage } from '../../src/registry/push/push.ts'
import { talkTo } from '../../src/registry/push/talk.ts'
import type { RegistryLogin } from '../../src/registry/registry-login.ts'
import { SlipwayError } from '../../src/runtime/errors.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { recordingLog } from './context.ts'
import { jobContext } from './job-context.ts'
import type { PushFault } from './push-faults.ts'

export const pushRepository = 'shop/api'

/** A login for the registry with all that the build role may. */
export async function platformLogin(): Promise<RegistryLogin> {
  const { context } = jobContext()
  const session = await openSession({ role: roles.build, region }, context)
  return (await ecr(session)).login(() => undefined)
}

/** Pushes a layout under a tag; `origin` is that of a proxy. */
export async function pushFolder(
  folder: string,
  tag: string,
  login: Pick<RegistryLogin, 'user' | 'password'>,
  origin?: string,
  repository = pushRepository,
): Promise<PushResult> {
  const connection = await openRegistry(hosts.registry, () => login, origin)
  const ports = { clock: systemClock, log: recordingLog(), signal: new AbortController().signal, random: Math.random }
  const talk = talkTo(connection, () => Promise.resolve(), ports)
  try {
    const request = { layout: await readLayout(folder), repository, tags: [tag] }
    return await pushImage(request, { talk, budget: createBudget(50, systemClock) })
  } finally {
    await connection.close()
  }
}

/** What was not as a row of the fault matrix says; undefined when all was. */
export function wrongOutcome({ expected, says }: PushFault, outcome: unknown, digest: string): string | undefined {
  if (expected === 'ok') {
    const found =
      typeof outcome === 'object' && outcome !== null && 'digest' in outcome ? outcome.digest : String(outcome)
    return found === digest ? undefined : `ended with ${String(found)}`
  }
  if (!(outcome instanceof SlipwayError)) return `no error of ours: ${String(outcome)}`
  if (outcome.code !== expected) return `${outcome.code} instead of ${expected}: ${outcome.message}`
  const words = `${outcome.message} ${outcome.why ?? ''}`
  return words.includes(says ?? '') ? undefined : `does not say ${String(says)}: ${words}`
}
