import { namespace, type Writer } from './api-server.ts'
import { isOverAt, type Life } from './blueprint.ts'
import { textOf } from './config.ts'
import { ContainerWorker, type Role, type Troubles } from './container-worker.ts'
import { conditionOf, isLeaving, type Condition, type Pod } from './objects.ts'
import type { Scene } from './scene.ts'
import type { Cancel } from './time.ts'

const kubelet: Writer = { manager: 'kubelet', operation: 'Update', subresource: 'status' }

/** What a pod finds on its node. */
export interface Host {
  readonly scene: Scene
  readonly troubles: Troubles
  readonly life: Life
  readonly hasImage: () => boolean
  readonly pulled: () => void
  /** A finalizer holds the pod, for ever. */
  readonly isHeld: boolean
}

/** One pod on its node, from its binding to its end. */
export class PodWorker {
  readonly name: string
  readonly #host: Host
  readonly #containers: readonly ContainerWorker[]
  readonly #never: boolean
  #sandboxReady = false
  #phaseIsFinal: 'Succeeded' | 'Failed' | undefined
  #halted = false
  #leaving = false
  #written = ''
  #planned: Cancel[] = []
  #mountErrors = 0

  constructor(pod: Pod, host: Host) {
    this.name = pod.metadata.name
    this.#host = host
    this.#never = pod.spec.restartPolicy === 'Never'
    const { life } = host
    const inits = pod.spec.initContainers ?? []
    const waitsFor = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating'
    const worker = (spec: Pod['spec']['containers'][number], role: Role): ContainerWorker =>
      new ContainerWorker(spec, role, life[role] ?? [], this.#companyOf(role), waitsFor)
    this.#containers = [
      ...inits.map(spec => worker(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init')),
      ...pod.spec.containers.map(spec => worker(spec, 'main')),
    ]
    this.#after(host.scene.chance.between(20, 120), () => {
      // Writes that follow each other closely are merged: now and then nobody sees this one.
      if (!host.scene.chance.sometimes(0.15)) this.#report()
      this.#mount()
    })
  }

  #companyOf(role: Role) {
    const { scene, troubles, hasImage, pulled } = this.#host
    // Only the program itself has trouble with its image and configuration; its helpers are old friends.
    const mine = role === 'main' ? troubles : { pullSeconds: 0 }
    return {
      scene,
      troubles: mine,
      podName: `${this.name}_${namespace}`,
      fieldPath: (container: string) => `spec.${role === 'main' ? 'containers' : 'initContainers'}{${container}}`,
      restarts: !this.#never,
      hasImage: () => role !== 'main' || hasImage(),
      pulled,
      event: (...[reason, message, fieldPath, type]: [string, string, string, 'Warning'?]) =>
        this.#event(reason, message, fieldPath, type),
      report: () => this.#report(),
      passed: () => this.#next(),
      ended: () => this.#finish(),
    }
  }

  get #pod(): Pod | undefined {
    return this.#host.scene.api.get<Pod>('Pod', this.name)
  }

  #after(ms: number, step: () => void): void {
    this.#planned.push(this.#host.scene.time.after(ms, step))
  }

  #event(reason: string, message: string, fieldPath?: string, type: 'Normal' | 'Warning' = 'Normal'): void {
    const pod = this.#pod
    if (pod === undefined || this.#halted) return
    this.#host.scene.api.event(pod, {
      reason,
      message,
      type,
      by: 'kubelet',
      ...(fieldPath === undefined ? {} : { fieldPath }),
    })
  }

  #mount(): void {
    const { scene, troubles } = this.#host
    const { config } = troubles
    if (config?.as !== 'volume' || isOverAt(config, scene.seconds)) return this.#sandbox()
    this.#event('FailedMount', textOf(config), undefined, 'Warning')
    this.#after(Math.min(122_000, 500 * 2 ** this.#mountErrors++), () => this.#mount())
  }

  #sandbox(): void {
    const { scene, troubles } = this.#host
    if (!isOverAt(troubles.sandbox, scene.seconds)) {
      this.#event('FailedCreatePodSandBox', troubles.sandbox?.message ?? '', undefined, 'Warning')
      return this.#after(scene.chance.between(10_000, 15_000), () => this.#sandbox())
    }
    this.#after(scene.chance.between(300, 900), () => {
      this.#sandboxReady = true
      this.#next()
    })
  }

  /** Starts what may start now: init containers and sidecars one after the other, then all others. */
  #next(): void {
    const first = this.#containers.find(({ role, isDone }) => role !== 'main' && !isDone)
    if (first !== undefined) return first.begin()
    for (const container of this.#containers) container.begin()
  }

  /** The container of a pod that is not restarted has ended: a moment later the pod itself is over. */
  #finish(): void {
    const main = this.#containers.filter(({ role }) => role === 'main')
    if (main.some(({ exitCode }) => exitCode === undefined)) return
    this.#after(this.#host.scene.chance.between(800, 1_500), () => {
      this.#phaseIsFinal = main.every(({ exitCode }) => exitCode === 0) ? 'Succeeded' : 'Failed'
      this.#sandboxReady = false
      this.#report()
    })
  }

  /** Its deletion was asked for: ends everything within its grace period, then lets it go. */
  leave(): void {
    if (this.#leaving || this.#halted) return
    this.#leaving = true
    for (const cancel of this.#planned) cancel()
    for (const container of this.#containers) container.halt()
    const { chance, api } = this.#host.scene
    this.#after(chance.between(100, 2_500), () => {
      for (const container of this.#containers) container.end(chance.one([0, 137, 143]))
      this.#report()
      if (this.#host.isHeld) return
      this.#after(chance.between(50, 400), () => {
        const pod = this.#pod
        if (pod !== undefined) api.remove(pod)
      })
    })
  }

  /** The node is dead: nothing is told any more. */
  halt(): void {
    this.#halted = true
    for (const cancel of this.#planned) cancel()
    for (const container of this.#containers) container.halt()
  }

  #report(): void {
    const pod = this.#pod
    if (pod === undefined || this.#halted) return
    const statusOf = (init: boolean) =>
      this.#containers.filter(({ role }) => (role !== 'main') === init).map(({ status }) => status)
    const initContainerStatuses = statusOf(true)
    const status = {
      phase: this.#phase,
      ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
      containerStatuses: statusOf(false),
    }
    const wanted = this.#conditions(pod)
    const text = JSON.stringify([status, wanted])
    if (text === this.#written) return
    this.#written = text
    const conditions = wanted.map(condition => this.#dated(condition, pod))
    const others = pod.status.conditions?.filter(({ type }) => !wanted.some(other => other.type === type)) ?? []
    this.#host.scene.api.write<Pod>(pod, { status: { ...status, conditions: [...conditions, ...others] } }, kubelet)
  }

  #dated(condition: Condition, pod: Pod): Condition {
    const before = conditionOf(pod, condition.type)
    const since = before?.status === condition.status ? before.lastTransitionTime : this.#host.scene.api.stamp
    return { ...condition, ...(since === undefined ? {} : { lastTransitionTime: since }) }
  }

  get #phase(): string {
    if (this.#phaseIsFinal !== undefined) return this.#phaseIsFinal
    const waitsForInit = this.#containers.some(({ role, isDone }) => role !== 'main' && !isDone)
    const begun = this.#containers.filter(({ role }) => role === 'main').every(({ hasBegun }) => hasBegun)
    return waitsForInit || !begun ? 'Pending' : 'Running'
  }

  #conditions(pod: Pod): readonly Condition[] {
    const main = this.#containers.filter(({ role }) => role === 'main')
    const initialized = this.#containers.every(({ role, isDone }) => role === 'main' || isDone)
    const over = this.#never && main.every(({ exitCode }) => exitCode !== undefined)
    const completed = over && main.every(({ exitCode }) => exitCode === 0)
    const reason = completed ? 'PodCompleted' : over ? 'PodFailed' : 'ContainersNotReady'
    const containersReady = initialized && this.#containers.every(({ role, status }) => role === 'init' || status.ready)
    const gates = pod.spec.readinessGates ?? []
    const gatesMet = gates.every(({ conditionType }) => conditionOf(pod, conditionType)?.status === 'True')
    const notReady = containersReady ? 'ReadinessGatesNotReady' : reason
    return [
      { type: 'PodReadyToStartContainers', status: this.#sandboxReady ? 'True' : 'False' },
      initialized
        ? { type: 'Initialized', status: 'True', ...(completed ? { reason } : {}) }
        : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' },
      containersReady && gatesMet
        ? { type: 'Ready', status: 'True' }
        : { type: 'Ready', status: 'False', reason: notReady },
      containersReady
        ? { type: 'ContainersReady', status: 'True' }
        : { type: 'ContainersReady', status: 'False', reason },
    ]
  }

  /** Somebody else changed the pod: a gate was met, its deletion was asked for. */
  changed(pod: Pod): void {
    if (isLeaving(pod)) this.leave()
    else if (pod.spec.readinessGates !== undefined) this.#report()
  }
}
