import { healthOptions, type HealthOptions } from '../health/options.ts'
import type { CauseCode } from '../health/causes.ts'
import { cause } from '../health/evidence.ts'
import type { Verdict } from '../health/model.ts'
import { KubeError } from '../kubernetes/errors.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import { alarmsBefore } from './alarms.ts'
import { applyWave, type ApplyHow } from './apply.ts'
import { configOf } from './gate/second-sources/missing-config.ts'
import { runGate } from './gate/run-gate.ts'
import type { Alarm, AppliedObject, GateResult, WaveSpan } from './model.ts'
import type { ReleasePorts } from './ports.ts'
import type { Wave } from './set/plan.ts'
import { freeStuckSets } from './way-back/stuck-sets.ts'
import { surroundings } from './surroundings.ts'

export interface RolloutRequest extends HealthOptions {
  readonly waves: readonly Wave[]
  readonly how: ApplyHow
  readonly timeoutMs: number
  readonly soakMs: number
  /** Pods of an earlier, bad revision may stand: a StatefulSet that waits for them is freed. */
  readonly afterBad: boolean
  /** Called before the first object is applied; what it throws is a refusal like any other. */
  readonly beforeWrites?: () => Promise<void>
  /** Called after the last write, before the last gate. */
  readonly afterWrites?: () => Promise<void>
}

/**
 * Applies wave after wave; each must be ready before the next begins, and in the end everything together must stay
 * healthy for the soak. Once something is written this never throws for the release's sake: an apply that is
 * refused half-way is a failed release with a cause, so that the caller can bring the previous one back.
 */
export async function rollOut(request: RolloutRequest, ports: ReleasePorts): Promise<GateResult> {
  const startedAt = ports.clock.now()
  const endsAt = startedAt + request.timeoutMs
  // What the last gate judges: all but Jobs that have completed, which their TTL may take away meanwhile.
  const applied: AppliedObject[] = []
  const stages: GateResult[] = []
  const begun: Begun[] = []
  const brings = configOf(request.waves.flatMap(({ objects }) => objects))
  let alarms: readonly Alarm[]
  try {
    alarms = await alarmsBefore(ports)
  } catch (error) {
    return ended('unknown', 'alarms-unreadable', error, startedAt, ports)
  }
  const scene = await surroundings(
    request.waves.flatMap(wave => wave.objects),
    ports,
  )
  const gate = (name: string, objects: readonly AppliedObject[], soakMs: number): Promise<GateResult> => {
    const timeoutMs = Math.max(0, endsAt - ports.clock.now())
    const known = { ...scene, ...healthOptions(request), brings, alarms }
    const judging = runGate({ name, applied: objects, startedAt, timeoutMs, soakMs, ...known }, ports)
    return request.afterBad ? whileFreeing(objects, judging, ports) : judging
  }
  try {
    await request.beforeWrites?.()
    for (const wave of request.waves) {
      begun.push({ name: wave.name, from: ports.clock.now() })
      ports.log.info(`wave ${wave.name}: ${wave.objects.length} object${wave.objects.length === 1 ? '' : 's'}`)
      const objects = await applyWave(wave, request.how, ports)
      const isLast = wave === request.waves.at(-1)
      if (!isLast && mustSettle(wave)) {
        const stage = await gate(wave.name, objects, 0)
        stages.push(stage)
        if (!isSuccess(stage)) return joined(stages, begun)
        applied.push(...objects.filter(({ object }) => object.kind !== 'Job'))
      } else applied.push(...objects)
    }
    await request.afterWrites?.()
  } catch (error) {
    return joined([...stages, refusedHalfway(error, startedAt, ports)], begun)
  }
  return joined([...stages, await gate('release', applied, request.soakMs)], begun)
}

async function whileFreeing(
  applied: readonly AppliedObject[],
  judging: Promise<GateResult>,
  ports: ReleasePorts,
): Promise<GateResult> {
  const judged = new AbortController()
  const signal = AbortSignal.any([ports.signal, judged.signal])
  const freeing = freeStuckSets(
    applied.map(({ object }) => object),
    { ...ports, signal },
  )
  try {
    return await judging
  } finally {
    judged.abort(new Error('the gate has its verdict'))
    await freeing
  }
}

/** Throws UserError when a release could not become healthy in time however well it goes. */
export function requireRoomToSoak({ soakMs, timeoutMs }: Pick<RolloutRequest, 'soakMs' | 'timeoutMs'>): void {
  if (soakMs < timeoutMs) return
  throw new UserError('input-soak', `input "soak" is ${soakMs / 1000} s, and "timeout" only ${timeoutMs / 1000} s.`, {
    why: 'A release is healthy when it has stayed so for the soak, and that must fit into the timeout.',
    todo: 'Raise "timeout", or lower "soak".',
  })
}

/** `healthy` and `healthy-partial` are success; everything else is not. */
export function isSuccess(result: GateResult): boolean {
  return result.verdict === 'healthy' || result.verdict === 'healthy-partial'
}

/** Configuration has no state of its own worth waiting for; a claim may even wait for its pod (WaitForFirstConsumer). */
function mustSettle(wave: Wave): boolean {
  return wave.name !== 'configuration'
}

type Begun = Pick<WaveSpan, 'name' | 'from'>

/** The last stage's verdict with the story of all. */
function joined(stages: readonly GateResult[], begun: readonly Begun[]): GateResult {
  const first = stages[0]
  const last = stages.at(-1)
  if (!first || !last) throw new Error('a rollout has at least one stage')
  return {
    ...last,
    startedAt: first.startedAt,
    timeline: stages.flatMap(({ timeline }, index) =>
      timeline.filter(({ kind }) => kind !== 'verdict' || index === stages.length - 1),
    ),
    evidence: stages.flatMap(({ evidence }) => evidence),
    waves: spansOf(begun, last),
  }
}

/** A wave ends where the next begins, the last one when all is ready; waves of one name are one. */
function spansOf(begun: readonly Begun[], { readyAt, endedAt }: GateResult): readonly WaveSpan[] {
  const first = begun.filter(({ name }, index) => name !== begun[index - 1]?.name)
  return first.map(({ name, from }, index) => ({ name, from, to: first[index + 1]?.from ?? readyAt ?? endedAt }))
}

/** Only a refusal fails a release: an API server that is unreachable, busy or broken says nothing about it. */
function refusedHalfway(error: unknown, startedAt: number, ports: ReleasePorts): GateResult {
  const [verdict, code] = isRefusal(error)
    ? (['failed', 'apply-refused'] as const)
    : (['unknown', 'api-unreachable'] as const)
  return ended(verdict, code, error, startedAt, ports)
}

/** An error that ends a release before its gate could. */
function ended(
  otherwise: Verdict,
  whyOtherwise: CauseCode,
  error: unknown,
  startedAt: number,
  { clock, signal }: ReleasePorts,
): GateResult {
  const at = clock.now()
  const [verdict, code] = signal.aborted ? (['cancelled', 'cancelled'] as const) : [otherwise, whyOtherwise]
  const facts = { message: messageOf(error), seconds: String(Math.round((at - startedAt) / 1000)) }
  const why = cause(code, { subject: 'release', at, facts })
  const timeline = [{ at, subject: why.subject, says: why.says, kind: 'verdict' as const }]
  return { verdict, cause: why, timeline, evidence: [], logs: [], startedAt, endedAt: at }
}

function isRefusal(error: unknown): boolean {
  return error instanceof KubeError && !error.retryable && error.status !== 401
}
