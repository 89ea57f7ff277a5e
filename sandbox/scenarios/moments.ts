/** When the evidence of a scenario was there: found in the writes of its namespace, without the gate's own rules. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { Write } from './audit.ts'

export interface Moment {
  /** `second exit` */
  readonly name: string
  /** Milliseconds; undefined when it never came. `startedAt`: when the release began. */
  find(writes: readonly Write[], startedAt: number): number | undefined
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
}

interface ContainerStatus {
  readonly restartCount: number
  readonly state?: { readonly running?: object; readonly waiting?: { readonly reason?: string } }
}

interface Status {
  readonly conditions?: readonly Condition[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
  readonly desiredNumberScheduled?: number
  readonly updatedNumberScheduled?: number
  readonly numberAvailable?: number
}

const statusOf = (object: KubeObject | undefined): Status => object?.['status'] ?? {}

const containersOf = (object: KubeObject | undefined): readonly ContainerStatus[] => {
  const { containerStatuses = [], initContainerStatuses = [] } = statusOf(object)
  return [...initContainerStatuses, ...containerStatuses]
}

function first(name: string, matches: (write: Write) => boolean): Moment {
  return { name, find: writes => writes.find(matches)?.at }
}

const isStatusOf = (write: Write, resource: string): boolean =>
  write.resource === resource && (write.subresource === 'status' || write.object?.['status'] !== undefined)

/** The release itself, for verdicts that need nothing more. */
export const start: Moment = { name: 'start of the release', find: (_, startedAt) => startedAt }

/** The n-th end of a container, whatever the code. */
export function exit(nth: number, name = nth === 2 ? 'second exit' : `exit number ${nth}`): Moment {
  return first(
    name,
    write =>
      isStatusOf(write, 'pods') &&
      containersOf(write.object).some(
        ({ restartCount, state }) =>
          restartCount >= nth || (restartCount === nth - 1 && state?.running === undefined && restartCount > 0),
      ),
  )
}

/** A container waits for this reason. */
export function waiting(reason: RegExp, name: string): Moment {
  return first(
    name,
    write =>
      isStatusOf(write, 'pods') &&
      containersOf(write.object).some(({ state }) => reason.test(state?.waiting?.reason ?? '')),
  )
}

/** A container runs, whatever it does then. */
export const running = first(
  'container started',
  write => isStatusOf(write, 'pods') && containersOf(write.object).some(({ state }) => state?.running !== undefined),
)

export const pullError = waiting(/^(ErrImagePull|ImagePullBackOff)$/, 'first pull error')

/** An event, of whichever API group; `nth` counts its repetitions too. */
export function event(reason: string, name = `event ${reason}`): Moment {
  return first(name, ({ resource, object }) => resource === 'events' && object?.['reason'] === reason)
}

/** A condition of a pod or a workload becomes this. */
export function condition(resource: string, type: string, status: string, name: string, reason?: string): Moment {
  return first(
    name,
    write =>
      isStatusOf(write, resource) &&
      (statusOf(write.object).conditions ?? []).some(
        found => found.type === type && found.status === status && (reason === undefined || found.reason === reason),
      ),
  )
}

/** No pod could be made. Deployments say it in a condition of their ReplicaSet, the other controllers in an event. */
export const refused: Moment = {
  name: 'first refusal',
  find(writes) {
    const moments = [condition('replicasets', 'ReplicaFailure', 'True', ''), event('FailedCreate')]
    const times = moments.flatMap(moment => moment.find(writes, 0) ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  },
}

/** The write with which the controller called its workload complete, the last time that it did. */
export function available(resource: 'deployments' | 'statefulsets' | 'daemonsets', soakSeconds: number): Moment {
  return {
    name: `last needed status, ${soakSeconds} s soak included`,
    find(writes, startedAt) {
      let since: number | undefined
      for (const write of writes.filter(write => isStatusOf(write, resource) && write.at >= startedAt)) {
        if (!isComplete(write.object)) since = undefined
        else since ??= write.at
      }
      return since
    },
  }
}

function isComplete(object: KubeObject | undefined): boolean {
  const status = statusOf(object)
  const { replicas = 1 } = (object?.['spec'] ?? {}) as { replicas?: number }
  const wanted = status.desiredNumberScheduled ?? replicas
  const updated = status.updatedReplicas ?? status.updatedNumberScheduled ?? 0
  const ready = status.availableReplicas ?? status.numberAvailable ?? 0
  const current = status.observedGeneration === object?.metadata.generation
  return current && updated >= wanted && ready >= wanted && (status.replicas ?? wanted) <= wanted
}

/** The first write of an object by a verb: `create deployments`. */
export function write(verb: string, resource: string, name: string): Moment {
  return {
    name,
    find: (writes, startedAt) =>
      writes.find(
        one =>
          one.verb === verb && one.resource === resource && one.subresource === undefined && one.at > startedAt + 500,
      )?.at,
  }
}
