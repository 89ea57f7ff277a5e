import { view, type Other } from '../../../health/objects.ts'
import type { Cluster, KubeObject, WatchEvent } from '../../../kubernetes/model.ts'
import type { Clock } from '../../../runtime/clock.ts'
import type { Log } from '../../../runtime/context.ts'
import { messageOf } from '../../../runtime/errors.ts'
import type { AppliedObject } from '../../model.ts'
import type { SourceEvent, TargetBinding } from './answers.ts'
import { inTime } from './poll.ts'

/** What the AWS Load Balancer Controller makes for each Service behind one of its load balancers. */
const bindingKind = { apiVersion: 'elbv2.k8s.aws/v1beta1', kind: 'TargetGroupBinding' } as const
const serviceKind = { apiVersion: 'v1', kind: 'Service' } as const

/** A release does not wait longer for the answer whether there are any. */
const firstAnswerMs = 10_000

interface Ports {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
}

type Labels = Readonly<Record<string, string>>

/** Follows the bindings of the namespaces of a release, and tells which lead to its own workloads. */
export class BindingSource {
  readonly #ports: Ports
  readonly #signal: AbortSignal
  readonly #push: (event: SourceEvent) => void
  readonly #answered = new Set<string>()
  readonly #skipped = new Set<string>()

  constructor(ports: Ports, signal: AbortSignal, push: (event: SourceEvent) => void) {
    this.#ports = ports
    this.#signal = signal
    this.#push = push
  }

  start(applied: readonly AppliedObject[]): void {
    const workloads = applied.flatMap(({ object }) => {
      const labels = podLabelsOf(object)
      return labels === undefined ? [] : [{ namespace: object.metadata.namespace ?? '', labels }]
    })
    for (const [namespace, own] of Map.groupBy(workloads, workload => workload.namespace)) {
      this.#push({ bindingsIn: namespace, bindings: null })
      void this.#follow(
        namespace,
        own.map(({ labels }) => labels),
      )
      void this.#atLast(namespace)
    }
  }

  async #follow(namespace: string, workloads: readonly Labels[]): Promise<void> {
    const { cluster, clock, log } = this.#ports
    try {
      const served = await inTime(signal => cluster.namespaced(bindingKind, signal), clock, this.#signal)
      if (served !== true) return this.#tell(namespace, [])
      const known = new Map<string, KubeObject>()
      for await (const event of cluster.watch(bindingKind, namespace, this.#signal)) {
        if (this.#signal.aborted) return
        if (follow(known, event)) this.#tell(namespace, await this.#read(namespace, [...known.values()], workloads))
      }
    } catch (thrown) {
      if (this.#signal.aborted) return
      log.info(`note: load balancers are not asked about the pods in ${namespace}: ${messageOf(thrown)}`)
      this.#tell(namespace, [])
    }
  }

  async #atLast(namespace: string): Promise<void> {
    await this.#ports.clock.sleep(firstAnswerMs, this.#signal).catch(() => undefined)
    if (!this.#signal.aborted && !this.#answered.has(namespace)) this.#tell(namespace, [])
  }

  #tell(namespace: string, bindings: readonly TargetBinding[]): void {
    this.#answered.add(namespace)
    this.#push({ bindingsIn: namespace, bindings })
  }

  async #read(
    namespace: string,
    objects: readonly KubeObject[],
    workloads: readonly Labels[],
  ): Promise<readonly TargetBinding[]> {
    if (objects.length === 0) return []
    const { cluster, clock, log } = this.#ports
    const services = await inTime(
      signal => cluster.list(serviceKind, namespace, undefined, signal),
      clock,
      this.#signal,
    )
    return objects.flatMap(object => {
      const binding = readBinding(object, services)
      if (binding === undefined || !workloads.some(labels => selects(binding.selector, labels))) return []
      if (binding.targetType === 'ip') return [binding.read]
      if (!this.#skipped.has(object.metadata.name))
        log.info(
          `note: targets of TargetGroupBinding ${namespace}/${object.metadata.name} are nodes: they say nothing about single pods`,
        )
      this.#skipped.add(object.metadata.name)
      return []
    })
  }
}

/** True when something changed. */
function follow(known: Map<string, KubeObject>, event: WatchEvent): boolean {
  if (event.type === 'gap') return false
  if (event.type === 'deleted') return known.delete(event.object.metadata.name)
  if (event.type === 'listed') known.clear()
  for (const object of event.type === 'listed' ? event.objects : [event.object]) known.set(object.metadata.name, object)
  return true
}

interface BindingSpec {
  readonly targetGroupARN?: string
  readonly targetType?: string
  readonly serviceRef?: { readonly name?: string; readonly port?: number | string }
}
interface ServiceSpec {
  readonly selector?: Labels
  readonly ports?: readonly {
    readonly name?: string
    readonly port: number
    readonly targetPort?: number | string
  }[]
}

/** Undefined for one that is being deleted or not complete yet, and for a Service that is not there. */
function readBinding(
  object: KubeObject,
  services: readonly KubeObject[],
): { readonly targetType: string; readonly selector: Labels; readonly read: TargetBinding } | undefined {
  const { targetGroupARN, targetType = 'ip', serviceRef } = view<Other>(object).spec as BindingSpec
  const service = services.find(({ metadata }) => metadata.name === serviceRef?.name)
  if (targetGroupARN === undefined || service === undefined || object.metadata.deletionTimestamp !== undefined)
    return undefined
  const { selector = {}, ports = [] } = view<Other>(service).spec as ServiceSpec
  const port = ports.find(({ name, port: number }) => number === serviceRef?.port || name === serviceRef?.port)
  if (port === undefined) return undefined
  const targetPort = port.targetPort ?? port.port
  return {
    targetType,
    selector,
    read: { targetGroup: targetGroupARN, service: service.metadata.name, selector, targetPort },
  }
}

/** Labels of the pods of a workload, or of a bare Pod; undefined for objects that have none. */
function podLabelsOf(object: KubeObject): Labels | undefined {
  if (object.kind === 'Pod') return object.metadata.labels ?? {}
  if (object.kind === 'Job') return undefined
  const spec = object['spec'] as { template?: { metadata?: { labels?: Labels } } } | undefined
  return spec?.template?.metadata?.labels
}

function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}
