import { healthOptions, type HealthOptions } from '../../health/options.ts'
import { cause } from '../../health/evidence.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { nameOf } from '../../kubernetes/names.ts'
import type { Instant } from '../../runtime/clock.ts'
import { alarmsBefore } from '../alarms.ts'
import { runGate } from '../gate/run-gate.ts'
import type { GateResult, ReleaseOutcome } from '../model.ts'
import { imagesOf } from '../set/pin.ts'
import type { ReleasePorts } from '../ports.ts'
import { verifyNeeds, withAccess } from '../rights.ts'
import { requireNamespace } from '../set/scopes.ts'
import { requireRoomToSoak } from '../stages.ts'
import { surroundings } from '../surroundings.ts'
import { awaitImages, type Arrival } from './await-images.ts'
import { findSubjects, soughtBy, type SubjectQuery } from './subject-query.ts'

export interface VerifyRequest extends HealthOptions {
  readonly application: string
  readonly namespace: string
  readonly query: SubjectQuery
  /** Images by digest that must be in the templates before anything is judged. */
  readonly images: readonly string[]
  readonly timeoutMs: number
  readonly soakMs: number
}

/**
 * Judges what somebody else applied (Helm, Argo CD, Flux, kubectl), by the same gate as a release of ours. Only reads.
 * Throws UserError when what is asked for is not there; from then on the outcome is a verdict.
 */
export async function verify(request: VerifyRequest, ports: ReleasePorts): Promise<ReleaseOutcome> {
  requireRoomToSoak(request)
  const known = { objects: soughtBy(request.query, request.namespace) }
  return withAccess(
    () => verifyNeeds({ ...request, ...known }),
    ports,
    () => judge(request, ports, known),
  )
}

async function judge(
  request: VerifyRequest,
  ports: ReleasePorts,
  known: { objects: readonly KubeObject[] },
): Promise<ReleaseOutcome> {
  const { cluster, clock, signal, log } = ports
  const { application, namespace, timeoutMs, soakMs } = request
  const startedAt = clock.now()
  const endsAt = startedAt + timeoutMs
  await cluster.version(signal)
  await requireNamespace(namespace, [], cluster, signal)
  const found = await findSubjects(request.query, namespace, ports)
  known.objects = found
  const alarms = await alarmsBefore(ports)
  log.info(`judging ${found.map(nameOf).join(', ')}`)
  const arrival = await awaitImages(found, request.images, endsAt, ports)
  const outcome = { application, namespace, changes: [], dryRun: false } as const
  if (!arrival.arrived) return { ...outcome, images: arrival.found, result: neverApplied(arrival, startedAt, ports) }
  const applied = arrival.objects.map(object => ({ object }))
  const scene = await surroundings(arrival.objects, ports)
  const left = Math.max(0, endsAt - clock.now())
  const gate = {
    ...scene,
    ...healthOptions(request),
    name: application,
    applied,
    elsewhere: true,
    startedAt,
    timeoutMs: left,
    soakMs,
    alarms,
  }
  const result = await runGate(gate, ports)
  return { ...outcome, images: imagesOf(arrival.objects), result }
}

/** The time was up, or nobody could see any more, before what is to be judged was there. */
function neverApplied(
  { missing, found, reason }: Exclude<Arrival, { readonly arrived: true }>,
  startedAt: Instant,
  { clock, signal }: ReleasePorts,
): GateResult {
  const at = clock.now()
  const seconds = String(Math.round((at - startedAt) / 1000))
  const [verdict, code, message] = signal.aborted
    ? (['cancelled', 'cancelled', ''] as const)
    : reason === undefined
      ? (['stalled', 'not-applied', `the pod templates name ${found.join(', ') || 'no image'}`] as const)
      : (['unknown', 'api-unreachable', reason] as const)
  const why = cause(code, { subject: 'release', at, facts: { image: missing.join(', '), seconds, message } })
  const timeline = [{ at, subject: why.subject, says: `${verdict}: ${why.says}`, kind: 'verdict' as const }]
  return { verdict, cause: why, timeline, evidence: [], logs: [], startedAt, endedAt: at }
}
