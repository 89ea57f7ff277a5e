import { Controller, PodFactory, withCondition, writeStatus } from './controller.ts'
import {
  isAvailable,
  isLeaving,
  isOver,
  isOwnedBy,
  isReady,
  type Condition,
  type Pod,
  type Workload,
} from './objects.ts'
import type { Scene } from './scene.ts'

/** Keeps as many pods per ReplicaSet as its spec wants. */
export class ReplicaSetController extends Controller {
  readonly #pods: PodFactory

  constructor(scene: Scene) {
    super(scene, ['ReplicaSet', 'Pod'])
    this.#pods = new PodFactory(scene, 'replicaset-controller')
  }

  protected reconcile(): void {
    for (const set of this.scene.api.list<Workload>('ReplicaSet')) this.#keep(set)
  }

  #keep(set: Workload): void {
    const { api } = this.scene
    const owned = api.list<Pod>('Pod').filter(pod => isOwnedBy(pod, set))
    const active = owned.filter(pod => !isLeaving(pod) && !isOver(pod))
    const missing = (set.spec.replicas ?? 1) - active.length
    let refusal: string | undefined
    if (missing > 0) {
      refusal = this.#pods.refusal(set.spec.template)
      if (refusal === undefined) this.#create(set, missing)
      else this.retry(this.#pods.refused(set, refusal))
    }
    for (const pod of removable(active).slice(0, Math.max(0, -missing))) this.#pods.remove(set, pod)
    this.#count(set, missing < 0 ? removable(active).slice(-missing) : active, refusal)
  }

  #create(set: Workload, missing: number): void {
    const { template } = set.spec
    const labels = { 'pod-template-hash': set.metadata.labels?.['pod-template-hash'] ?? '' }
    for (let index = 0; index < missing; index++) {
      const name = `${set.metadata.name}-${this.scene.chance.whole(10_000, 99_999).toString(36)}${index}`
      this.#pods.create(set, template, name, labels)
    }
  }

  #count(set: Workload, active: readonly Pod[], refusal: string | undefined): void {
    const { api, time } = this.scene
    const wait = set.spec.minReadySeconds ?? 0
    const ready = active.filter(isReady)
    const available = ready.filter(pod => isAvailable(pod, wait, time.now))
    if (available.length < ready.length) this.wake(1_000)
    const others = set.status.conditions?.filter(({ type }) => type !== 'ReplicaFailure')
    const failure: Condition = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: refusal ?? '',
    }
    const conditions = refusal === undefined ? others : withCondition(set.status.conditions, failure, api.stamp)
    writeStatus(
      set,
      {
        replicas: active.length,
        ...(active.length > 0 ? { fullyLabeledReplicas: active.length } : {}),
        ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
        ...(available.length > 0 ? { availableReplicas: available.length } : {}),
        observedGeneration: set.metadata.generation ?? 1,
        ...(conditions === undefined || conditions.length === 0 ? {} : { conditions }),
      },
      this.scene,
    )
  }
}

/** Which pods go first: without a node, not ready, youngest. */
function removable(pods: readonly Pod[]): readonly Pod[] {
  const worth = (pod: Pod): number => (pod.spec.nodeName === undefined ? 0 : isReady(pod) ? 2 : 1)
  return pods.toReversed().toSorted((a, b) => worth(a) - worth(b))
}
