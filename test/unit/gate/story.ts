import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { runGate } from '../../../src/rollout/gate/run-gate.ts'
import type { GateTrace } from '../../../src/rollout/gate/trace/trace.ts'
import type { Alarms, GateRequest, GateResult, ImageCheck, TargetHealth } from '../../../src/rollout/model.ts'
import type { Log } from '../../../src/runtime/context.ts'
import { defined } from '../../../src/runtime/defined.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { SimulatedTime } from './simulated-time.ts'

export const start = Date.parse('2026-11-23T16:00:00Z')
export const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:1'

/** The API writes whole seconds. */
export const stamp = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

type State = Readonly<Record<string, unknown>>
interface ContainerFields {
  readonly name?: string
  readonly state: State
  readonly lastState?: State
  readonly restartCount?: number
  readonly ready?: boolean
}

interface PodOptions {
  readonly node?: string | null
  readonly revision?: number
  readonly init?: readonly State[]
  readonly containers?: readonly State[]
}

/** A rollout of one Deployment, told step by step: what the kubelet and the controllers would write, at which second. */
export class Story {
  readonly time = new SimulatedTime(start)
  readonly cluster = new SimulatedCluster(() => this.time.now() - this.#aheadMs)
  readonly said: string[] = []
  readonly cancel = new AbortController()
  /** Second source for images; undefined as long as nobody asked for one. */
  images: ImageCheck | undefined
  /** What the load balancers say, and the alarms; undefined as long as nobody asked for them. */
  targets: TargetHealth | undefined
  alarms: Alarms | undefined
  trace: GateTrace | undefined
  request: Partial<GateRequest> = {}
  /** The runner's clock is this much ahead of the cluster's. */
  readonly #aheadMs: number
  #deployment: KubeObject
  #applied: readonly KubeObject[]
  #replicas: number
  #revision: number

  constructor({
    replicas = 1,
    revision = 1,
    spec = {},
    aheadMs = 0,
  }: { replicas?: number; revision?: number; spec?: State; aheadMs?: number } = {}) {
    this.#aheadMs = aheadMs
    this.#replicas = replicas
    this.#revision = revision
    this.#deployment = this.#draw({ spec, observed: 0 })
    this.#applied = [this.cluster.put(this.#deployment)]
  }

  /** Schedules a step `seconds` after the start. */
  at(seconds: number, step: () => void): this {
    this.time.at(start + seconds * 1_000, step)
    return this
  }

  get now(): string {
    return stamp(this.time.now() - this.#aheadMs)
  }

  /** Gates these objects instead of the Deployment. */
  gate(...objects: readonly KubeObject[]): this {
    this.#applied = objects.map(object => this.cluster.put(object))
    return this
  }

  /** Gates these objects together with the Deployment. */
  gateAlso(...objects: readonly KubeObject[]): this {
    this.#applied = [...this.#applied, ...objects.map(object => this.cluster.put(object))]
    return this
  }

  #draw({ spec, observed, status = {} }: { spec: State; observed: number; status?: State }): KubeObject {
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'api',
        namespace: 'shop',
        uid: 'deployment-uid',
        generation: this.#revision,
        creationTimestamp: stamp(start - this.#aheadMs - (this.#revision > 1 ? 3_600_000 : 0)),
        managedFields: [{ manager: 'slipway', operation: 'Apply', time: stamp(start - this.#aheadMs) }],
        annotations: { 'deployment.kubernetes.io/revision': String(observed) },
      },
      spec: { replicas: this.#replicas, template: { spec: { containers: [{ name: 'api', image }] } }, ...spec },
      status: { observedGeneration: observed, ...status },
    }
  }

  /** The Deployment controller saw the new generation and made its ReplicaSet. */
  observed(status: State = {}): void {
    this.replicaSet(this.#revision)
    this.settle(status)
  }

  replicaSet(revision: number, status: State = {}, uid = `rs-${revision}`): KubeObject {
    return this.cluster.put({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `api-${revision}`,
        namespace: 'shop',
        uid,
        generation: 1,
        creationTimestamp: this.now,
        annotations: { 'deployment.kubernetes.io/revision': String(revision) },
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', uid: 'deployment-uid', controller: true },
        ],
      },
      spec: { replicas: this.#replicas },
      status: { observedGeneration: 1, ...status },
    })
  }

  /** Recounts what the controller would count from the pods. */
  settle(status: State = {}): void {
    const pods = this.cluster.all('Pod').filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    const fresh = pods.filter(pod => ownerOf(pod) === `rs-${this.#revision}`)
    const ready = pods.filter(isReady)
    this.#deployment = this.#draw({
      spec: this.#deployment['spec'] as State,
      observed: this.#revision,
      status: {
        replicas: pods.length,
        updatedReplicas: fresh.length,
        readyReplicas: ready.length,
        availableReplicas: ready.length,
        ...status,
      },
    })
    this.cluster.put(this.#deployment)
  }

  /** Changes the stored Deployment itself: by an autoscaler, by another user. */
  change(changed: (deployment: KubeObject) => KubeObject): void {
    this.#deployment = changed(this.#deployment)
    this.#replicas = (this.#deployment['spec'] as { readonly replicas: number }).replicas
    this.cluster.put(this.#deployment)
  }

  pod(
    name: string,
    containers: readonly ContainerFields[] | 'unscheduled',
    {
      node = 'node-1',
      revision = this.#revision,
      init = [],
      containers: specs = [{ name: 'api', image }],
    }: PodOptions = {},
    more: { status?: State; metadata?: State } = {},
  ): void {
    const known = this.cluster.find('Pod', name)
    const fields = containers === 'unscheduled' ? [] : containers
    const initNames = new Set(init.map(spec => spec['name']))
    const statuses = fields.map(({ name: container = 'api', restartCount = 0, ready = false, ...rest }) => ({
      name: container,
      restartCount,
      ready,
      ...rest,
    }))
    const ready =
      statuses.length > 0 &&
      statuses.filter(({ name: container }) => !initNames.has(container)).every(status => status.ready)
    this.cluster.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'shop',
        uid: `pod-${name}`,
        creationTimestamp: known?.metadata.creationTimestamp ?? this.now,
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: `api-${revision}`,
            uid: `rs-${revision}`,
            controller: true,
          },
        ],
        ...more.metadata,
      },
      spec: {
        ...(containers === 'unscheduled' || node === null ? {} : { nodeName: node }),
        restartPolicy: 'Always',
        containers: specs,
        initContainers: init,
      },
      status: {
        phase: 'Running',
        conditions: [
          {
            type: 'PodScheduled',
            status: containers === 'unscheduled' ? 'False' : 'True',
            ...(containers === 'unscheduled'
              ? { reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient cpu.' }
              : {}),
          },
          { type: 'Ready', status: ready ? 'True' : 'False' },
        ],
        containerStatuses: statuses.filter(status => !initNames.has(status.name)),
        initContainerStatuses: statuses.filter(status => initNames.has(status.name)),
        ...more.status,
      },
    })
    this.settle()
  }

  event(about: string, reason: string, message: string, { container = 'api', count = 1, at = this.now } = {}): void {
    this.cluster.put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${about}.${reason}.${message.length}`, namespace: 'shop', creationTimestamp: at },
      involvedObject: { uid: about, fieldPath: `spec.containers{${container}}` },
      reason,
      message,
      count,
      lastTimestamp: at,
    })
  }

  /** Runs the gate to its verdict. */
  async verdict(): Promise<GateResult & { readonly seconds: number }> {
    const request: GateRequest = {
      applied: this.#applied.map(object => ({
        object,
        ...(object.kind === 'Deployment' && this.#revision > 1 ? { previousGeneration: this.#revision - 1 } : {}),
      })),
      startedAt: start,
      timeoutMs: 900_000,
      soakMs: 20_000,
      ...this.request,
    }
    const log: Log = {
      info: text => void this.said.push(text),
      warn: text => void this.said.push(`warning: ${text}`),
      debug: () => undefined,
      group: (_title, work) => work(),
    }
    const result = await this.time.run(
      runGate(request, {
        cluster: this.cluster,
        clock: this.time,
        log,
        signal: this.cancel.signal,
        ...defined({ images: this.images, targets: this.targets, alarms: this.alarms, trace: this.trace }),
      }),
    )
    await new Promise(resolve => setImmediate(resolve))
    return { ...result, seconds: (result.endedAt - start) / 1_000 }
  }
}

const ownerOf = ({ metadata }: KubeObject): string | undefined => metadata.ownerReferences?.[0]?.uid

function isReady({ status }: KubeObject): boolean {
  const conditions = (
    status as { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } | undefined
  )?.conditions
  return conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
}

/** States of containers, as a kubelet 1.36 writes them. */
export const waiting = (reason: string, message = ''): ContainerFields => ({ state: { waiting: { reason, message } } })
export const running = (story: Story, extra: Partial<ContainerFields> = {}): ContainerFields => ({
  state: { running: { startedAt: story.now } },
  ready: true,
  ...extra,
})
export const exited = (
  story: Story,
  exitCode: number,
  restartCount: number,
  extra: Partial<ContainerFields> & { reason?: string } = {},
): ContainerFields => {
  const { reason = 'Error', ...rest } = extra
  const terminated = { exitCode, reason, startedAt: story.now, finishedAt: story.now }
  const sooner = stamp(Date.parse(story.now) - 1_000)
  const before = { terminated: { ...terminated, startedAt: sooner, finishedAt: sooner } }
  return { state: { terminated }, restartCount, ...(restartCount > 0 ? { lastState: before } : {}), ...rest }
}

/** A Deployment of one pod that becomes ready after 2 s. */
export function goodStory(): Story {
  const story = new Story()
  return story.at(1, () => story.observed()).at(2, () => story.pod('a', [running(story)]))
}
