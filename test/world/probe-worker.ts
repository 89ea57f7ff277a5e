import type { Run } from './blueprint.ts'
import type { Probe } from './objects.ts'
import type { Cancel, WorldTime } from './time.ts'

interface Sight {
  readonly kind: 'Readiness' | 'Liveness' | 'Startup'
  readonly spec: Probe
  readonly run: Run
  readonly startedAt: number
  readonly time: WorldTime
  /** Each single failure. */
  readonly failed: (text: string) => void
  /** A result that stands: one pass, or as many failures in a row as the threshold says. */
  readonly decided: (passes: boolean) => void
}

/** Asks a program, again and again, what its probe asks. */
export class ProbeWorker {
  readonly #sight: Sight
  #failures = 0
  #cancel: Cancel

  constructor(sight: Sight) {
    this.#sight = sight
    this.#cancel = sight.time.after(1_000 * (sight.spec.initialDelaySeconds ?? 0) + 40, () => this.#ask())
  }

  get kind(): Sight['kind'] {
    return this.#sight.kind
  }

  get spec(): Probe {
    return this.#sight.spec
  }

  stop(): void {
    this.#cancel()
  }

  #ask(): void {
    const { kind, spec, time, failed, decided } = this.#sight
    // First of all the next time: a decision may stop this worker.
    this.#cancel = time.after(1_000 * spec.periodSeconds, () => this.#ask())
    if (this.#passes((time.now - this.#sight.startedAt) / 1_000)) {
      this.#failures = 0
      if (kind === 'Startup') this.stop()
      return decided(true)
    }
    failed(`${kind} probe failed: HTTP probe failed with statuscode: 503`)
    if (++this.#failures === spec.failureThreshold || (kind !== 'Readiness' && this.#failures > spec.failureThreshold))
      decided(false)
  }

  #passes(seconds: number): boolean {
    const { readyAfter, flaps = [], hangsAfter = Infinity } = this.#sight.run
    if (this.kind === 'Liveness') return seconds < hangsAfter
    if (readyAfter === 'never' || seconds < readyAfter) return false
    return this.kind === 'Startup' || !flaps.some(([from, to]) => seconds >= from && seconds < to)
  }
}
