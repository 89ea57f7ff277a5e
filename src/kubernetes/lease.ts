import type { Clock, Instant } from '../runtime/clock.ts'
import { RemoteError } from '../runtime/errors.ts'
import { KubeError } from './errors.ts'
import type { Cluster, KubeObject, ObjectKey } from './model.ts'
import { isRecord } from './objects.ts'

/** A Lease as last read, with when this process first saw that version. */
export interface SeenLease {
  readonly object: KubeObject
  readonly firstSeenAt: Instant
}

export type LeaseDecision =
  | { readonly do: 'create' }
  | { readonly do: 'take'; readonly from: KubeObject; readonly why: 'free' | 'mine' | 'dead' | 'asked' }
  | { readonly do: 'wait'; readonly holder: string }

/** Clocks of runners may differ, but with a clock this far off AWS refuses every signature. */
const greatestSkewMs = 15 * 60_000
const durationSeconds = 30
const durationMs = durationSeconds * 1_000
/** Three chances to renew before others may think the holder dead. */
const renewEveryMs = 8_000
const waitPollMs = 2_000

/**
 * Whether the lock may be taken. A holder is dead when its Lease did not change for its whole duration *as we watched
 * it* (no clock is compared, as client-go's leader election does), or when its last renewal is older than any clock
 * difference that would still let both parties sign AWS requests.
 */
export function decideLease(
  seen: SeenLease | undefined,
  holder: string,
  takeOver: boolean,
  now: Instant,
): LeaseDecision {
  if (!seen) return { do: 'create' }
  const spec = isRecord(seen.object['spec']) ? seen.object['spec'] : {}
  const current = typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : ''
  const from = seen.object
  if (current === '') return { do: 'take', from, why: 'free' }
  if (current === holder) return { do: 'take', from, why: 'mine' }
  const lastsMs =
    (typeof spec['leaseDurationSeconds'] === 'number' ? spec['leaseDurationSeconds'] : durationSeconds) * 1000
  const renewedAt = Date.parse(typeof spec['renewTime'] === 'string' ? spec['renewTime'] : '')
  const unchanged = now - seen.firstSeenAt >= lastsMs
  const longAgo = Number.isFinite(renewedAt) && now - renewedAt > lastsMs + greatestSkewMs
  if (unchanged || longAgo) return { do: 'take', from, why: 'dead' }
  return takeOver ? { do: 'take', from, why: 'asked' } : { do: 'wait', holder: current }
}

export interface LeaseRequest {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'replace'>
  readonly namespace: string
  readonly application: string
  /** Who holds it, for people: the address of the run, unique per attempt. */
  readonly holder: string
  /** Take it from a living holder, who then finds itself superseded. */
  readonly takeOver?: boolean
  /** How long to wait for a living holder, in milliseconds. */
  readonly waitMs: number
  /** Called once for each holder that is waited for. */
  readonly onWait?: (holder: string) => void
}

/** A lock that this process holds and keeps renewing until it is released. */
export interface HeldLease {
  /** Who held it before and is dead or was superseded; undefined when it was free. */
  readonly takenFrom: string | undefined
  /** Aborts when the lock is lost; its reason is a LeaseLostError. */
  readonly lost: AbortSignal
  /** Frees the lock for the next one. Never throws: a lock that is not freed runs out by itself. */
  release(): Promise<void>
}

/** Somebody else holds the lock now (`holder`), or it could not be renewed in time (`holder` undefined). */
export class LeaseLostError extends RemoteError {
  readonly holder: string | undefined

  constructor(holder: string | undefined, cause?: unknown) {
    super(
      'lock-lost',
      holder === undefined
        ? 'The lock of this release could not be renewed in time.'
        : `This release was taken over by ${holder}.`,
      {
        todo: holder === undefined ? 'Run again.' : 'Follow the run that took over.',
        ...(cause === undefined ? {} : { cause }),
      },
    )
    this.holder = holder
  }
}

/**
 * Takes the lock of an application: a Lease `slipway-<application>` in its namespace, so that releases go one by one.
 * Writes are guarded by resourceVersion: of two that try at once, one wins. Throws RemoteError (`lock-held`) when a
 * living holder does not let go within `waitMs`.
 */
export async function acquireLease(
  request: LeaseRequest,
  { clock }: { readonly clock: Clock },
  signal: AbortSignal,
): Promise<HeldLease> {
  const until = clock.now() + request.waitMs
  let seen: SeenLease | undefined
  let waitedFor: string | undefined
  for (;;) {
    const object = await request.cluster.get(keyOf(request), signal)
    const same = object && seen?.object.metadata.resourceVersion === object.metadata.resourceVersion
    seen = object && { object, firstSeenAt: same && seen ? seen.firstSeenAt : clock.now() }
    const decision = decideLease(seen, request.holder, request.takeOver ?? false, clock.now())
    if (decision.do === 'wait') {
      if (clock.now() >= until) throw held(decision.holder, request)
      if (waitedFor !== decision.holder) request.onWait?.(decision.holder)
      waitedFor = decision.holder
      await clock.sleep(waitPollMs, signal)
      continue
    }
    const sentAt = clock.now()
    const taken = await write(decision, request, clock, signal)
    if (taken) return keep({ lease: taken, sentAt }, previousHolder(decision), request, clock)
  }
}

/** Writes our name into the Lease; undefined when somebody else was faster. */
async function write(
  decision: Exclude<LeaseDecision, { do: 'wait' }>,
  request: LeaseRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const now = microTime(clock.now())
  const spec = {
    holderIdentity: request.holder,
    leaseDurationSeconds: durationSeconds,
    acquireTime: now,
    renewTime: now,
  }
  try {
    if (decision.do === 'create') return await request.cluster.create(leaseObject(request, spec), signal)
    return await request.cluster.replace({ ...decision.from, spec: { ...specOf(decision.from), ...spec } }, signal)
  } catch (thrown) {
    if (thrown instanceof KubeError && thrown.status === 409) return undefined
    // Deleted meanwhile: the next look creates it. For a Lease that is new, it is the namespace that is missing.
    if (thrown instanceof KubeError && thrown.status === 404 && decision.do === 'take') return undefined
    throw thrown
  }
}

/**
 * Renews in the background until released or lost. Others may think us dead one duration after our last write, which
 * they saw no earlier than we sent it: by then `lost` has aborted, whatever a request on a silent connection waits for.
 */
function keep(
  first: { readonly lease: KubeObject; readonly sentAt: Instant },
  takenFrom: string | undefined,
  request: LeaseRequest,
  clock: Clock,
): HeldLease {
  const lost = new AbortController()
  const done = new AbortController()
  const ended = AbortSignal.any([done.signal, lost.signal])
  let current = first.lease
  let renewedAt = first.sentAt
  let failure: unknown
  const renewOnce = async (): Promise<void> => {
    const sentAt = clock.now()
    try {
      const spec = { ...specOf(current), renewTime: microTime(sentAt) }
      current = await request.cluster.replace({ ...current, spec }, ended)
      renewedAt = sentAt
    } catch (thrown) {
      if (ended.aborted) return
      failure = thrown
      if (thrown instanceof KubeError && (thrown.status === 409 || thrown.status === 404)) await lookAgain(thrown)
    }
  }
  /** A conflict may be another's edit of the object that left us the holder. */
  const lookAgain = async (conflict: KubeError): Promise<void> => {
    const object = await request.cluster.get(keyOf(request), ended)
    const holder = object && specOf(object)['holderIdentity']
    if (object && holder === request.holder) current = object
    else lost.abort(new LeaseLostError(typeof holder === 'string' && holder !== '' ? holder : undefined, conflict))
  }
  const guarding = (async () => {
    for (let rest = durationMs; rest > 0; rest = renewedAt + durationMs - clock.now()) await clock.sleep(rest, ended)
    lost.abort(new LeaseLostError(undefined, failure))
  })().catch(() => {
    // Released, or lost to another.
  })
  const renewing = (async () => {
    while (!ended.aborted) {
      await clock.sleep(renewEveryMs, ended)
      await renewOnce().catch(() => {
        // The next turn tries again.
      })
    }
  })().catch(() => {
    // Released or lost.
  })
  return {
    takenFrom,
    lost: lost.signal,
    async release() {
      done.abort(new Error(`released: ${request.holder}`))
      await guarding
      if (!lost.signal.aborted) await renewing
      if (!lost.signal.aborted) await free(current, request)
    },
  }
}

async function free(current: KubeObject, request: LeaseRequest): Promise<void> {
  try {
    const latest = (await request.cluster.get(keyOf(request))) ?? current
    if (specOf(latest)['holderIdentity'] !== request.holder) return
    await request.cluster.replace({
      ...latest,
      spec: { ...specOf(latest), holderIdentity: '', leaseDurationSeconds: 1 },
    })
  } catch {
    // It runs out by itself.
  }
}

function previousHolder(decision: LeaseDecision): string | undefined {
  if (decision.do !== 'take' || (decision.why !== 'dead' && decision.why !== 'asked')) return undefined
  return String(specOf(decision.from)['holderIdentity'])
}

function keyOf({ namespace, application }: LeaseRequest): ObjectKey {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name: `slipway-${application}` }
}

function leaseObject(request: LeaseRequest, spec: Readonly<Record<string, unknown>>): KubeObject {
  const { apiVersion, kind, name } = keyOf(request)
  return { apiVersion, kind, metadata: { name, namespace: request.namespace }, spec }
}

function specOf(object: KubeObject): Readonly<Record<string, unknown>> {
  return isRecord(object['spec']) ? object['spec'] : {}
}

/** RFC 3339 with microseconds, the form of MicroTime. */
function microTime(at: Instant): string {
  return new Date(at).toISOString().replace('Z', '000Z')
}

function held(holder: string, { application, namespace, waitMs }: LeaseRequest): RemoteError {
  return new RemoteError('lock-held', `Another release of ${application} in ${namespace} is running: ${holder}.`, {
    why: `It did not end within ${Math.round(waitMs / 1000)} s.`,
    todo: 'Wait for it or cancel it; a dead run frees the lock by itself after 30 s.',
  })
}
