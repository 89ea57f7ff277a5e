import { request } from 'node:http'
import type { Address, HealthCheck } from './routes.ts'

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining'

/** A target as DescribeTargetHealth shows it. */
export interface TargetHealth extends Address {
  readonly state: TargetState
  /** `Elb.RegistrationInProgress`, `Target.FailedHealthChecks`, … */
  readonly reason?: string
  readonly description?: string
}

export interface Target extends Address {
  state: TargetState
  failure: Failure | undefined
  /** Consecutive probes that contradict the state. */
  contrary: number
  inFlight: number
  timer: NodeJS.Timeout | undefined
  /** Cuts what is still running when the deregistration delay is over. */
  readonly abort: AbortController
}

interface Failure {
  readonly reason: string
  readonly description: string
}

/** undefined = the probe passed. */
export type Probe = (address: Address, check: HealthCheck) => Promise<Failure | undefined>

export interface TargetGroup {
  /** Registers and deregisters so that exactly `addresses` take requests. */
  sync(addresses: readonly Address[], check: HealthCheck, deregistrationMs: number): void
  /** Next target in turn: healthy ones; when none is healthy all that are registered (an ALB fails open). */
  next(): Target | undefined
  /** To be called around each request to a target. */
  begin(target: Target): void
  finish(target: Target): void
  health(): readonly TargetHealth[]
  close(): void
}

export function createTargetGroup(probe: Probe): TargetGroup {
  const targets = new Map<string, Target>()
  let turn = 0
  let check: HealthCheck | undefined

  async function watchOver(target: Target): Promise<void> {
    if (!check || target.state === 'draining') return
    const { intervalMs } = check
    judge(target, await probe(target, check), check)
    // A new target is probed often, so that it takes requests at once; ALB too needs one success only.
    const wait = target.state === 'initial' ? Math.min(intervalMs, 500) : intervalMs
    if (targets.get(keyOf(target)) === target) target.timer = setTimeout(() => void watchOver(target), wait)
  }

  return {
    sync(addresses, newCheck, deregistrationMs) {
      check = newCheck
      const wanted = new Set(addresses.map(keyOf))
      for (const [key, target] of targets)
        if (!wanted.has(key) && target.state !== 'draining') drain(targets, target, deregistrationMs)
      for (const address of addresses) {
        const known = targets.get(keyOf(address))
        if (known && known.state !== 'draining') continue
        const target = newTarget(address)
        targets.set(keyOf(address), target)
        void watchOver(target)
      }
    },
    next() {
      const registered = [...targets.values()].filter(target => target.state !== 'draining')
      const healthy = registered.filter(target => target.state === 'healthy')
      const candidates = healthy.length > 0 ? healthy : registered
      return candidates[turn++ % candidates.length]
    },
    begin(target) {
      target.inFlight += 1
    },
    finish(target) {
      target.inFlight -= 1
      if (target.state === 'draining' && target.inFlight === 0) remove(targets, target)
    },
    health: () => [...targets.values()].map(healthOf),
    close() {
      for (const target of targets.values()) clearTimeout(target.timer)
      targets.clear()
    },
  }
}

function newTarget(address: Address): Target {
  const abort = new AbortController()
  return { ...address, state: 'initial', failure: undefined, contrary: 0, inFlight: 0, timer: undefined, abort }
}

/** No new requests; gone with its last request, or when the deregistration delay is over. */
function drain(targets: Map<string, Target>, target: Target, deregistrationMs: number): void {
  target.state = 'draining'
  clearTimeout(target.timer)
  if (target.inFlight === 0) return remove(targets, target)
  target.timer = setTimeout(() => {
    remove(targets, target)
    target.abort.abort()
  }, deregistrationMs)
}

/** The same address may be registered again meanwhile: that one stays. */
function remove(targets: Map<string, Target>, target: Target): void {
  clearTimeout(target.timer)
  if (targets.get(keyOf(target)) === target) targets.delete(keyOf(target))
}

/** A first success is enough for a new target; later changes take as many probes as the annotations say. */
function judge(target: Target, failure: Failure | undefined, check: HealthCheck): void {
  if (target.state === 'draining') return
  target.failure = failure
  const passes = failure === undefined
  if (target.state === 'initial' && passes) target.state = 'healthy'
  // A new target has no state that a failure could confirm: so many of them, and it is unhealthy.
  if (target.state !== 'initial' && passes === (target.state === 'healthy')) target.contrary = 0
  else target.contrary += 1
  if (!passes && target.state !== 'unhealthy' && target.contrary >= check.unhealthyAfter) change(target, 'unhealthy')
  if (passes && target.state === 'unhealthy' && target.contrary >= check.healthyAfter) change(target, 'healthy')
}

function change(target: Target, state: TargetState): void {
  target.state = state
  target.contrary = 0
}

function healthOf({ ip, port, state, failure }: Target): TargetHealth {
  if (state === 'healthy') return { ip, port, state }
  if (state === 'draining')
    return {
      ip,
      port,
      state,
      reason: 'Target.DeregistrationInProgress',
      description: 'Target deregistration is in progress',
    }
  if (state === 'initial')
    return { ip, port, state, reason: 'Elb.InitialHealthChecking', description: 'Initial health checks in progress' }
  return { ip, port, state, ...failure }
}

function keyOf({ ip, port }: Address): string {
  return `${ip}:${port}`
}

/** A real HTTP probe of the pod's address. */
export function probeOverHttp({ ip, port }: Address, check: HealthCheck): Promise<Failure | undefined> {
  return new Promise(resolve => {
    const failed = (reason: string, description: string): void => resolve({ reason, description })
    const headers = { 'user-agent': 'ELB-HealthChecker/2.0', connection: 'close' }
    const outgoing = request(
      { host: ip, port: check.port ?? port, path: check.path, agent: false, headers, timeout: check.timeoutMs },
      answer => {
        answer.resume()
        const status = answer.statusCode ?? 0
        if (check.accepts(status)) resolve(undefined)
        else failed('Target.ResponseCodeMismatch', `Health checks failed with these codes: [${status}]`)
      },
    )
    outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.once('error', error =>
      error.message === 'timeout'
        ? failed('Target.Timeout', 'Request timed out')
        : failed('Target.FailedHealthChecks', 'Health checks failed'),
    )
    outgoing.end()
  })
}
