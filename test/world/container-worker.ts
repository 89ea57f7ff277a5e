import { stamp } from './api-server.ts'
import { isOverAt, runOf, type Blueprint, type Run } from './blueprint.ts'
import type { ContainerSpec, ContainerState, ContainerStatus, Termination } from './objects.ts'
import { textOf } from './config.ts'
import { ProbeWorker } from './probe-worker.ts'
import type { Scene } from './scene.ts'
import type { Cancel } from './time.ts'

export type Role = 'main' | 'init' | 'sidecar'

/** What stands in the way of a pod of this revision on its node. */
export type Troubles = Pick<Blueprint, 'image' | 'config' | 'sandbox' | 'pullSeconds'>

/** What a container needs of the pod that it is in. */
export interface Company {
  readonly scene: Scene
  readonly troubles: Troubles
  /** Name of the container's pod and its namespace, for messages. */
  readonly podName: string
  readonly fieldPath: (container: string) => string
  readonly restarts: boolean
  /** The image is on the node once one pod has pulled it. */
  readonly hasImage: () => boolean
  readonly pulled: () => void
  event(reason: string, message: string, fieldPath: string, type?: 'Warning'): void
  /** The status of the pod has to be written. */
  report(): void
  /** An init container is done, or a sidecar has started: the next one may begin. */
  passed(): void
  /** A container of a pod that is not restarted has ended. */
  ended(): void
}

/** A restart waits so long: none for the first, then doubling to five minutes. */
const backOffMs = (exits: number): number => (exits < 1 ? 0 : Math.min(300_000, 10_000 * 2 ** (exits - 1)))

/** One container as a kubelet 1.36 runs it; its sequences are held against recordings of a real one. */
export class ContainerWorker {
  readonly spec: ContainerSpec
  readonly role: Role
  readonly #runs: readonly Run[]
  readonly #company: Company
  #state: ContainerState
  #lastState: ContainerState = {}
  /** Instances so far, those that could not be started too. */
  #instances = 0
  /** How the instance before ended; shown as `lastState` once there is another. */
  #before: Termination | undefined
  /** Exits that count for the back-off: a container that a probe killed begins one later. */
  #backOffs = 0
  #pullErrors = 0
  #startedAt = 0
  #ready = false
  #started = false
  #begun = false
  #probes: ProbeWorker[] = []
  #planned: Cancel[] = []

  constructor(spec: ContainerSpec, role: Role, runs: readonly Run[], company: Company, waitsFor: string) {
    this.spec = spec
    this.role = role
    this.#runs = runs
    this.#company = company
    this.#state = { waiting: { reason: waitsFor } }
  }

  get status(): ContainerStatus {
    const { name, image } = this.spec
    return {
      name,
      image,
      ready: this.#ready,
      started: this.#started,
      restartCount: Math.max(0, this.#instances - 1),
      state: this.#state,
      lastState: this.#lastState,
    }
  }

  get isDone(): boolean {
    return this.role === 'init' ? this.#state.terminated?.exitCode === 0 : this.role === 'sidecar' && this.#started
  }

  get exitCode(): number | undefined {
    return this.#state.terminated?.exitCode
  }

  /** It has run at least once, or has tried to. */
  get hasBegun(): boolean {
    return this.#state.waiting === undefined || this.#lastState.terminated !== undefined
  }

  begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#pull()
  }

  halt(): void {
    for (const cancel of this.#planned) cancel()
    for (const probe of this.#probes) probe.stop()
    this.#planned = []
    this.#probes = []
  }

  /** The pod is deleted: the container is ended by its node. */
  end(code: number): void {
    this.halt()
    this.#ready = false
    this.#started = false
    if (this.#state.running === undefined) return
    this.#state = { terminated: this.#termination(code, code === 0 ? 'Completed' : 'Error') }
  }

  #after(ms: number, step: () => void): void {
    this.#planned.push(this.#company.scene.time.after(ms, step))
  }

  get #where(): string {
    return this.#company.fieldPath(this.spec.name)
  }

  /** A pod is synced again 10 to 15 s after an error. */
  get #syncMs(): number {
    return this.#company.scene.chance.between(10_000, 15_000)
  }

  #wait(reason: string, message?: string): void {
    this.#state = { waiting: { reason, ...(message === undefined ? {} : { message }) } }
    this.#company.report()
  }

  #pull(): void {
    const { scene, troubles, hasImage, event } = this.#company
    const { image } = this.spec
    if (hasImage()) {
      event('Pulled', `Container image "${image}" already present on machine`, this.#where)
      this.#company.report()
      return this.#configure()
    }
    const reason = troubles.image?.reason
    if (reason !== undefined) {
      const message = troubles.image?.message ?? ''
      event('Failed', `Error: ${reason}`, this.#where, 'Warning')
      this.#wait(reason, message)
      return this.#after(this.#syncMs, () => this.#pull())
    }
    event('Pulling', `Pulling image "${image}"`, this.#where)
    this.#company.report()
    if (isOverAt(troubles.image, scene.seconds))
      return this.#after(1_000 * troubles.pullSeconds + scene.chance.between(20, 200), () => this.#hasPulled())
    this.#after(scene.chance.between(30, 2_000), () => this.#failedPull())
  }

  #hasPulled(): void {
    this.#company.pulled()
    this.#company.event('Pulled', `Successfully pulled image "${this.spec.image}"`, this.#where)
    this.#configure()
  }

  #failedPull(): void {
    const { scene, troubles, event } = this.#company
    const message = troubles.image?.message ?? ''
    event('Failed', `Failed to pull image "${this.spec.image}": ${message}`, this.#where, 'Warning')
    event('Failed', 'Error: ErrImagePull', this.#where, 'Warning')
    this.#wait('ErrImagePull', message)
    const retryMs = backOffMs(++this.#pullErrors) + scene.chance.between(0, 3_000)
    this.#after(scene.chance.between(200, Math.min(retryMs, 12_000)), () => {
      event('BackOff', `Back-off pulling image "${this.spec.image}"`, this.#where)
      event('Failed', 'Error: ImagePullBackOff', this.#where, 'Warning')
      this.#wait('ImagePullBackOff', `Back-off pulling image "${this.spec.image}": ErrImagePull: ${message}`)
    })
    this.#after(retryMs, () => this.#pull())
  }

  #configure(): void {
    const { scene, troubles, event } = this.#company
    const { config } = troubles
    if (config?.as !== 'env' || isOverAt(config, scene.seconds)) return this.#start()
    const text = textOf(config)
    event('Failed', `Error: ${text}`, this.#where, 'Warning')
    this.#after(scene.chance.between(100, 400), () => this.#wait('CreateContainerConfigError', text))
    this.#after(this.#syncMs, () => this.#configure())
  }

  #start(): void {
    const { scene, event } = this.#company
    const run = this.#next
    event('Created', 'Container created', this.#where)
    this.#after(scene.chance.between(60, 300), () => {
      if (run.startError !== undefined) return this.#failedStart(run.startError)
      this.#startedAt = scene.time.now
      event('Started', 'Container started', this.#where)
      this.#isRunning(run)
    })
  }

  get #next(): Run {
    return runOf(this.#runs, this.#instances)
  }

  #failedStart(message: string): void {
    const { scene, event } = this.#company
    event('Failed', `Error: ${message}`, this.#where, 'Warning')
    const at = this.#company.scene.api.stamp
    const terminated: Termination = {
      exitCode: 128,
      reason: 'StartError',
      message,
      startedAt: '1970-01-01T00:00:00Z',
      finishedAt: at,
    }
    this.#instances++
    this.#lastState = { terminated }
    this.#wait('RunContainerError', message)
    const backOff = backOffMs(this.#backOffs++)
    if (backOff > 0) event('BackOff', this.#backOffText, this.#where, 'Warning')
    this.#after(Math.max(backOff, scene.chance.between(500, 1_500)), () => this.#start())
  }

  #isRunning(run: Run): void {
    const { livenessProbe, readinessProbe, startupProbe } = this.spec
    this.#instances++
    if (this.#before !== undefined) this.#lastState = { terminated: this.#before }
    this.#state = { running: { startedAt: stamp(this.#startedAt) } }
    this.#started = startupProbe === undefined
    this.#ready = this.role !== 'init' && this.#started && readinessProbe === undefined
    const { exit } = run
    // The kubelet learns of an end when it next lists the containers, once a second.
    if (exit !== undefined)
      this.#after(Math.max(1_000 * exit.after, 30) + this.#company.scene.chance.between(100, 1_000), () =>
        this.#exited(run, this.#startedAt + 1_000 * exit.after),
      )
    const probe = (...[kind, spec, decided]: [ProbeWorker['kind'], ProbeWorker['spec'], (passes: boolean) => void]) =>
      this.#probes.push(new ProbeWorker({ kind, spec, run, startedAt: this.#startedAt, decided, ...this.#probeSight }))
    const watch = (): void => {
      if (readinessProbe !== undefined) probe('Readiness', readinessProbe, passes => this.#isReady(passes))
      if (livenessProbe !== undefined)
        probe('Liveness', livenessProbe, passes => passes || this.#killed('liveness', run))
    }
    if (startupProbe === undefined) watch()
    else
      probe('Startup', startupProbe, passes => {
        if (!passes) return this.#killed('startup', run)
        this.#started = true
        if (readinessProbe === undefined) this.#ready = true
        watch()
        this.#company.report()
        if (this.role === 'sidecar') this.#company.passed()
      })
    this.#company.report()
    if (this.role === 'sidecar' && this.#started) this.#company.passed()
  }

  get #probeSight() {
    const { scene, event } = this.#company
    return { time: scene.time, failed: (text: string) => event('Unhealthy', text, this.#where, 'Warning') }
  }

  #isReady(passes: boolean): void {
    if (this.#ready === passes) return
    this.#ready = passes
    this.#company.report()
  }

  #termination(exitCode: number, reason: string, finishedAt = this.#company.scene.time.now): Termination {
    return { exitCode, reason, startedAt: stamp(this.#startedAt), finishedAt: stamp(finishedAt) }
  }

  #exited({ exit }: Run, finishedAt: number): void {
    this.halt()
    this.#ready = this.role === 'init' && exit?.code === 0
    this.#started = false
    const reason = exit?.oom === true ? 'OOMKilled' : exit?.code === 0 ? 'Completed' : 'Error'
    const terminated = this.#termination(exit?.code ?? 1, reason, finishedAt)
    this.#state = { terminated }
    this.#company.report()
    if (this.isDone) return this.#company.passed()
    if (!this.#company.restarts) return this.#company.ended()
    this.#restart(terminated, backOffMs(this.#backOffs++))
  }

  #restart(terminated: Termination, backOff: number): void {
    const { chance } = this.#company.scene
    if (backOff === 0) return this.#again(terminated)
    this.#company.event('BackOff', this.#backOffText, this.#where, 'Warning')
    const over = this.#company.scene.time.now + backOff
    const sync = (): void => {
      if (this.#company.scene.time.now >= over) return this.#again(terminated)
      // Until the next sync the end itself is shown; only then the word that everybody waits for.
      this.#lastState = { terminated }
      this.#wait('CrashLoopBackOff', `back-off ${backOff / 1_000}s restarting failed container=${this.spec.name}`)
      this.#after(chance.between(10_000, 15_000), sync)
    }
    this.#after(this.#syncMs, sync)
  }

  #again(terminated: Termination): void {
    this.#before = terminated
    this.#company.event('Pulled', `Container image "${this.spec.image}" already present on machine`, this.#where)
    this.#configure()
  }

  /** A probe gave up on it. The end is not shown by itself: the next start follows at once, up to the third time. */
  #killed(probe: 'liveness' | 'startup', { killedWith: code = 137 }: Run): void {
    const { scene, event } = this.#company
    scene.killedByProbe()
    event('Killing', `Container ${this.spec.name} failed ${probe} probe, will be restarted`, this.#where)
    this.halt()
    this.#after(scene.chance.between(200, 1_000), () => {
      const terminated = this.#termination(code, code === 0 ? 'Completed' : 'Error')
      const backOff = backOffMs(this.#backOffs++ - 1)
      if (backOff > 0) {
        this.#state = { terminated }
        this.#ready = false
        this.#started = false
        this.#company.report()
      }
      this.#restart(terminated, backOff)
    })
  }

  get #backOffText(): string {
    return `Back-off restarting failed container ${this.spec.name} in pod ${this.#company.podName}`
  }
}
