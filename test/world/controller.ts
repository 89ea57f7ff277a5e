import { hash, type Writer } from './api-server.ts'
import { isOverAt } from './blueprint.ts'
import type { Condition, Pod, Template, Workload } from './objects.ts'
import type { Scene } from './scene.ts'
import type { Cancel } from './time.ts'

/** A control loop: something that it watches changed, and a moment later it looks at everything anew. */
export abstract class Controller {
  protected readonly scene: Scene
  readonly #delayMs: readonly [number, number]
  #pending: { readonly at: number; readonly cancel: Cancel } | undefined
  #retryAt: number | undefined
  #cancelRetry: Cancel | undefined

  constructor(scene: Scene, watched: readonly string[], delayMs: readonly [number, number] = [3, 40]) {
    this.scene = scene
    this.#delayMs = delayMs
    scene.api.onChange(({ object }) => {
      if (watched.includes(object.kind)) this.wake()
    })
  }

  wake(ms = this.scene.chance.between(...this.#delayMs)): void {
    const at = this.scene.time.now + ms
    if (this.#pending !== undefined && this.#pending.at <= at) return
    this.#pending?.cancel()
    const cancel = this.scene.time.at(at, () => {
      this.#pending = undefined
      this.reconcile()
    })
    this.#pending = { at, cancel }
  }

  /**
   * Looks again after `ms`, whatever it looks at before: a delaying queue keeps the earliest time that a failed item was
   * given, though a change may have put the item in front once more (client-go's `AddRateLimited` beside `Add`).
   */
  retry(ms: number): void {
    const at = this.scene.time.now + ms
    if (this.#retryAt !== undefined && this.#retryAt <= at) return
    this.#cancelRetry?.()
    this.#retryAt = at
    this.#cancelRetry = this.scene.time.at(at, () => {
      this.#retryAt = undefined
      this.reconcile()
    })
  }

  protected abstract reconcile(): void
}

export const writer = (subresource?: 'status' | 'scale'): Writer => ({
  manager: 'kube-controller-manager',
  operation: 'Update',
  ...(subresource === undefined ? {} : { subresource }),
})

export const templateHash = (template: Template): string => hash(JSON.stringify(template))

/** The creation of pods from a template, which admission may refuse. */
export class PodFactory {
  readonly #scene: Scene
  readonly #by: string
  #refusals = 0

  constructor(scene: Scene, by: string) {
    this.#scene = scene
    this.#by = by
  }

  /** Why no pod of this template can be made now. */
  refusal(template: Template): string | undefined {
    const { blueprint, seconds, newImage } = this.#scene
    const isNew = template.spec.containers[0]?.image === newImage
    return isNew && !isOverAt(blueprint.admission, seconds) ? blueprint.admission?.message : undefined
  }

  /** A refusal, told as an event. Returns when the controller tries again: its queue doubles from 5 ms. */
  refused(owner: Workload, message: string): number {
    const text = `Error creating: ${message}`
    this.#scene.api.event(owner, { reason: 'FailedCreate', message: text, by: this.#by, type: 'Warning' })
    return 5 * 2 ** Math.min(this.#refusals++, 18)
  }

  create(owner: Workload, template: Template, name: string, labels: Readonly<Record<string, string>>): void {
    this.#refusals = 0
    const { api } = this.#scene
    const { apiVersion, kind, metadata } = owner
    const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }
    api.create<Pod>(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { ...template.metadata.labels, ...labels }, ownerReferences: [reference] },
        spec: template.spec,
        status: { phase: 'Pending' },
      },
      writer(),
    )
    api.event(owner, { reason: 'SuccessfulCreate', message: `Created pod: ${name}`, by: this.#by })
  }

  /** Asks for the end of a pod; its kubelet lets it go. A pod that no node has goes at once. */
  remove(owner: Workload, pod: Pod): void {
    deletePod(pod, this.#scene)
    const message = `Deleted pod: ${pod.metadata.name}`
    this.#scene.api.event(owner, { reason: 'SuccessfulDelete', message, by: this.#by })
  }
}

/** `disruption`: the condition with which an eviction says that the pod did nothing wrong. */
export function deletePod(pod: Pod, { api }: Scene, disruption?: string): void {
  if (pod.spec.nodeName === undefined || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded')
    return api.remove(pod)
  const conditions: readonly Condition[] = [
    ...(pod.status.conditions ?? []),
    ...(disruption === undefined
      ? []
      : [{ type: 'DisruptionTarget', status: 'True' as const, reason: disruption, lastTransitionTime: api.stamp }]),
  ]
  const marked =
    disruption === undefined ? pod : api.write<Pod>(pod, { status: { ...pod.status, conditions } }, writer('status'))
  if (marked !== undefined) api.write(marked, { metadata: { deletionTimestamp: api.stamp } }, writer())
}

/** Conditions with one replaced; the time of its transition stays while its status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Condition,
  stamp: string,
): readonly Condition[] {
  const before = conditions?.find(({ type }) => type === condition.type)
  if (before?.status === condition.status && before.reason === condition.reason) return conditions ?? []
  const since = before?.status === condition.status ? (before.lastTransitionTime ?? stamp) : stamp
  return [
    ...(conditions?.filter(({ type }) => type !== condition.type) ?? []),
    { ...condition, lastUpdateTime: stamp, lastTransitionTime: since },
  ]
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Writes a status if it is another one. */
export function writeStatus(object: Workload, status: Workload['status'] | object, { api }: Scene): void {
  const stored = api.get<Workload>(object.kind, object.metadata.name)
  if (stored !== undefined && !same(stored.status, status)) api.write(stored, { status }, writer('status'))
}
