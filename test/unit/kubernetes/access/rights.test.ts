import { afterEach, describe, expect, test } from '@jest/globals'
import { loadAll } from 'js-yaml'
import { explainMissingRights, sayRights, type RightsFacts } from '../../../../src/kubernetes/access/missing-rights.ts'
import type { Right } from '../../../../src/kubernetes/access/review.ts'
import { createCluster, type ClusterClient } from '../../../../src/kubernetes/client.ts'
import { startApiServer } from '../../../support/api-server.ts'
import { recordingLog } from '../../../support/context.ts'
import { json, type Loopback } from '../../../support/loopback.ts'
import { SkippingClock } from '../../../support/manual-clock.ts'

const never = new AbortController().signal
const roleArn = 'arn:aws:iam::111122223333:role/deploy'
const right = (text: string, namespace: string | undefined = 'shop'): Right => {
  const [verb = '', resource = '', group = ''] = text.split(' ')
  return { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) }
}
const needed: readonly Right[] = [
  ...['get', 'create', 'patch', 'delete'].flatMap(verb => [
    right(`${verb} deployments apps`),
    right(`${verb} services`),
  ]),
  right('list pods'),
  right('watch pods'),
  { ...right('get pods/log'), optional: true },
  { ...right('list nodes', ''), namespace: undefined, optional: true } as unknown as Right,
]
const facts: RightsFacts = {
  cluster: 'prod',
  region: 'eu-west-1',
  roleArn,
  application: 'shop',
  subject: { user: 'ci:run', groups: ['gha:deploy', 'system:authenticated'] },
  needed,
  missing: [right('patch deployments apps'), right('create deployments apps'), right('watch pods')],
}

const manifestsIn = ({ details = '' }: { details?: string | undefined }): string =>
  /```yaml\n([\s\S]+)\n```/.exec(details)?.[1] ?? ''

describe('rights that are missing', () => {
  test('are all named at once, by verb, resource and place', () => {
    expect(explainMissingRights(facts)).toMatchObject({
      kind: 'denied',
      code: 'cluster-rights',
      message: `${roleArn} lacks rights in cluster "prod".`,
      why: 'Missing (3): create, patch on deployments.apps and watch on pods in namespace "shop".',
      todo: expect.stringContaining('they give the group "gha:deploy" all that this needs.'),
    })
  })

  test('in several places are told place by place', () => {
    const rights = [
      right('get secrets'),
      right('get leases coordination.k8s.io', 'other'),
      { verb: 'create', group: '', resource: 'namespaces' },
    ]
    expect(sayRights(rights)).toBe(
      'get on secrets in namespace "shop"; get on leases.coordination.k8s.io in namespace "other"; create on namespaces in the whole cluster',
    )
  })

  test('come with a Role for all that is needed, not for what is missing alone, and its binding to the own group', () => {
    const documents = loadAll(manifestsIn(explainMissingRights(facts)))
    expect(documents).toEqual([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'slipway-shop', namespace: 'shop' },
        rules: [
          { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'create', 'patch', 'delete'] },
          { apiGroups: [''], resources: ['services'], verbs: ['get', 'create', 'patch', 'delete'] },
          { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
          { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'slipway-shop', namespace: 'shop' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'slipway-shop' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'gha:deploy' }],
      },
    ])
  })

  test('in the whole cluster come with a ClusterRole', () => {
    const wide: Right = { verb: 'create', group: '', resource: 'namespaces' }
    const documents = loadAll(manifestsIn(explainMissingRights({ ...facts, needed: [wide], missing: [wide] })))
    expect(documents).toMatchObject([
      {
        kind: 'ClusterRole',
        metadata: { name: 'slipway-shop' },
        rules: [{ resources: ['namespaces'], verbs: ['create'] }],
      },
      { kind: 'ClusterRoleBinding', roleRef: { kind: 'ClusterRole', name: 'slipway-shop' } },
    ])
  })

  test('of a role in no group of its own need a group first', () => {
    const error = explainMissingRights({ ...facts, subject: { user: 'x', groups: ['system:authenticated'] } })
    expect(error.todo).toContain(
      `aws eks update-access-entry --cluster-name prod --region eu-west-1 --principal-arn ${roleArn} --kubernetes-groups slipway-deploy`,
    )
    expect(error.details).toContain('kind: Group, name: "slipway-deploy"')
  })
})

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** An API server that allows what `allows` says, and what it was asked. */
async function reviewing(allows: (asked: string) => boolean): Promise<{ server: Loopback; client: ClusterClient }> {
  const server = await startApiServer(({ path, body }, response) => {
    if (path.endsWith('/selfsubjectreviews'))
      return json(response, 201, { status: { userInfo: { username: 'ci:run', groups: ['gha:deploy'] } } })
    expect(path).toBe('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')
    const { namespace = '-', verb, group, resource, subresource = '' } = attributesIn(body)
    json(response, 201, { status: { allowed: allows(`${namespace} ${verb} ${group}/${resource}/${subresource}`) } })
  })
  const client = createCluster({
    server: server.url,
    clock: new SkippingClock(),
    random: () => 0.5,
    log: recordingLog(),
  })
  closing.push(server.close, client.close)
  return { server, client }
}

function attributesIn(body: string): Record<string, string> {
  const review = JSON.parse(body) as { readonly spec: { readonly resourceAttributes: Record<string, string> } }
  return review.spec.resourceAttributes
}

describe('asking the API server for one’s own rights', () => {
  test('names resources as discovery does, each right once, and what is needed anywhere is not optional', async () => {
    const { client } = await reviewing(() => true)
    const pods = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' }
    const rights = await client.review.rightsFor(
      [
        { ...pods, verbs: ['list'], optional: true },
        { ...pods, verbs: ['list', 'watch'] },
        { ...pods, subresource: 'log', verbs: ['get'], optional: true },
        { apiVersion: 'v1', kind: 'Node', namespace: 'shop', verbs: ['list'] },
        { apiVersion: 'example.com/v1', kind: 'Unheard', namespace: 'shop', verbs: ['get'] },
      ],
      never,
    )
    expect(rights).toEqual([
      { verb: 'list', group: '', resource: 'pods', namespace: 'shop' },
      { verb: 'watch', group: '', resource: 'pods', namespace: 'shop' },
      { verb: 'get', group: '', resource: 'pods/log', namespace: 'shop', optional: true },
      { verb: 'list', group: '', resource: 'nodes' },
    ])
  })

  test('takes one review per right and keeps what is refused', async () => {
    const { server, client } = await reviewing(asked => asked !== 'shop get /pods/log' && asked !== '- list /nodes/')
    const rights = [right('list pods'), right('get pods/log'), { verb: 'list', group: '', resource: 'nodes' }]
    expect(await client.review.missing(rights, never)).toEqual(rights.slice(1))
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(3)
    expect(await client.review.whoAmI(never)).toEqual({ user: 'ci:run', groups: ['gha:deploy'] })
  })
})
