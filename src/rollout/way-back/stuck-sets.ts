import { KubeError } from '../../kubernetes/errors.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { keyOf, nameOf } from '../../kubernetes/names.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { ReleasePorts } from '../ports.ts'

const pollMs = 1_000
const revisionLabel = 'controller-revision-hash'
const podKind = { apiVersion: 'v1', kind: 'Pod' } as const

interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly podManagementPolicy?: string
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly updateStrategy?: { readonly type?: string }
  }
  readonly status?: { readonly observedGeneration?: number; readonly updateRevision?: string }
}

interface Pod extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/**
 * A StatefulSet waits for a pod of a bad revision to become ready before it replaces it, also when the set has long
 * been changed back (kubernetes/kubernetes#67250; from 1.35 on sets with parallel pod management, too). Deletes such
 * pods, which the controller then makes anew, until none is left. Ends with `signal`; never throws: a set that stays
 * stuck is for the gate to say.
 */
export async function freeStuckSets(objects: readonly KubeObject[], ports: ReleasePorts): Promise<void> {
  const sets = objects.filter(({ apiVersion, kind }) => kind === 'StatefulSet' && apiVersion === 'apps/v1')
  if (sets.length === 0) return
  try {
    const minor = minorOf(await ports.cluster.version(ports.signal))
    await Promise.all(sets.filter(set => getsStuck(set as StatefulSet, minor)).map(set => free(set, ports)))
  } catch (thrown) {
    if (ports.signal.aborted) return
    const denied = thrown instanceof KubeError && thrown.status === 403
    ports.log.warn(
      `Pods of an earlier revision may hold up a StatefulSet: ${messageOf(thrown)}${denied ? ' The role needs the verb "delete" on "pods" to replace them.' : ''}`,
    )
  }
}

async function free(applied: KubeObject, { cluster, clock, log, signal }: ReleasePorts): Promise<void> {
  for (;;) {
    const set = (await cluster.get(keyOf(applied), signal)) as StatefulSet | undefined
    if (!set) return
    const target = currentRevision(set)
    if (target !== undefined) {
      const stuck = (await podsOf(set, { cluster, signal })).filter(pod => holdsUp(pod, target))
      if (stuck.length === 0) return
      for (const pod of stuck) {
        log.info(`replaced  ${nameOf(pod)}: it is of an earlier revision, not ready, and ${nameOf(set)} waits for it`)
        await cluster.remove(keyOf(pod), signal)
      }
    }
    await clock.sleep(pollMs, signal)
  }
}

/** The revision that the pods should have; undefined until the controller has seen the change. */
function currentRevision({ metadata, status }: StatefulSet): string | undefined {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) ? status?.updateRevision : undefined
}

async function podsOf(
  { metadata, spec }: StatefulSet,
  { cluster, signal }: Pick<ReleasePorts, 'cluster' | 'signal'>,
): Promise<readonly Pod[]> {
  const selector = Object.entries(spec.selector.matchLabels ?? {}).map(pair => pair.join('='))
  const pods = await cluster.list(podKind, metadata.namespace, selector.join(','), signal)
  return pods.filter(pod => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true)
}

function holdsUp(pod: Pod, target: string): boolean {
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  const { labels, deletionTimestamp } = pod.metadata
  return !ready && deletionTimestamp === undefined && labels?.[revisionLabel] !== target
}

function getsStuck({ spec }: StatefulSet, minor: number): boolean {
  if (spec.updateStrategy?.type === 'OnDelete') return false
  return spec.podManagementPolicy !== 'Parallel' || minor >= 35
}

/** `v1.36.4-eks-1a2b3c` → 36; 0 when it has another form. */
function minorOf(version: string): number {
  return Number(/^v1\.(\d+)/.exec(version)?.[1] ?? 0)
}
