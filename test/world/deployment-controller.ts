import { Controller, templateHash, withCondition, writer, writeStatus } from './controller.ts'
import { conditionOf, isOver, isOwnedBy, type Condition, type Pod, type Workload } from './objects.ts'
import type { Scene } from './scene.ts'

const revisionKey = 'deployment.kubernetes.io/revision'
const by = 'deployment-controller'
const revisionOf = ({ metadata }: Workload): number => Number(metadata.annotations?.[revisionKey] ?? 0)
const sum = (sets: readonly Workload[], count: (set: Workload) => number | undefined): number =>
  sets.reduce((total, set) => total + (count(set) ?? 0), 0)

/** Rolls a Deployment from its old ReplicaSets to the one of its template, as kube-controller-manager does. */
export class DeploymentController extends Controller {
  constructor(scene: Scene) {
    super(scene, ['Deployment', 'ReplicaSet', 'Pod'])
  }

  protected reconcile(): void {
    for (const deployment of this.scene.api.list<Workload>('Deployment')) this.#roll(deployment)
  }

  #roll(deployment: Workload): void {
    const owned = this.scene.api.list<Workload>('ReplicaSet').filter(set => isOwnedBy(set, deployment))
    const newest = owned.find(
      ({ metadata }) => metadata.labels?.['pod-template-hash'] === templateHash(deployment.spec.template),
    )
    const old = owned.filter(set => set !== newest)
    if (deployment.spec.paused === true) return this.#report(deployment, newest, old)
    if (newest === undefined) return this.#begin(deployment, old)
    if (revisionOf(deployment) !== revisionOf(newest)) this.#annotate(deployment, revisionOf(newest))
    if (deployment.spec.strategy?.type === 'Recreate') this.#recreate(deployment, newest, old)
    else this.#exchange(deployment, newest, old)
    this.#report(deployment, newest, old)
  }

  #annotate(deployment: Workload, revision: number): void {
    const annotations = { ...deployment.metadata.annotations, [revisionKey]: String(revision) }
    this.scene.api.write(deployment, { metadata: { annotations } }, writer())
  }

  #begin(deployment: Workload, old: readonly Workload[]): void {
    const { api } = this.scene
    const hash = templateHash(deployment.spec.template)
    const revision = Math.max(0, ...old.map(revisionOf)) + 1
    const { apiVersion, kind, metadata, spec } = deployment
    const name = `${metadata.name}-${hash}`
    const replicas = spec.strategy?.type === 'Recreate' && this.#podsOf(old) > 0 ? 0 : this.#room(deployment, old, 0)
    const set = api.create<Workload>(
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name,
          labels: { ...spec.template.metadata.labels, 'pod-template-hash': hash },
          annotations: { [revisionKey]: String(revision) },
          ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }],
        },
        spec: { replicas, minReadySeconds: spec.minReadySeconds ?? 0, template: spec.template },
        status: { replicas: 0 },
      },
      writer(),
    )
    if (replicas > 0) this.#tellScale(deployment, set, 0, replicas)
    this.#annotate(deployment, revision)
    const created: Condition = {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetCreated',
      message: `Created new replica set "${name}"`,
    }
    const conditions = withCondition(deployment.status.conditions, created, api.stamp)
    writeStatus(deployment, { ...deployment.status, conditions }, this.scene)
  }

  /** How many pods of the newest may be there, with so many wanted now. */
  #room({ spec }: Workload, old: readonly Workload[], now: number): number {
    const replicas = spec.replicas ?? 1
    const most = replicas + (spec.strategy?.rollingUpdate?.maxSurge ?? 1)
    const total = sum(old, set => set.spec.replicas) + now
    return total >= most ? now : Math.min(replicas, now + most - total)
  }

  #scale(deployment: Workload, set: Workload, replicas: number): void {
    const before = set.spec.replicas ?? 0
    if (before === replicas) return
    this.scene.api.write(set, { spec: { ...set.spec, replicas } }, writer())
    this.#tellScale(deployment, set, before, replicas)
  }

  #tellScale(deployment: Workload, { metadata }: Workload, from: number, to: number): void {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`
    this.scene.api.event(deployment, { reason: 'ScalingReplicaSet', message, by })
  }

  #exchange(deployment: Workload, newest: Workload, old: readonly Workload[]): void {
    const wanted = deployment.spec.replicas ?? 1
    const current = newest.spec.replicas ?? 0
    const next = current > wanted ? wanted : this.#room(deployment, old, current)
    if (next !== current) return this.#scale(deployment, newest, next)
    const least = wanted - (deployment.spec.strategy?.rollingUpdate?.maxUnavailable ?? 0)
    const all = [...old, newest]
    const unavailable = current - (newest.status.availableReplicas ?? 0)
    let removable = sum(all, set => set.spec.replicas) - least - unavailable
    // Old pods that do not work go first: nobody misses them.
    for (const set of old) {
      const broken = (set.spec.replicas ?? 0) - (set.status.availableReplicas ?? 0)
      const less = Math.min(broken, removable)
      if (less > 0) {
        removable -= less
        this.#scale(deployment, set, (set.spec.replicas ?? 0) - less)
      }
    }
    let spare = sum(all, set => set.status.availableReplicas) - least
    for (const set of old) {
      const live = this.scene.api.get<Workload>('ReplicaSet', set.metadata.name) ?? set
      const less = Math.min(live.spec.replicas ?? 0, spare, Math.max(0, removable))
      if (less <= 0) continue
      spare -= less
      this.#scale(deployment, live, (live.spec.replicas ?? 0) - less)
    }
  }

  #recreate(deployment: Workload, newest: Workload, old: readonly Workload[]): void {
    for (const set of old) this.#scale(deployment, set, 0)
    if (this.#podsOf(old) === 0) this.#scale(deployment, newest, deployment.spec.replicas ?? 1)
  }

  #podsOf(sets: readonly Workload[]): number {
    return this.scene.api.list<Pod>('Pod').filter(pod => !isOver(pod) && sets.some(set => isOwnedBy(pod, set))).length
  }

  #report(deployment: Workload, newest: Workload | undefined, old: readonly Workload[]): void {
    const { api } = this.scene
    const stored = api.get<Workload>('Deployment', deployment.metadata.name)
    if (stored === undefined) return
    const sets = [...old, ...(newest === undefined ? [] : [newest])].map(
      set => api.get<Workload>('ReplicaSet', set.metadata.name) ?? set,
    )
    const fresh = sets.find(({ metadata }) => metadata.uid === newest?.metadata.uid)
    const counts = {
      replicas: sum(sets, set => set.status.replicas),
      updatedReplicas: fresh?.status.replicas ?? 0,
      readyReplicas: sum(sets, set => set.status.readyReplicas),
      availableReplicas: sum(sets, set => set.status.availableReplicas),
    }
    const unavailable = sum(sets, set => set.spec.replicas) - counts.availableReplicas
    const written = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
    const status = {
      observedGeneration: deployment.metadata.generation ?? 1,
      ...written,
      ...(unavailable > 0 ? { unavailableReplicas: unavailable } : {}),
      conditions: this.#conditions(stored, fresh, counts),
    }
    writeStatus(deployment, status, this.scene)
  }

  #conditions(
    stored: Workload,
    newest: Workload | undefined,
    counts: { replicas: number; updatedReplicas: number; readyReplicas: number; availableReplicas: number },
  ): readonly Condition[] {
    const { api } = this.scene
    const { spec } = stored
    const replicas = spec.replicas ?? 1
    const isRecreate = spec.strategy?.type === 'Recreate'
    const least = replicas - (isRecreate ? 0 : (spec.strategy?.rollingUpdate?.maxUnavailable ?? 0))
    const enough = counts.availableReplicas >= least
    const available: Condition = enough
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }
      : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' }
    const conditions = withCondition(stored.status.conditions, available, api.stamp)
    const progressing = this.#progressing(stored, newest, counts, replicas)
    return progressing === undefined ? conditions : withProgress(conditions, progressing, api.stamp)
  }

  #progressing(
    stored: Workload,
    newest: Workload | undefined,
    counts: { replicas: number; updatedReplicas: number; readyReplicas: number; availableReplicas: number },
    wanted: number,
  ): Condition | undefined {
    const { status, spec } = stored
    const name = newest?.metadata.name ?? stored.metadata.name
    const before = conditionOf(stored, 'Progressing')
    if (spec.paused === true)
      return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
    const isOver = counts.replicas === counts.updatedReplicas && before?.reason === 'NewReplicaSetAvailable'
    if (isOver) return undefined
    const is = (reason: string, message: string, value: 'True' | 'False' = 'True'): Condition => ({
      type: 'Progressing',
      status: value,
      reason,
      message: `ReplicaSet "${name}" ${message}`,
    })
    const { updatedReplicas: updated, replicas, availableReplicas: available, readyReplicas: ready } = counts
    if (updated === wanted && replicas === wanted && available === wanted)
      return is('NewReplicaSetAvailable', 'has successfully progressed.')
    const moved =
      updated > (status.updatedReplicas ?? 0) ||
      replicas - updated < (status.replicas ?? 0) - (status.updatedReplicas ?? 0) ||
      ready > (status.readyReplicas ?? 0) ||
      available > (status.availableReplicas ?? 0)
    if (moved) return is('ReplicaSetUpdated', 'is progressing.')
    return this.#overdue(stored, before)
      ? is('ProgressDeadlineExceeded', 'has timed out progressing.', 'False')
      : undefined
  }

  #overdue({ spec }: Workload, before: Condition | undefined): boolean {
    if (before === undefined || before.reason === 'NewReplicaSetAvailable') return false
    if (before.reason === 'ProgressDeadlineExceeded') return true
    const end = Date.parse(before.lastUpdateTime ?? '') + 1_000 * (spec.progressDeadlineSeconds ?? 600)
    if (this.scene.time.now >= end) return true
    this.wake(end - this.scene.time.now)
    return false
  }
}

/** Unlike other conditions, progress moves its `lastUpdateTime` each time. */
function withProgress(conditions: readonly Condition[], progressing: Condition, stamp: string): readonly Condition[] {
  const before = conditions.find(({ type }) => type === 'Progressing')
  const isNew = before?.reason !== progressing.reason || progressing.reason === 'ReplicaSetUpdated'
  if (!isNew) return conditions
  const since = before?.status === progressing.status ? (before.lastTransitionTime ?? stamp) : stamp
  return [
    ...conditions.filter(({ type }) => type !== 'Progressing'),
    { ...progressing, lastUpdateTime: stamp, lastTransitionTime: since },
  ]
}
