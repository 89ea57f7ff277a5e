import { createHash } from 'node:crypto'
import type { KubeObject } from '../../kubernetes/model.ts'
import { groupOf } from '../../kubernetes/names.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { ReleasePorts } from '../ports.ts'

/**
 * The conventions of ApplySet (KEP-3659), so that `kubectl` and other tools can tell what belongs to a release: a
 * parent object per application that names its members' kinds, and a label on every member.
 */
const marks = {
  id: 'applyset.kubernetes.io/id',
  tooling: 'applyset.kubernetes.io/tooling',
  kinds: 'applyset.kubernetes.io/contains-group-kinds',
  namespaces: 'applyset.kubernetes.io/additional-namespaces',
} as const

/** Tools refuse to change the sets of others; the version is that of our conventions, not of a build. */
const tooling = 'slipway/v1'

interface Parent {
  readonly application: string
  readonly namespace: string
}

/** `applyset-<base64url(sha256(name.namespace.kind.group))>-v1` of the parent. Pure. */
export function applySetId({ application, namespace }: Parent): string {
  const hash = createHash('sha256')
    .update(`${nameOfParent(application)}.${namespace}.Secret.`)
    .digest('base64url')
  return `applyset-${hash}-v1`
}

/** The parent of an application whose members are, or may be, `members`. Pure. */
export function applySetParent(parent: Parent, members: readonly KubeObject[]): KubeObject {
  const kinds = members.map(member => [member.kind, groupOf(member)].filter(Boolean).join('.'))
  const others = members.flatMap(({ metadata }) => metadata.namespace ?? []).filter(name => name !== parent.namespace)
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: nameOfParent(parent.application),
      namespace: parent.namespace,
      labels: { [marks.id]: applySetId(parent) },
      annotations: {
        [marks.tooling]: tooling,
        [marks.kinds]: sorted(kinds),
        ...(others.length === 0 ? {} : { [marks.namespaces]: sorted(others) }),
      },
    },
    type: 'slipway.dev/applyset',
  }
}

/** Writes the parent. Before a release it names the kinds of the old set and of the new; after pruning the new alone. */
export async function writeApplySet(
  parent: Parent,
  members: readonly KubeObject[],
  { cluster, signal }: Pick<ReleasePorts, 'cluster' | 'signal'>,
): Promise<void> {
  await cluster.apply(applySetParent(parent, members), { force: true }, signal)
}

/** After pruning. The verdict stands: a parent that names a kind too many harms nobody. */
export async function closeApplySet(
  parent: Parent,
  members: readonly KubeObject[],
  { cluster, log }: Pick<ReleasePorts, 'cluster' | 'log'>,
): Promise<void> {
  try {
    await cluster.apply(applySetParent(parent, members), { force: true })
  } catch (thrown) {
    log.warn(`The kinds of ${parent.application} could not be noted: ${messageOf(thrown)}`)
  }
}

function nameOfParent(application: string): string {
  // Records are named `slipway-<application>-r<revision>`: another application's cannot have this name.
  return `slipway-${application}-members`
}

function sorted(names: readonly string[]): string {
  return [...new Set(names)].toSorted().join(',')
}
