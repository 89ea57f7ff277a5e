import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { CauseCode } from './causes.ts'
import { evidence } from './evidence.ts'
import type { Evidence, EvidenceClass, Health } from './model.ts'
import { nameOf } from './objects.ts'

/** What an object shows against itself; it is its own subject. */
interface Finding {
  readonly at?: Instant | undefined
  readonly text?: string | undefined
  readonly class?: EvidenceClass | undefined
  readonly patienceMs?: number | undefined
  readonly facts?: Readonly<Record<string, string>>
}

function about(object: KubeObject, code: CauseCode, now: Instant, finding: Finding): Evidence {
  const { at = now, text, facts, patienceMs } = finding
  return evidence(code, {
    on: object,
    subject: nameOf(object),
    at,
    text,
    ...(finding.class === undefined ? {} : { class: finding.class }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(facts === undefined ? {} : { facts }),
  })
}

/** An object that is not there yet, with what explains it. */
export function awaited(
  object: KubeObject,
  code: CauseCode,
  says: string,
  now: Instant,
  finding: Finding = {},
): Health {
  return { status: 'progressing', says, evidence: [about(object, code, now, finding)] }
}

/** An object that says itself that it will not get there. */
export function refused(
  object: KubeObject,
  code: CauseCode,
  says: string,
  now: Instant,
  finding: Finding = {},
): Health {
  return { status: 'failing', says, evidence: [about(object, code, now, finding)] }
}

/** Its status describes an older spec. */
export function behind(object: KubeObject, now: Instant): Health {
  const says = 'its status is not of this generation yet'
  return awaited(object, 'not-current', says, now, { text: says })
}
