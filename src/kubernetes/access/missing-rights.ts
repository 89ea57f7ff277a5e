import { DeniedError, SlipwayError } from '../../runtime/errors.ts'
import { toPaste } from './paste.ts'
import type { Right, Subject } from './review.ts'
import { suggestedGroup } from './unauthorized.ts'

/** What is known when the API server refuses something for want of a right. */
export interface RightsFacts {
  readonly cluster: string
  readonly region: string
  readonly roleArn: string
  /** Name for the Roles to paste: that of the application. */
  readonly application: string
  readonly subject: Subject
  /** All that is needed, the optional rights too. */
  readonly needed: readonly Right[]
  /** What of that is refused and not optional; at least one. */
  readonly missing: readonly Right[]
  /** What was refused; the object that it is about stays in sight. */
  readonly cause?: unknown
}

/** Names every right that is missing, with the Roles and bindings that give what the work needs. Pure. */
export function explainMissingRights(facts: RightsFacts): DeniedError {
  const { cluster, region, roleArn, missing, subject, cause } = facts
  const group = ownGroup(subject)
  const join =
    group === undefined
      ? ` The role is in no group of its own, so give its access entry that one first: aws eks update-access-entry --cluster-name ${cluster} --region ${region} --principal-arn ${roleArn} --kubernetes-groups ${suggestedGroup}`
      : ''
  return new DeniedError('cluster-rights', `${roleArn} lacks rights in cluster "${cluster}".`, {
    why: `Missing (${missing.length}): ${sayRights(missing)}.`,
    todo: `Let somebody who may, apply the Role and RoleBinding that the summary of this step shows; they give the group "${group ?? suggestedGroup}" all that this needs.${join}`,
    details: toPaste('yaml', manifestsFor(facts, group ?? suggestedGroup), 'All that this needs, for `kubectl apply`:'),
    ...(cause instanceof SlipwayError ? { about: cause.about } : {}),
    cause,
  })
}

/** `create, patch on secrets and list, watch on pods in namespace "shop"; get on nodes in the whole cluster`. */
export function sayRights(rights: readonly Right[]): string {
  const places = Map.groupBy(rights, ({ namespace }) => namespace)
  return [...places]
    .map(([namespace, inPlace]) => {
      const what = rulesOf(inPlace).map(({ resources, groups, verbs }) => {
        const [group = ''] = groups
        return `${verbs.join(', ')} on ${resources.map(name => (group === '' ? name : `${name}.${group}`)).join(', ')}`
      })
      return `${what.join(' and ')} in ${namespace === undefined ? 'the whole cluster' : `namespace "${namespace}"`}`
    })
    .join('; ')
}

/** A group of the role that stands for it: those of Kubernetes itself hold others, too. */
function ownGroup({ groups }: Subject): string | undefined {
  return groups.find(group => !group.startsWith('system:'))
}

interface Rule {
  readonly groups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const verbOrder = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

/** Resources of one API group that need the same verbs stand in one rule. */
function rulesOf(rights: readonly Right[]): readonly Rule[] {
  const byResource = Map.groupBy(rights, ({ group, resource }) => `${group} ${resource}`)
  const single = [...byResource.values()].map(same => ({
    group: same[0]?.group ?? '',
    resource: same[0]?.resource ?? '',
    verbs: same.map(({ verb }) => verb).toSorted((a, b) => verbOrder.indexOf(a) - verbOrder.indexOf(b)),
  }))
  const alike = Map.groupBy(single, ({ group, verbs }) => `${group} ${verbs.join()}`)
  return [...alike.values()].map(rules => ({
    groups: [rules[0]?.group ?? ''],
    resources: rules.map(({ resource }) => resource).toSorted(),
    verbs: rules[0]?.verbs ?? [],
  }))
}

/**
 * A Role and its binding per namespace, a ClusterRole for what lives in none. They hold everything that is needed, not
 * what is missing alone: what was granted under the same name before would be lost.
 */
function manifestsFor({ application, needed, missing }: RightsFacts, group: string): string {
  const places = Map.groupBy(needed, ({ namespace }) => namespace)
  const documents = [...places].flatMap(([namespace, rights]) => {
    // What is optional in the whole cluster is for whoever wants it, not for a Role to paste.
    const wanted = namespace === undefined ? rights.filter(({ optional }) => optional !== true) : rights
    const given = namespace === undefined && !missing.some(right => right.namespace === undefined)
    return wanted.length === 0 || given ? [] : roleAndBinding(`slipway-${application}`, namespace, wanted, group)
  })
  return documents.join('\n---\n')
}

function roleAndBinding(
  name: string,
  namespace: string | undefined,
  rights: readonly Right[],
  group: string,
): readonly string[] {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role'
  const metadata = `metadata: { name: ${name}${namespace === undefined ? '' : `, namespace: ${namespace}`} }`
  const api = 'rbac.authorization.k8s.io'
  const rules = rulesOf(rights).map(
    ({ groups, resources, verbs }) =>
      `  - { apiGroups: ["${groups.join('", "')}"], resources: [${resources.join(', ')}], verbs: [${verbs.join(', ')}] }`,
  )
  return [
    [`apiVersion: ${api}/v1`, `kind: ${kind}`, metadata, 'rules:', ...rules].join('\n'),
    [
      `apiVersion: ${api}/v1`,
      `kind: ${kind}Binding`,
      metadata,
      `roleRef: { apiGroup: ${api}, kind: ${kind}, name: ${name} }`,
      'subjects:',
      `  - { apiGroup: ${api}, kind: Group, name: "${group}" }`,
    ].join('\n'),
  ]
}
