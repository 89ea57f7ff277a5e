import { listAccessEntries } from '../../identity/access-entries.ts'
import type { EksCluster } from '../../identity/eks-cluster.ts'
import type { Session } from '../../identity/model.ts'
import { askSts } from '../../identity/token-check.ts'
import type { Context } from '../../runtime/context.ts'
import { DeniedError, messageOf } from '../../runtime/errors.ts'
import { proxyTo } from '../../runtime/proxy.ts'
import { forbiddenIn, KubeError, UnreachableError } from '../errors.ts'
import type { TokenSource } from '../transport.ts'
import { shownCertificate } from './certificate.ts'
import { explainMissingRights } from './missing-rights.ts'
import type { AccessReview, Need, Right } from './review.ts'
import { explainUnauthorized } from './unauthorized.ts'
import { explainSilence } from './unreachable.ts'

/** What somebody is about to do in a cluster. */
export interface Purpose {
  readonly application: string
  readonly needs: readonly Need[]
}

/**
 * Says why a cluster cannot be used, as far as it can be found out (port). It asks only after something failed, or when
 * it is asked to; what it may not find out makes its answer less exact, never an error of its own.
 */
export interface AccessDoctor {
  /** The failure in the words of its cause; what is none of access comes back as it was. */
  explain(failure: unknown, purpose?: Purpose): Promise<unknown>
  /**
   * Throws DeniedError that names every right of the purpose that is missing. With `decisive` it asks for those few
   * first, and is content when they are there.
   */
  require(purpose: Purpose, decisive?: readonly Need[]): Promise<void>
}

export interface Patient {
  readonly cluster: EksCluster
  readonly session: Session
  readonly token: TokenSource
  readonly review: AccessReview
  /** Where the step works, and whether it changes anything there. */
  readonly namespace?: string | undefined
  readonly writes: boolean
  readonly context: Pick<Context, 'clock' | 'log' | 'signal'>
}

export function accessDoctor(patient: Patient): AccessDoctor {
  const { context } = patient
  return {
    async explain(failure, purpose) {
      if (context.signal.aborted) return failure
      try {
        return await explanationOf(failure, patient, purpose)
      } catch (trouble) {
        context.log.debug(`why the cluster cannot be used was not found out: ${messageOf(trouble)}`)
        return failure
      }
    },
    async require(purpose, decisive) {
      const lack = await lackUnless(patient, purpose, decisive)
      if (lack !== undefined) throw lack
    },
  }
}

/** Who may not even ask for its rights has to find them out by what it does. */
async function lackUnless(
  patient: Patient,
  purpose: Purpose,
  decisive: readonly Need[] | undefined,
): Promise<DeniedError | undefined> {
  const { review, context } = patient
  try {
    if (decisive !== undefined) {
      const rights = await review.rightsFor(decisive, context.signal)
      if ((await review.missing(rights, context.signal)).length === 0) return undefined
    }
    return await lackOf(patient, purpose)
  } catch (trouble) {
    if (context.signal.aborted) throw trouble
    context.log.debug(`the rights in the cluster could not be asked for: ${messageOf(trouble)}`)
    return undefined
  }
}

async function explanationOf(failure: unknown, patient: Patient, purpose: Purpose | undefined): Promise<unknown> {
  if (failure instanceof UnreachableError) return silence(failure, patient)
  if (failure instanceof KubeError && failure.status === 401) return unauthorized(failure, patient)
  if (purpose === undefined || !isForbidden(failure)) return failure
  return (await lackOf(patient, purpose, failure)) ?? failure
}

/** A refusal of the API server for want of a right, or one that a preview made of several. */
function isForbidden(failure: unknown): failure is Error {
  if (failure instanceof KubeError) return failure.status === 403 && forbiddenIn(failure.message) !== undefined
  return failure instanceof DeniedError && failure.code === 'deploy-denied'
}

async function silence(failure: UnreachableError, { cluster, session, context }: Patient): Promise<unknown> {
  const proxy = proxyTo(cluster.endpoint)
  // The certificate is looked at on the direct way only: behind a proxy there is another one.
  const look = failure.reason === 'tls' && proxy === undefined
  const certificate = look ? await shownCertificate(cluster.endpoint, context.signal) : undefined
  return explainSilence(failure, { cluster, region: session.region, proxy, certificate, now: context.clock.now() })
}

async function unauthorized(failure: KubeError, patient: Patient): Promise<unknown> {
  const { cluster, session, token, namespace, writes, context } = patient
  const { roleArn, partition, accountId, region } = session
  const signedAt = context.clock.now()
  const fresh = await token(true)
  const hasEntries = cluster.authenticationMode !== 'CONFIG_MAP'
  const [sts, entries] = await Promise.all([
    askSts(fresh, cluster.name, context.signal),
    hasEntries ? listAccessEntries(cluster.name, session, context.signal) : undefined,
  ])
  const who = { roleArn, partition, accountId, region }
  const { answeredAt } = failure
  return explainUnauthorized({ ...who, cluster, sts, entries, signedAt, answeredAt, namespace, writes, cause: failure })
}

async function lackOf(
  { cluster, session, review, context: { signal } }: Patient,
  { application, needs }: Purpose,
  failure?: Error,
): Promise<DeniedError | undefined> {
  const needed = withRefused(await review.rightsFor(needs, signal), failure)
  const required = needed.filter(({ optional }) => optional !== true)
  const missing = await review.missing(required, signal)
  if (missing.length === 0) return undefined
  const subject = await review.whoAmI(signal)
  const { roleArn, region } = session
  return explainMissingRights({
    cluster: cluster.name,
    region,
    roleArn,
    application,
    subject,
    needed,
    missing,
    cause: failure,
  })
}

/** The right that was refused belongs to what is needed, even where nobody thought of it. */
function withRefused(needed: readonly Right[], failure: Error | undefined): readonly Right[] {
  const refused = failure && forbiddenIn(failure.message)
  if (refused === undefined) return needed
  const isThat = ({ verb, group, resource, namespace }: Right): boolean =>
    verb === refused.verb && group === refused.group && resource === refused.resource && namespace === refused.namespace
  return [...needed.filter(right => !isThat(right)), refused]
}
