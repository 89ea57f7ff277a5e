import type { Keep, Kind, KubeObject } from '../../kubernetes/model.ts'
import { isRecord, writersOf } from '../../kubernetes/objects.ts'

/** Fields to leave out. `true` leaves a field out; a nested one goes into the field, or into each item of its list. */
interface Without {
  readonly [field: string]: true | Without
}

/** A copy of the manifest that `kubectl apply` leaves on what it made. */
const manifestCopy: Without = {
  metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': true } },
}

const container: Without = {
  args: true,
  command: true,
  env: true,
  envFrom: true,
  lifecycle: true,
  resources: true,
  securityContext: true,
  terminationMessagePath: true,
  terminationMessagePolicy: true,
  volumeDevices: true,
  volumeMounts: true,
}
const containerStatus: Without = {
  allocatedResources: true,
  containerID: true,
  resources: true,
  user: true,
  volumeMounts: true,
}

/**
 * What no rule asks of the kinds that come by the thousand. Left out is named, not what stays, so that a rule that reads
 * a new field finds it; a rule that wants one of these takes it off the list.
 */
const massKinds: Readonly<Record<string, Without>> = {
  Pod: {
    metadata: { annotations: true },
    spec: {
      affinity: true,
      containers: container,
      initContainers: container,
      ephemeralContainers: true,
      securityContext: true,
      tolerations: true,
      topologySpreadConstraints: true,
      // Every pod has one, for the token of its service account.
      volumes: { projected: true, emptyDir: true, downwardAPI: true },
    },
    status: { containerStatuses: containerStatus, initContainerStatuses: containerStatus, podIPs: true, hostIPs: true },
  },
  ReplicaSet: { ...manifestCopy, spec: { template: true } },
  Node: { metadata: { annotations: true }, status: { images: true, volumesAttached: true, volumesInUse: true } },
  Event: {},
}

/**
 * What the gate keeps of the objects of a kind. Of the writers of a pod, an event, a node or a ReplicaSet only the last
 * one's time is of use, as a sign of how far the clocks are apart. A workload keeps its template and its writers: they
 * tell whether somebody else changed it.
 */
export function keepOf({ kind }: Kind): Keep {
  const left = massKinds[kind]
  if (left === undefined) return object => without(object, manifestCopy) as KubeObject
  return object => withLastWriteOnly(without(object, left) as KubeObject)
}

function withLastWriteOnly(object: KubeObject): KubeObject {
  const times = writersOf(object).flatMap(({ time }) => time ?? [])
  // RFC 3339 in UTC with whole seconds, as the API server writes it, sorts as text.
  const time = times.reduce((last, next) => (next > last ? next : last), '')
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata: time === '' ? metadata : { ...metadata, managedFields: [{ time }] } }
}

/** A copy along the paths that lose something; all else is shared with `value`. */
function without(value: unknown, left: Without): unknown {
  if (Array.isArray(value)) return value.map(item => without(item, left))
  if (!isRecord(value)) return value
  const kept: Record<string, unknown> = {}
  for (const [field, inside] of Object.entries(value)) {
    const rule = left[field]
    if (rule !== true) kept[field] = rule === undefined ? inside : without(inside, rule)
  }
  return kept
}
