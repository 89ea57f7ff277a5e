import { Controller, PodFactory, writeStatus } from './controller.ts'
import { isLeaving, isOver, isOwnedBy, isReady, type Condition, type Pod, type Workload } from './objects.ts'
import type { Scene } from './scene.ts'

/** Runs a pod to its end; a failed one is followed by another, 10 s later and then twice as late each time. */
export class JobController extends Controller {
  readonly #pods: PodFactory
  #mayCreateAt = 0
  #counted = 0

  constructor(scene: Scene) {
    super(scene, ['Job', 'Pod'], [100, 1_000])
    this.#pods = new PodFactory(scene, 'job-controller')
  }

  protected reconcile(): void {
    for (const job of this.scene.api.list<Workload>('Job')) this.#keep(job)
  }

  #keep(job: Workload): void {
    const { api } = this.scene
    const pods = api.list<Pod>('Pod').filter(pod => isOwnedBy(pod, job))
    const succeeded = pods.filter(({ status }) => status.phase === 'Succeeded').length
    const failed = pods.filter(({ status }) => status.phase === 'Failed').length
    const active = pods.filter(pod => !isOver(pod) && !isLeaving(pod))
    const before = job.status.conditions ?? []
    if (before.some(({ type }) => type === 'Complete' || type === 'Failed')) return
    const target = before.find(({ type }) => type === 'SuccessCriteriaMet' || type === 'FailureTarget')
    if (target !== undefined) return this.#end(job, target, succeeded, failed)
    if (succeeded >= (job.spec.completions ?? 1))
      return this.#aim(job, 'SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods')
    if (failed > (job.spec.backoffLimit ?? 6))
      return this.#aim(job, 'FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')
    if (failed > (job.status.failed ?? 0) && active.length === 0 && job.status.active !== undefined) {
      // An end is noted first and counted afterwards, so that none is ever counted twice.
      const { active: _, ...status } = job.status
      return writeStatus(job, { ...status, ready: 0 }, this.scene)
    }
    const made = active.length === 0 && this.#replace(job, failed) ? 1 : 0
    const ready = active.filter(isReady).length
    const running = active.length + made
    const start = { startTime: (job.status as { startTime?: string }).startTime ?? api.stamp }
    const counts = { ...(running > 0 ? { active: running } : {}), ...(failed > 0 ? { failed } : {}), ready }
    writeStatus(job, { ...start, ...counts }, this.scene)
  }

  /** True when it has made a pod. */
  #replace(job: Workload, failed: number): boolean {
    const { time } = this.scene
    if (failed > this.#counted) {
      this.#counted = failed
      this.#mayCreateAt = time.now + 10_000 * 2 ** (failed - 1)
    }
    if (time.now < this.#mayCreateAt) {
      this.wake(this.#mayCreateAt - time.now)
      return false
    }
    const refusal = this.#pods.refusal(job.spec.template)
    if (refusal !== undefined) {
      this.retry(this.#pods.refused(job, refusal))
      return false
    }
    const name = `${job.metadata.name}-${this.scene.chance.whole(10_000, 99_999).toString(36)}`
    this.#pods.create(job, job.spec.template, name, {})
    return true
  }

  #aim(job: Workload, type: string, reason: string, message: string): void {
    const condition: Condition = { type, status: 'True', reason, message, lastTransitionTime: this.scene.api.stamp }
    const { active: _, ...status } = job.status
    writeStatus(job, { ...status, conditions: [condition] }, this.scene)
  }

  #end(job: Workload, target: Condition, succeeded: number, failed: number): void {
    const type = target.type === 'FailureTarget' ? 'Failed' : 'Complete'
    const counts = { ...(succeeded > 0 ? { succeeded } : {}), ...(failed > 0 ? { failed } : {}) }
    writeStatus(job, { ...job.status, ...counts, conditions: [target, { ...target, type }] }, this.scene)
    const done = type === 'Complete'
    const reason = done ? 'Completed' : (target.reason ?? 'Failed')
    const message = done ? 'Job completed' : (target.message ?? '')
    this.scene.api.event(job, { reason, message, by: 'job-controller', type: done ? 'Normal' : 'Warning' })
  }
}
