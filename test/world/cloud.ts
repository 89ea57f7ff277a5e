import { deletePod, withCondition, writer } from './controller.ts'
import { Kubelet } from './kubelet.ts'
import { conditionOf, isLeaving, isOver, isReady, type Node, type Pod } from './objects.ts'
import type { Scene } from './scene.ts'

const autoscalerScanMs = 10_000
const cloud = { manager: 'cloud', operation: 'Update' } as const

/** Machines: those that are there, those that come, and those that go. */
export class Cloud {
  readonly #scene: Scene
  readonly #kubelets: Kubelet[] = []
  #coming = 0
  readonly #told = new Set<string>()

  constructor(scene: Scene) {
    this.#scene = scene
    for (let index = 0; index < scene.blueprint.nodes; index++) this.#boot()
    if (scene.blueprint.autoscaler !== 'none') this.#scanLater()
  }

  #boot(): void {
    const { api } = this.#scene
    const name = `node-${this.#kubelets.length}`
    this.#kubelets.push(new Kubelet(this.#kubelets.length, name, this.#scene))
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: api.stamp }
    const status = { conditions: [ready] }
    api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {}, status }, cloud)
  }

  #scanLater(): void {
    this.#scene.time.after(autoscalerScanMs, () => {
      this.#scan()
      this.#scanLater()
    })
  }

  /** The autoscaler: looks for pods without a node, and promises one or refuses. */
  #scan(): void {
    const { api, blueprint, time } = this.#scene
    const waiting = api.list<Pod>('Pod').filter(pod => conditionOf(pod, 'PodScheduled')?.status === 'False')
    if (waiting.length === 0) return
    const { autoscaler } = blueprint
    if (typeof autoscaler === 'string') {
      const message = "pod didn't trigger scale-up: 1 max node group size reached"
      for (const pod of waiting) api.event(pod, { reason: 'NotTriggerScaleUp', message, by: 'cluster-autoscaler' })
      return
    }
    const fresh = waiting.filter(({ metadata }) => !this.#told.has(metadata.uid ?? ''))
    const message = 'pod triggered scale-up: [{general 1->2 (max: 10)}]'
    for (const pod of fresh) {
      this.#told.add(pod.metadata.uid ?? '')
      api.event(pod, { reason: 'TriggeredScaleUp', message, by: 'cluster-autoscaler' })
    }
    const needed = Math.ceil(waiting.length / blueprint.room) - this.#coming
    for (let count = 0; count < needed; count++) {
      this.#coming++
      time.after(1_000 * autoscaler.afterSeconds, () => {
        this.#coming--
        this.#boot()
      })
    }
  }

  /** What the blueprint says will happen to a node. */
  lose({ node: index, how }: { readonly node: number; readonly how: 'dies' | 'vanishes' | 'drained' }): void {
    const kubelet = this.#kubelets[index]
    const node = kubelet && this.#scene.api.get<Node>('Node', kubelet.node)
    if (kubelet === undefined || node === undefined) return
    if (how === 'drained') return this.#drain(node)
    kubelet.die()
    const { time, chance } = this.#scene
    time.after(chance.between(40_000, 50_000), () => this.#lost(node))
    if (how === 'vanishes') time.after(chance.between(55_000, 100_000), () => this.#vanish(node))
    else time.after(chance.between(345_000, 352_000), () => this.#evict(node))
  }

  #podsOn({ metadata }: Node): readonly Pod[] {
    return this.#scene.api.list<Pod>('Pod').filter(({ spec }) => spec.nodeName === metadata.name)
  }

  #drain(node: Node): void {
    const { api } = this.#scene
    const taints = [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]
    api.write(node, { spec: { unschedulable: true, taints } }, cloud)
    for (const pod of this.#podsOn(node))
      if (!isLeaving(pod) && !isOver(pod)) deletePod(pod, this.#scene, 'EvictionByEvictionAPI')
  }

  /** The node has not reported for 40 s: the lifecycle controller writes off its pods. */
  #lost(node: Node): void {
    const { api } = this.#scene
    const unknown = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' } as const
    const taint = 'node.kubernetes.io/unreachable'
    const lost = api.write<Node>(
      node,
      {
        spec: {
          taints: [
            { key: taint, effect: 'NoSchedule' },
            { key: taint, effect: 'NoExecute' },
          ],
        },
        status: { conditions: withCondition(node.status.conditions, unknown, api.stamp) },
      },
      cloud,
    )
    if (lost === undefined) return
    for (const pod of this.#podsOn(lost)) {
      api.event(pod, { reason: 'NodeNotReady', message: 'Node is not ready', by: 'node-controller', type: 'Warning' })
      if (!isReady(pod)) continue
      const conditions = withCondition(pod.status.conditions, { type: 'Ready', status: 'False' }, api.stamp)
      api.write(pod, { status: { ...pod.status, conditions } }, writer('status'))
    }
  }

  /** Pods tolerate an unreachable node for 300 s. Nobody is left on it who could let them go. */
  #evict(node: Node): void {
    for (const pod of this.#podsOn(node)) if (!isLeaving(pod)) deletePod(pod, this.#scene, 'DeletionByTaintManager')
  }

  /** The machine is known to be gone: so are its node and, a little later, its pods. */
  #vanish(node: Node): void {
    const { api, time, chance } = this.#scene
    api.remove(node)
    time.after(chance.between(20_000, 60_000), () => {
      for (const pod of this.#podsOn(node)) {
        deletePod(pod, this.#scene, 'DeletionByPodGC')
        api.remove(pod)
      }
    })
  }
}
