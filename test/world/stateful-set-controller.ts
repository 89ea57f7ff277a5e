import { Controller, PodFactory, templateHash, writeStatus } from './controller.ts'
import { isAvailable, isLeaving, isOver, isOwnedBy, isReady, ordinalOf, type Pod, type Workload } from './objects.ts'
import type { Scene } from './scene.ts'

const hashKey = 'controller-revision-hash'

/** Pods by ordinal: made from the lowest up, exchanged from the highest down, one at a time. */
export class StatefulSetController extends Controller {
  readonly #pods: PodFactory
  /** The template that all pods had before the one that is being rolled out. */
  #current = ''

  constructor(scene: Scene) {
    super(scene, ['StatefulSet', 'Pod'])
    this.#pods = new PodFactory(scene, 'statefulset-controller')
  }

  protected reconcile(): void {
    for (const set of this.scene.api.list<Workload>('StatefulSet')) this.#keep(set)
  }

  #keep(set: Workload): void {
    const { api } = this.scene
    const update = `${set.metadata.name}-${templateHash(set.spec.template)}`
    if (this.#current === '') this.#current = update
    const owned = (): readonly Pod[] =>
      api
        .list<Pod>('Pod')
        .filter(pod => isOwnedBy(pod, set))
        .toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
    for (const pod of owned()) if (isOver(pod)) api.remove(pod)
    // Ordered sets touch nothing while one pod is not well: not even to replace it (kubernetes#67250).
    if (this.#fill(set, owned(), update)) this.#exchange(set, owned(), update)
    this.#count(set, owned(), update)
  }

  #isWell(pod: Pod | undefined, set: Workload): boolean {
    const wait = set.spec.minReadySeconds ?? 0
    return pod !== undefined && !isLeaving(pod) && isAvailable(pod, wait, this.scene.time.now)
  }

  /** True when all pods are there and nothing has to be waited for. */
  #fill(set: Workload, pods: readonly Pod[], update: string): boolean {
    const isParallel = set.spec.podManagementPolicy === 'Parallel'
    for (let ordinal = 0; ordinal < (set.spec.replicas ?? 1); ordinal++) {
      const pod = pods.find(other => ordinalOf(other) === ordinal)
      if (pod === undefined) {
        const refusal = this.#pods.refusal(set.spec.template)
        if (refusal !== undefined) {
          this.retry(this.#pods.refused(set, refusal))
          return false
        }
        this.#pods.create(set, set.spec.template, `${set.metadata.name}-${ordinal}`, { [hashKey]: update })
      }
      if (!isParallel && !this.#isWell(pod, set)) return false
    }
    const most = set.spec.replicas ?? 1
    const last = pods.findLast(pod => ordinalOf(pod) >= most && !isLeaving(pod))
    if (last !== undefined) this.#pods.remove(set, last)
    return last === undefined
  }

  #exchange(set: Workload, pods: readonly Pod[], update: string): void {
    if (pods.length < (set.spec.replicas ?? 1)) return
    for (const pod of pods.toReversed()) {
      const isOld = pod.metadata.labels?.[hashKey] !== update
      if (isOld && !isLeaving(pod)) return this.#pods.remove(set, pod)
      if (!this.#isWell(pod, set)) return
    }
  }

  #count(set: Workload, pods: readonly Pod[], update: string): void {
    const there = pods.filter(pod => !isLeaving(pod))
    const ready = there.filter(isReady)
    const available = ready.filter(pod => this.#isWell(pod, set))
    if (available.length < ready.length) this.wake(1_000)
    const updated = there.filter(({ metadata }) => metadata.labels?.[hashKey] === update)
    const replicas = set.spec.replicas ?? 1
    const isDone = updated.length === replicas && updated.every(isReady) && there.length === replicas
    if (isDone) this.#current = update
    writeStatus(
      set,
      {
        observedGeneration: set.metadata.generation ?? 1,
        replicas: pods.length,
        readyReplicas: ready.length,
        availableReplicas: available.length,
        updatedReplicas: updated.length,
        currentRevision: this.#current,
        updateRevision: update,
      },
      this.scene,
    )
  }
}
