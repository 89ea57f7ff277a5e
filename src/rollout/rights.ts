import { isSettledWhenStored } from '../health/assess.ts'
import type { AccessDoctor, Purpose } from '../kubernetes/access/doctor.ts'
import type { Need } from '../kubernetes/access/review.ts'
import type { KubeObject } from '../kubernetes/model.ts'
import { messageOf, SlipwayError } from '../runtime/errors.ts'
import type { Log } from '../runtime/context.ts'
import { channelsFor } from './gate/subjects.ts'
import type { ReleaseOutcome } from './model.ts'

/** What a release asks of the API server, whatever is among its objects. */
interface Release {
  readonly application: string
  readonly namespace: string
  readonly objects: readonly KubeObject[]
}

/**
 * The rights that a release needs (docs/access.md): to read, apply and delete its objects, to hold the lock and keep the
 * records, and to see what the gate judges by. Pure; objects without a namespace count for that of the release.
 */
export function releaseNeeds({ application, namespace, objects }: Release): Purpose {
  const placed = inNamespace(objects, namespace)
  const lock: Need = { ...lease, namespace, verbs: ['get', 'create', 'update'] }
  const records: Need = { ...secret, namespace, verbs: ['list', 'create', 'patch', 'delete'] }
  const own = placed.map(({ apiVersion, kind, metadata }): Need => ({
    apiVersion,
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    verbs: ['get', 'create', 'patch', 'delete'],
  }))
  return { application, needs: [lock, records, ...own, ...gateNeeds(placed)] }
}

/**
 * Lists and watches without which the gate could judge nothing, of kinds and namespaces that were not in the last
 * release that went well: that one proved its own. What else is missing shows before anything is applied; this would
 * show when all of it is. Pure.
 */
export function newSight(
  { namespace, objects }: Pick<Release, 'namespace' | 'objects'>,
  proven: readonly KubeObject[],
): readonly Need[] {
  const sight = (of: readonly KubeObject[]): readonly Need[] =>
    gateNeeds(inNamespace(of, namespace)).filter(({ decisive }) => decisive)
  const known = new Set(sight(proven).map(placeOf))
  return sight(objects).filter(need => !known.has(placeOf(need)))
}

const placeOf = ({ apiVersion, kind, namespace = '' }: Need): string => [apiVersion, kind, namespace].join(' ')

/** The rights that it takes to judge objects without changing them. Pure. */
export function verifyNeeds({ application, namespace, objects }: Release): Purpose {
  const placed = inNamespace(objects, namespace)
  const own = placed.map(({ apiVersion, kind }): Need => ({ apiVersion, kind, namespace, verbs: ['get'] }))
  return { application, needs: [...own, ...gateNeeds(placed)] }
}

/** What the gate lists and watches, and the log of a container that failed. */
function gateNeeds(objects: readonly KubeObject[]): readonly (Need & { readonly decisive: boolean })[] {
  const gated = objects.filter(object => !isSettledWhenStored(object)).map(object => ({ object }))
  const channels = channelsFor(gated)
  const watched = channels.map(({ apiVersion, kind, namespace, need }) => ({
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    verbs: ['list', 'watch'],
    ...(need === 'hint' ? { optional: true } : {}),
    decisive: need === 'proof',
  }))
  const logs = channels
    .filter(({ kind }) => kind === 'Pod')
    .map(({ apiVersion, kind, namespace }) => {
      const place = namespace === undefined ? {} : { namespace }
      return { apiVersion, kind, ...place, subresource: 'log', verbs: ['get'], optional: true, decisive: false }
    })
  return [...watched, ...logs]
}

interface Ports {
  readonly log: Log
  /** Says why the API server refuses; without it its own words have to do. */
  readonly access?: AccessDoctor
}

/**
 * Does `work`; what fails for want of access comes out with all that is missing and how to get it. `purpose` is asked
 * for afterwards: only then all objects are known. A gate that was refused what it has to see has a verdict of its own,
 * and the reason goes into the log.
 */
export async function withAccess(
  purpose: () => Purpose,
  { access, log }: Ports,
  work: () => Promise<ReleaseOutcome>,
): Promise<ReleaseOutcome> {
  if (access === undefined) return work()
  let outcome: ReleaseOutcome
  try {
    outcome = await work()
  } catch (thrown) {
    throw await access.explain(thrown, purpose())
  }
  if (outcome.result?.cause?.code === 'permission-lost') await sayLack(purpose(), access, log)
  return outcome
}

async function sayLack(purpose: Purpose, access: AccessDoctor, log: Log): Promise<void> {
  try {
    await access.require(purpose)
  } catch (thrown) {
    if (!(thrown instanceof SlipwayError)) return log.debug(messageOf(thrown))
    log.warn([thrown.message, thrown.why, thrown.todo].filter(part => part !== undefined).join(' '))
    if (thrown.details !== undefined) log.info(thrown.details)
  }
}

function inNamespace(objects: readonly KubeObject[], namespace: string): readonly KubeObject[] {
  return objects.map(object => ({ ...object, metadata: { namespace, ...object.metadata } }))
}

const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const
const secret = { apiVersion: 'v1', kind: 'Secret' } as const
