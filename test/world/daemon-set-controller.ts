import { Controller, PodFactory, writer, writeStatus } from './controller.ts'
import { isAvailable, isLeaving, isOver, isOwnedBy, isReady, type Node, type Pod, type Workload } from './objects.ts'
import type { Scene } from './scene.ts'

const generationKey = 'deprecated.daemonset.template.generation'
const labelKey = 'pod-template-generation'

/** One pod on each node; exchanged one node after the other. */
export class DaemonSetController extends Controller {
  readonly #pods: PodFactory

  constructor(scene: Scene) {
    super(scene, ['DaemonSet', 'Pod', 'Node'])
    this.#pods = new PodFactory(scene, 'daemonset-controller')
  }

  protected reconcile(): void {
    for (const set of this.scene.api.list<Workload>('DaemonSet')) this.#keep(set)
  }

  #keep(set: Workload): void {
    const { api } = this.scene
    // The API server moves this annotation together with the template.
    const generation = String(set.metadata.generation ?? 1)
    if (set.metadata.annotations?.[generationKey] !== generation) {
      const annotations = { ...set.metadata.annotations, [generationKey]: generation }
      api.write(set, { metadata: { annotations } }, writer())
      return this.wake()
    }
    const nodes = api
      .list<Node>('Node')
      .filter(({ spec }) => !(spec.taints ?? []).some(({ effect }) => effect === 'NoSchedule'))
    const owned = (): readonly Pod[] => api.list<Pod>('Pod').filter(pod => isOwnedBy(pod, set))
    for (const pod of owned()) if (isOver(pod) && !isLeaving(pod)) this.#pods.remove(set, pod)
    for (const { metadata } of nodes) {
      const there = owned().filter(({ spec }) => spec.nodeName === metadata.name)
      if (there.length === 0 && !this.#create(set, metadata.name, generation)) break
    }
    this.#exchange(set, owned(), generation)
    this.#count(set, owned(), nodes, generation)
  }

  #create(set: Workload, node: string, generation: string): boolean {
    const { template } = set.spec
    const refusal = this.#pods.refusal(template)
    if (refusal !== undefined) {
      this.retry(this.#pods.refused(set, refusal))
      return false
    }
    const bound = { ...template, spec: { ...template.spec, nodeName: node } }
    const name = `${set.metadata.name}-${this.scene.chance.whole(10_000, 99_999).toString(36)}`
    this.#pods.create(set, bound, name, { [labelKey]: generation })
    return true
  }

  /** One node at a time may be without an available pod. */
  #exchange(set: Workload, pods: readonly Pod[], generation: string): void {
    const wait = set.spec.minReadySeconds ?? 0
    const isWell = (pod: Pod): boolean => !isLeaving(pod) && isAvailable(pod, wait, this.scene.time.now)
    const old = pods.filter(({ metadata }) => metadata.labels?.[labelKey] !== generation)
    const away = pods.filter(pod => !isWell(pod)).length
    const broken = old.filter(pod => !isWell(pod) && !isLeaving(pod))
    for (const pod of broken) this.#pods.remove(set, pod)
    const next = old.find(isWell)
    if (broken.length === 0 && away === 0 && next !== undefined) this.#pods.remove(set, next)
  }

  #count(set: Workload, pods: readonly Pod[], nodes: readonly Node[], generation: string): void {
    const wait = set.spec.minReadySeconds ?? 0
    const names = new Set(nodes.map(({ metadata }) => metadata.name))
    const there = pods.filter(pod => !isLeaving(pod) && names.has(pod.spec.nodeName ?? ''))
    const ready = there.filter(isReady)
    const available = ready.filter(pod => isAvailable(pod, wait, this.scene.time.now))
    if (available.length < ready.length) this.wake(1_000)
    const updated = there.filter(({ metadata }) => metadata.labels?.[labelKey] === generation)
    writeStatus(
      set,
      {
        observedGeneration: set.metadata.generation ?? 1,
        desiredNumberScheduled: nodes.length,
        currentNumberScheduled: there.length,
        numberMisscheduled: 0,
        numberReady: ready.length,
        numberAvailable: available.length,
        updatedNumberScheduled: updated.length,
        ...(available.length < nodes.length ? { numberUnavailable: nodes.length - available.length } : {}),
      },
      this.scene,
    )
  }
}
