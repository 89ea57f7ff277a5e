import { inParallel } from '../../runtime/parallel.ts'
import type { Discovery } from '../discovery.ts'
import type { Kind } from '../model.ts'
import { groupOf } from '../names.ts'
import { isRecord } from '../objects.ts'
import type { KubeRequest, Transport } from '../transport.ts'

/** Verbs on the objects of a kind that some work needs. */
export interface Need extends Kind {
  /** Ignored for kinds that live in no namespace. */
  readonly namespace?: string
  /** `log` of pods. */
  readonly subresource?: string
  readonly verbs: readonly string[]
  /** True for what only makes answers better: its lack is no error. */
  readonly optional?: boolean
}

/** One verb on one resource, as RBAC has it. */
export interface Right {
  readonly verb: string
  /** Empty for the core API. */
  readonly group: string
  /** Plural, with its subresource: `pods/log`. */
  readonly resource: string
  readonly namespace?: string
  readonly optional?: boolean
}

/** Who a client is for the API server. */
export interface Subject {
  readonly user: string
  readonly groups: readonly string[]
}

/** What the API server says of the rights of the client itself. */
export interface AccessReview {
  /** The needs as rights, each once; kinds that the server does not serve are left out. */
  rightsFor(needs: readonly Need[], signal: AbortSignal): Promise<readonly Right[]>
  /** Those of the rights that it would refuse. */
  missing(rights: readonly Right[], signal: AbortSignal): Promise<readonly Right[]>
  whoAmI(signal: AbortSignal): Promise<Subject>
}

const parallelRequests = 16
/** A failure is to be explained now, or not at all. */
const patienceMs = 5_000

/**
 * One SelfSubjectAccessReview per right. A SelfSubjectRulesReview would take one request per namespace, but it lists
 * only what RBAC grants: EKS grants access policies by a webhook, of which it knows nothing (docs/adr/0020).
 */
export function createReview(transport: Pick<Transport, 'json'>, discovery: Discovery): AccessReview {
  const allowed = async (right: Right, signal: AbortSignal): Promise<boolean> => {
    const answer = await transport.json({ ...post(accessReviews, accessReviewOf(right)), signal })
    const status = isRecord(answer) ? answer['status'] : undefined
    return isRecord(status) && status['allowed'] === true
  }
  return {
    async rightsFor(needs, signal) {
      const found = await Promise.all(needs.map(need => rightsOf(need, discovery, signal)))
      return unique(found.flat())
    },
    async missing(rights, signal) {
      const answers = await inParallel(rights, parallelRequests, right => allowed(right, signal))
      return rights.filter((_, index) => answers[index] === false)
    },
    async whoAmI(signal) {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
      const answer = await transport.json({
        ...post('/apis/authentication.k8s.io/v1/selfsubjectreviews', body),
        signal,
      })
      const status = isRecord(answer) ? answer['status'] : undefined
      const info = isRecord(status) && isRecord(status['userInfo']) ? status['userInfo'] : {}
      const { username, groups } = info
      return {
        user: typeof username === 'string' ? username : '',
        groups: Array.isArray(groups) ? groups.filter(group => typeof group === 'string') : [],
      }
    },
  }
}

async function rightsOf(need: Need, discovery: Discovery, signal: AbortSignal): Promise<readonly Right[]> {
  const found = await discovery.find(need, signal)
  if (found === undefined) return []
  const { namespace, subresource, verbs, optional } = need
  const resource = subresource === undefined ? found.plural : `${found.plural}/${subresource}`
  return verbs.map(verb => ({
    verb,
    group: groupOf(need),
    resource,
    ...(found.namespaced && namespace !== undefined ? { namespace } : {}),
    ...(optional === true ? { optional } : {}),
  }))
}

/** What is needed in one place is not optional because it is in another. */
function unique(rights: readonly Right[]): readonly Right[] {
  const byKey = Map.groupBy(rights, ({ verb, group, resource, namespace = '' }) =>
    [namespace, group, resource, verb].join(' '),
  )
  return [...byKey.values()].flatMap(same => same.find(({ optional }) => optional !== true) ?? same.slice(0, 1))
}

const accessReviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

function accessReviewOf({ verb, group, resource: full, namespace }: Right): object {
  const [resource, subresource] = full.split('/')
  const place = namespace === undefined ? {} : { namespace }
  const below = subresource === undefined ? {} : { subresource }
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { ...place, verb, group, resource, ...below } },
  }
}

/** Reviews are made, not stored: asking twice changes nothing. */
function post(path: string, body: object): KubeRequest {
  const contentType = 'application/json'
  return { method: 'POST', path, body: JSON.stringify(body), contentType, idempotent: true, patienceMs }
}
