import { withCondition } from './controller.ts'
import { Controller } from './controller.ts'
import { conditionOf, isLeaving, isOver, type Condition, type Node, type Pod } from './objects.ts'
import type { Scene } from './scene.ts'

const by = { manager: 'kube-scheduler', operation: 'Update' } as const

/** Finds a node for each pod that has none. */
export class Scheduler extends Controller {
  constructor(scene: Scene) {
    super(scene, ['Pod', 'Node'], [2, 30])
  }

  protected reconcile(): void {
    const pods = this.scene.api.list<Pod>('Pod')
    for (const pod of pods) if (pod.spec.nodeName === undefined && !isLeaving(pod)) this.#place(pod)
  }

  #place(pod: Pod): void {
    const { api, blueprint } = this.scene
    const taken = Map.groupBy(
      api.list<Pod>('Pod').filter(other => !isOver(other)),
      ({ spec }) => spec.nodeName,
    )
    const used = (node: Node): number => taken.get(node.metadata.name)?.length ?? 0
    const [best] = api
      .list<Node>('Node')
      .filter(node => isOpen(node) && used(node) < blueprint.room)
      .toSorted((a, b) => used(a) - used(b))
    if (best === undefined) return this.#refuse(pod)
    const scheduled: Condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: api.stamp }
    const node = best.metadata.name
    const conditions = [...(pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'), scheduled]
    api.write(pod, { spec: { ...pod.spec, nodeName: node }, status: { ...pod.status, conditions } }, by)
    const message = `Successfully assigned ${pod.metadata.name} to ${node}`
    api.event(pod, { reason: 'Scheduled', message, by: 'default-scheduler' })
  }

  #refuse(pod: Pod): void {
    const { api, blueprint } = this.scene
    if (conditionOf(pod, 'PodScheduled')?.status === 'False') return
    const message = `0/${blueprint.nodes} nodes are available: ${blueprint.nodes} Insufficient cpu.`
    const refused: Condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
    const conditions = withCondition(pod.status.conditions, refused, api.stamp)
    api.write(pod, { status: { ...pod.status, conditions } }, { ...by, subresource: 'status' })
    api.event(pod, { reason: 'FailedScheduling', message, by: 'default-scheduler', type: 'Warning' })
  }
}

const isOpen = ({ spec, status }: Node): boolean =>
  spec.unschedulable !== true &&
  (spec.taints ?? []).length === 0 &&
  status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True')
