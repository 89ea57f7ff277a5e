import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { GateRequest, GateResult } from '../../src/rollout/model.ts'
import type { GatePorts } from '../../src/rollout/gate/run-gate.ts'
import { ApiServer, namespace } from './api-server.ts'
import type { Before, Blueprint } from './blueprint.ts'
import { Chance } from './chance.ts'
import { Cloud } from './cloud.ts'
import { configName, referenceTo } from './config.ts'
import { Controller, writer } from './controller.ts'
import { DaemonSetController } from './daemon-set-controller.ts'
import { DeploymentController } from './deployment-controller.ts'
import { JobController } from './job-controller.ts'
import { Network, type Refusal } from './network.ts'
import { conditionOf, isLeaving, isOver, isReady, type Pod, type PodSpec, type Workload } from './objects.ts'
import { ReplicaSetController } from './replica-set-controller.ts'
import { Scheduler } from './scheduler.ts'
import type { Scene } from './scene.ts'
import { StatefulSetController } from './stateful-set-controller.ts'
import { WorldTime } from './time.ts'

const start = Date.parse('2026-11-23T16:00:00Z')
const release = { manager: 'slipway', operation: 'Apply' } as const
const registry = '123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api'
export const newImage = `${registry}:2`
const readinessGate = 'target-health.elbv2.k8s.aws/api'

/** The gate, called as in production. It is passed in: the world knows nothing of it but its ports. */
export type Gate = (request: GateRequest, ports: GatePorts) => Promise<GateResult>

/** Meets the readiness gate of the pods, as the load balancer's controller does when their targets are healthy. */
class TargetHealth extends Controller {
  constructor(scene: Scene) {
    super(scene, ['Pod'], [200, 2_000])
  }

  protected reconcile(): void {
    const { api, blueprint, seconds } = this.scene
    const { gateMet } = blueprint
    if (gateMet === undefined || gateMet === 'never') return
    if (seconds < gateMet) return this.wake(1_000 * (gateMet - seconds))
    for (const pod of api.list<Pod>('Pod')) {
      if (conditionOf(pod, 'ContainersReady')?.status !== 'True' || conditionOf(pod, readinessGate)) continue
      const met = { type: readinessGate, status: 'True', lastTransitionTime: api.stamp }
      const conditions = [...(pod.status.conditions ?? []), met]
      api.write(pod, { status: { ...pod.status, conditions } }, { ...writer('status'), manager: 'controller' })
    }
  }
}

/** A cluster with everything in it that a release meets, as its blueprint says. */
export class World {
  readonly time = new WorldTime(start)
  readonly api = new ApiServer(this.time)
  /** Each watches the API server by itself. */
  readonly controllers: readonly Controller[]
  readonly #blueprint: Blueprint
  readonly #scene: Scene
  readonly #cloud: Cloud
  #appliedAt = Infinity
  #served = false
  #servedUntil = -Infinity
  #orders = 0
  #kills = 0
  #network: Network | undefined

  constructor(blueprint: Blueprint) {
    this.#blueprint = blueprint
    const { api, time } = this
    const seconds = (): number => (time.now - this.#appliedAt) / 1_000
    this.#scene = {
      api,
      time,
      blueprint,
      newImage,
      chance: new Chance(blueprint.seed),
      nextOrder: () => this.#orders++,
      killedByProbe: () => void this.#kills++,
      get seconds() {
        return seconds()
      },
    }
    this.#cloud = new Cloud(this.#scene)
    const controllers = [DeploymentController, ReplicaSetController, StatefulSetController, DaemonSetController]
    this.controllers = [...controllers, JobController, Scheduler, TargetHealth].map(Part => new Part(this.#scene))
    if (blueprint.before !== undefined && blueprint.kind !== 'Job') this.#past(blueprint.before)
  }

  /** The release before runs, or fails to, for a while. */
  #past({ secondsAgo }: Before): void {
    this.api.create(this.#workload(`${registry}:1`), { ...release })
    this.time.runUntil(this.time.now + 1_000 * secondsAgo)
  }

  #workload(image: string) {
    const { kind, replicas, strategy, surge, unavailable, minReadySeconds, backoffLimit } = this.#blueprint
    const template = { metadata: { labels: { app: 'api' } }, spec: this.#podSpec(image) }
    const isNew = image === newImage
    const byKind: Readonly<Record<Blueprint['kind'], object>> = {
      Deployment: {
        replicas,
        minReadySeconds,
        progressDeadlineSeconds: 600,
        strategy:
          strategy === 'Recreate'
            ? { type: 'Recreate' }
            : { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
        ...(isNew && this.#blueprint.paused === true ? { paused: true } : {}),
      },
      StatefulSet: {
        replicas,
        minReadySeconds,
        podManagementPolicy: strategy === 'Parallel' ? 'Parallel' : 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      },
      DaemonSet: { minReadySeconds, updateStrategy: { type: 'RollingUpdate' } },
      Job: { completions: 1, parallelism: 1, backoffLimit },
    }
    return {
      apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
      kind,
      metadata: { name: 'api' },
      spec: { ...byKind[kind], template },
      status: {},
    }
  }

  #podSpec(image: string): PodSpec {
    const { kind, probes, lives, gateMet } = this.#blueprint
    const { readiness, liveness, startup } = probes
    const isNew = image === newImage
    const reference = referenceTo(isNew ? this.#blueprint.config : undefined)
    const init = { name: 'prepare', image: `${registry}:tools` }
    const sidecar = { name: 'proxy', image: `${registry}:proxy`, restartPolicy: 'Always' as const }
    const initContainers = [
      ...(lives.some(life => life.sidecar !== undefined) ? [sidecar] : []),
      ...(lives.some(life => life.init !== undefined) ? [init] : []),
    ]
    return {
      restartPolicy: kind === 'Job' ? 'Never' : 'Always',
      containers: [
        {
          name: 'api',
          image,
          ...reference.container,
          ...(readiness === undefined ? {} : { readinessProbe: readiness }),
          ...(liveness === undefined ? {} : { livenessProbe: liveness }),
          ...(startup === undefined ? {} : { startupProbe: startup }),
        },
      ],
      ...reference.pod,
      ...(initContainers.length > 0 ? { initContainers } : {}),
      ...(isNew && gateMet !== undefined ? { readinessGates: [{ conditionType: readinessGate }] } : {}),
    }
  }

  /** Applies the release and begins with all that the blueprint has planned. Returns what the gate is given. */
  release(): GateRequest {
    const { aheadMs, timeoutSeconds, soakSeconds, scaling, loss, kind, config } = this.#blueprint
    const startedAt = this.time.now + aheadMs
    this.time.runUntil(this.time.now + this.#scene.chance.between(5, 400))
    this.#appliedAt = this.time.now
    const workload = this.#workload(newImage)
    const before = this.api.get<Workload>(kind, 'api')
    const spec = { ...workload.spec, ...(before === undefined ? {} : { replicas: before.spec.replicas }) }
    const object: KubeObject | undefined =
      before === undefined ? this.api.create(workload, release) : this.api.write(before, { spec }, release)
    if (object === undefined) throw new Error('the release was not applied')
    for (const { at, to } of scaling) this.time.after(1_000 * at, () => this.#scale(to))
    if (loss !== undefined) this.time.after(1_000 * loss.at, () => this.#cloud.lose(loss))
    this.api.onChange(({ object: changed }) => this.#witness(changed.kind))
    const previousGeneration = before?.metadata.generation
    return {
      applied: [{ object, ...(previousGeneration === undefined ? {} : { previousGeneration }) }],
      startedAt,
      timeoutMs: 1_000 * timeoutSeconds,
      soakMs: 1_000 * soakSeconds,
      ...(config?.brought === true ? { brings: [{ object: `${config.kind} ${namespace}/${configName}` }] } : {}),
    }
  }

  #scale(replicas: number): void {
    const workload = this.api.get<Workload>(this.#blueprint.kind, 'api')
    if (workload === undefined || workload.spec.replicas === replicas) return
    this.api.write(workload, { spec: { ...workload.spec, replicas } }, writer('scale'))
  }

  /** Until when, as far as the API server knows, every pod that is wanted was there, of this release, and Ready. */
  get servedAt(): number {
    return this.#serves ? this.time.now : this.#servedUntil
  }

  /** True when a probe ended a container, and the word of that did not reach the gate: lost, late, or never written. */
  get hidesKill(): boolean {
    return this.#kills > (this.#network?.killsTold ?? 0)
  }

  get #serves(): boolean {
    const { kind, nodes } = this.#blueprint
    if (kind === 'Job') return this.api.list<Pod>('Pod').some(({ status }) => status.phase === 'Succeeded')
    const wanted = kind === 'DaemonSet' ? nodes : this.api.get<Workload>(kind, 'api')?.spec.replicas
    const pods = this.api.list<Pod>('Pod').filter(pod => !isLeaving(pod) && !isOver(pod))
    const fresh = pods.filter(({ spec }) => spec.containers[0]?.image === newImage)
    return fresh.length === wanted && pods.length === fresh.length && fresh.every(isReady)
  }

  /** Watches for the moment in which it ceases to serve. */
  #witness(kind: string): void {
    if (kind === 'Event') return
    const serves = this.#serves
    if (this.#served && !serves) this.#servedUntil = this.time.now
    this.#served = serves
  }

  /** Gates the release that was applied, and lets the world go on until there is a verdict. */
  judgedBy(gate: Gate, request: GateRequest, refusal: Refusal): Promise<GateResult> {
    const { aheadMs, gateDelayMs, registry: second } = this.#blueprint
    const cluster = new Network(this.#scene, refusal)
    this.#network = cluster
    this.time.runUntil(this.time.now + gateDelayMs)
    const clock = this.time.clock(aheadMs)
    const nothing = (): undefined => undefined
    const log = { info: nothing, warn: nothing, debug: nothing, group: <T>(_: string, work: () => T) => work() }
    const check = async (): Promise<NonNullable<Blueprint['registry']>['answer']> => {
      await clock.sleep(second?.afterMs ?? 0)
      return second?.answer ?? 'unknown'
    }
    const ports: GatePorts = {
      cluster,
      clock,
      log: log,
      signal: new AbortController().signal,
      ...(second === undefined ? {} : { images: { check } }),
    }
    return this.time.run(gate(request, ports))
  }
}
