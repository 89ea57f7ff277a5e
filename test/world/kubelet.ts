import type { Blueprint, Life, Run } from './blueprint.ts'
import { isOver, ordinalOf, type Pod } from './objects.ts'
import { PodWorker } from './pod-worker.ts'
import type { Scene } from './scene.ts'

const crashing: readonly Run[] = [{ readyAfter: 'never', exit: { after: 0.5, code: 1 } }]
const fine: Life = { main: [{ readyAfter: 0 }], init: [{ readyAfter: 0, exit: { after: 0.3, code: 0 } }] }

/** The agent of one node: a worker for each pod that is bound to it. */
export class Kubelet {
  readonly node: string
  readonly #scene: Scene
  readonly #index: number
  readonly #workers = new Map<string, PodWorker>()
  /** Images that are on the node already, or have been pulled since. */
  readonly #images = new Set<string>()
  #dead = false

  constructor(index: number, node: string, scene: Scene) {
    this.#index = index
    this.node = node
    this.#scene = scene
    scene.api.onChange(({ type, object }) => {
      if (object.kind === 'Pod') this.#see(type, object as Pod)
    })
  }

  #see(type: string, pod: Pod): void {
    if (pod.spec.nodeName !== this.node || this.#dead) return
    const { uid = '' } = pod.metadata
    if (type === 'deleted') {
      this.#workers.get(uid)?.halt()
      this.#workers.delete(uid)
      return
    }
    const worker = this.#workers.get(uid)
    if (worker !== undefined) worker.changed(pod)
    else if (!isOver(pod)) this.#workers.set(uid, this.#begin(pod))
  }

  #begin(pod: Pod): PodWorker {
    const { blueprint, newImage } = this.#scene
    const image = pod.spec.containers[0]?.image ?? ''
    const isNew = image === newImage
    if (!isNew) this.#images.add(image)
    return new PodWorker(pod, {
      scene: this.#scene,
      troubles: isNew ? blueprint : { pullSeconds: 0 },
      life: this.#lifeOf(pod, isNew),
      hasImage: () => this.#images.has(image),
      pulled: () => void this.#images.add(image),
      isHeld: !isNew && blueprint.before?.podsLeave === false,
    })
  }

  #lifeOf(pod: Pod, isNew: boolean): Life {
    const { blueprint } = this.#scene
    if (!isNew) return lifeBefore(blueprint)
    if (blueprint.badNode === this.#index) return { ...fine, main: crashing }
    const order = blueprint.kind === 'StatefulSet' ? ordinalOf(pod) : this.#scene.nextOrder()
    return lifeOf(blueprint, order)
  }

  /** The machine is gone, from one moment to the next. */
  die(): void {
    this.#dead = true
    for (const worker of this.#workers.values()) worker.halt()
  }
}

function lifeBefore({ before }: Blueprint): Life {
  return { ...fine, main: before?.crashes === true ? crashing : [{ readyAfter: before?.readyAfter ?? 0 }] }
}

/** The programs of the pod that was created as this number. */
export function lifeOf({ lives }: Blueprint, order: number): Life {
  return { ...fine, ...(lives[order] ?? lives.at(-1)) }
}
