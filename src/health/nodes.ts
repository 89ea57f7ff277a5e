import type { KubeObject } from '../kubernetes/model.ts'
import { condition, view, type Conditions } from './objects.ts'

interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export interface Node extends KubeObject {
  readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] }
  readonly status: Conditions
}

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

interface Term {
  readonly matchExpressions?: readonly Requirement[]
  readonly matchFields?: readonly Requirement[]
}

/** The parts of a pod template that say on which nodes it may run. */
export interface Placement {
  readonly nodeName?: string
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] }
    }
  }
  readonly tolerations?: readonly {
    readonly key?: string
    readonly operator?: string
    readonly value?: string
    readonly effect?: string
  }[]
}

/** Taints that the DaemonSet controller has every one of its pods tolerate. */
const toleratedByDaemons = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/unschedulable',
])

/** True for a node that was there when the release began and is fit for pods now. */
export function isSettled(node: KubeObject, atStart: ReadonlySet<string>): boolean {
  const { spec, status, metadata } = view<Node>(node)
  return (
    atStart.has(metadata.name) &&
    metadata.deletionTimestamp === undefined &&
    spec.unschedulable !== true &&
    condition(status.conditions, 'Ready')?.status === 'True'
  )
}

/** True when a DaemonSet with this template wants a pod on the node, as its controller decides it. */
export function wantsDaemon(placement: Placement, object: KubeObject): boolean {
  const node = view<Node>(object)
  if (placement.nodeName !== undefined && placement.nodeName !== node.metadata.name) return false
  const labels = node.metadata.labels ?? {}
  if (Object.entries(placement.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false
  const terms = placement.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (terms !== undefined && !terms.some(term => fits(term, node))) return false
  return (node.spec.taints ?? []).every(
    taint => taint.effect === 'PreferNoSchedule' || toleratedByDaemons.has(taint.key) || tolerates(placement, taint),
  )
}

/** An empty term fits nothing. */
function fits({ matchExpressions = [], matchFields = [] }: Term, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const fields = { 'metadata.name': metadata.name }
  return (
    matchExpressions.every(requirement => meets(requirement, metadata.labels ?? {})) &&
    matchFields.every(requirement => meets(requirement, fields))
  )
}

function meets({ key, operator, values = [] }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return Number(value) > Number(values[0])
    case 'Lt':
      return Number(value) < Number(values[0])
    default:
      return false
  }
}

function tolerates({ tolerations = [] }: Placement, taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator, value, effect }) =>
      (effect === undefined || effect === taint.effect) &&
      (operator === 'Exists'
        ? key === undefined || key === taint.key
        : key === taint.key && (value ?? '') === (taint.value ?? '')),
  )
}
