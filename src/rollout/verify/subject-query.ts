import { isSettledWhenStored } from '../../health/assess.ts'
import { controllerOf } from '../../health/ownership.ts'
import { KubeError } from '../../kubernetes/errors.ts'
import type { Kind, KubeObject } from '../../kubernetes/model.ts'
import { keyOf, nameOf } from '../../kubernetes/names.ts'
import { UserError } from '../../runtime/errors.ts'
import type { NamedWorkload } from '../../runtime/kubernetes-parsers.ts'
import { nearest } from '../../runtime/nearest.ts'
import { inParallel } from '../../runtime/parallel.ts'
import type { ReleasePorts } from '../ports.ts'
import { scopesOf } from '../set/scopes.ts'

/** What is to be judged: named, found by label, of a Helm release, or as files say. */
export type SubjectQuery =
  | { readonly by: 'name'; readonly workloads: readonly NamedWorkload[] }
  | { readonly by: 'label'; readonly selector: string }
  | { readonly by: 'helm'; readonly release: string }
  | { readonly by: 'manifest'; readonly objects: readonly KubeObject[] }

const workloadKinds: readonly Kind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
]
/** Looked for where the role may; what it may not list is not judged. */
const otherKinds: readonly Kind[] = [
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
]

const parallelRequests = 8
/** Names that a message lists. */
const mostNames = 10

/**
 * The live objects of `query`, as fresh reads show them. Only reads. Throws UserError that says what is there when one
 * is missing or nothing is found.
 */
export async function findSubjects(
  query: SubjectQuery,
  namespace: string,
  ports: ReleasePorts,
): Promise<readonly KubeObject[]> {
  switch (query.by) {
    case 'name':
      return getAll(named(query.workloads, namespace), 'workloads', ports)
    case 'manifest':
      return getAll(await judgeable(query.objects, namespace, ports), 'from-manifests', ports)
    case 'label':
      return labelled(query.selector, namespace, ports)
    case 'helm':
      break
  }
  return ofRelease(query.release, namespace, ports)
}

/** What is known of the objects of `query` before the cluster is asked: by label it is their kinds. Pure. */
export function soughtBy(query: SubjectQuery, namespace: string): readonly KubeObject[] {
  switch (query.by) {
    case 'name':
      return named(query.workloads, namespace)
    case 'manifest':
      return query.objects
    case 'label':
    case 'helm':
      break
  }
  return workloadKinds.map(kind => ({ ...kind, metadata: { name: '', namespace } }))
}

function named(workloads: readonly NamedWorkload[], namespace: string): readonly KubeObject[] {
  return workloads.map(({ apiVersion, kind, name }) => ({ apiVersion, kind, metadata: { name, namespace } }))
}

async function labelled(selector: string, namespace: string, ports: ReleasePorts): Promise<readonly KubeObject[]> {
  const found = await listAll([...workloadKinds, ...otherKinds], namespace, selector, ports)
  if (found.length > 0) return found
  throw await nothingFound(`input "selector": nothing in namespace "${namespace}" has ${selector}.`, namespace, ports)
}

async function ofRelease(release: string, namespace: string, ports: ReleasePorts): Promise<readonly KubeObject[]> {
  const helms = await listAll([...workloadKinds, ...otherKinds], namespace, helmLabel, ports)
  const found = helms.filter(object => releaseOf(object) === release)
  if (found.length > 0) return found
  throw noRelease(release, namespace, helms)
}

/** Helm puts both on everything it makes, hooks apart (helm.sh/docs/chart_best_practices/labels). */
const helmLabel = 'app.kubernetes.io/managed-by=Helm'

function releaseOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.['meta.helm.sh/release-name']
}

/** The objects of manifests that have a state of their own, with their namespaces. */
async function judgeable(
  objects: readonly KubeObject[],
  namespace: string,
  { cluster, signal }: ReleasePorts,
): Promise<readonly KubeObject[]> {
  const alive = objects.filter(object => !isSettledWhenStored(object))
  const namespaced = await scopesOf(alive, cluster, signal)
  return alive.map(object => {
    const { namespace: given = namespace, ...metadata } = object.metadata
    return { ...object, metadata: namespaced(object) ? { ...metadata, namespace: given } : metadata }
  })
}

async function getAll(
  wanted: readonly KubeObject[],
  input: string,
  { cluster, signal }: ReleasePorts,
): Promise<readonly KubeObject[]> {
  const found = await inParallel(wanted, parallelRequests, object => cluster.get(keyOf(object), signal))
  const missing = wanted.filter((_, index) => found[index] === undefined)
  const [first] = missing
  if (first === undefined) return found.filter(object => object !== undefined)
  const { apiVersion, kind, metadata } = first
  const others = await cluster.list({ apiVersion, kind }, metadata.namespace, undefined, signal)
  throw notThere(missing, others, input)
}

function notThere(missing: readonly KubeObject[], others: readonly KubeObject[], input: string): UserError {
  const [first] = missing
  const names = others.map(({ metadata }) => metadata.name)
  const near = first && nearest(first.metadata.name, names)
  const is = missing.length === 1 ? 'does not exist' : 'do not exist'
  return new UserError('verify-missing', `input "${input}": ${missing.map(nameOf).join(', ')} ${is} in the cluster.`, {
    why:
      names.length === 0
        ? `There is no ${first?.kind} in that namespace at all.`
        : `Of kind ${first?.kind} there ${names.length === 1 ? 'is' : 'are'} ${listed(names)}.`,
    todo:
      near === undefined ? 'Correct the input, or let what applies it run before this step.' : `Did you mean ${near}?`,
  })
}

/** Jobs that a CronJob made are its history, not the release. */
async function listAll(
  kinds: readonly Kind[],
  namespace: string,
  selector: string | undefined,
  { cluster, signal, log }: ReleasePorts,
): Promise<readonly KubeObject[]> {
  const lists = await inParallel(kinds, parallelRequests, async kind => {
    try {
      return await cluster.list(kind, namespace, selector, signal)
    } catch (thrown) {
      if (!(thrown instanceof KubeError) || thrown.status !== 403 || workloadKinds.includes(kind)) throw thrown
      log.info(`${kind.kind} objects are not judged: the role may not list them.`)
      return []
    }
  })
  return lists.flat().filter(object => object.kind !== 'Job' || controllerOf(object) === undefined)
}

async function nothingFound(what: string, namespace: string, ports: ReleasePorts): Promise<UserError> {
  const there = await listAll(workloadKinds, namespace, undefined, ports)
  const labels = new Set(
    there.flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}).map(pair => pair.join('='))),
  )
  return new UserError('verify-nothing', what, {
    why:
      there.length === 0
        ? 'There is no workload in that namespace at all.'
        : `There ${there.length === 1 ? 'is' : 'are'} ${listed(there.map(nameOf))}, with ${labels.size === 0 ? 'no labels' : listed([...labels])}.`,
    todo: 'Correct the input "selector" or "namespace"; nothing is called healthy that was not seen.',
  })
}

function noRelease(release: string, namespace: string, helms: readonly KubeObject[]): UserError {
  const names = [...new Set(helms.map(releaseOf).filter(name => name !== undefined))]
  const near = nearest(release, names)
  return new UserError(
    'verify-nothing',
    `input "helm-release": nothing in namespace "${namespace}" belongs to a Helm release "${release}".`,
    {
      why: names.length === 0 ? 'Nothing there was made by Helm.' : `Helm releases there: ${listed(names)}.`,
      todo: near === undefined ? 'Correct the input "helm-release" or "namespace".' : `Did you mean ${near}?`,
    },
  )
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames
  return `${names.slice(0, mostNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
