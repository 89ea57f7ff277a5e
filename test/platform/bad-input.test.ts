/**
 * What a user can get wrong and only AWS, GitHub or the cluster can tell: over the built bundles, inside the platform.
 * What can be told without them is in test/bundle.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, addresses, github, hosts, region, roles } from '../../sandbox/world.ts'
import type { ActionName } from '../../src/actions/contracts.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { set, settings, workload, runs } from '../support/manifests.ts'
import { contentOf, namespaces, type Namespaces } from '../support/namespaces.ts'
import { front, place, step, writesOf, type Step, type StepOptions } from '../support/step.ts'

jest.setTimeout(60_000)

/** Of this run: what a front once has, it keeps. */
const run = Date.now().toString(36)
const names = { refusing: `refusing-${run}`, unknown: `unknown-${run}`, stranger: `bad-input-${run}` } as const
const stranger = `arn:aws:iam::${account}:role/${names.stranger}`
const image = `${hosts.registry}/shop/api@sha256:${'0'.repeat(64)}`

let cluster: ClusterClient
let spaces: Namespaces
let namespace = ''

beforeAll(async () => {
  cluster = await connectAsAdmin(attach().kubeconfig)
  spaces = namespaces(cluster)
  namespace = await spaces.create('bad-input')
  await front('POST', '/seed', { account, region, roles: [strangerRole()], clusters: clusters() })
})
afterAll(async () => {
  await front('DELETE', '/faults')
  await spaces.remove()
  await cluster.close()
})

/** May do all in AWS, and nothing in the cluster. */
function strangerRole(): object {
  const provider = `arn:aws:iam::${account}:oidc-provider/${hosts.issuer}`
  const sub = { [`${hosts.issuer}:sub`]: `repo:${github.repository}:*` }
  const audience = { [`${hosts.issuer}:aud`]: 'sts.amazonaws.com' }
  const trust = {
    Effect: 'Allow',
    Principal: { Federated: provider },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: audience, StringLike: sub },
  }
  const all = { Effect: 'Allow', Action: ['eks:*', 'ecr:*'], Resource: '*' }
  const policy = (statement: object): object => ({ Version: '2012-10-17', Statement: [statement] })
  return { name: names.stranger, trust: policy(trust), policies: { all: policy(all) } }
}

/** Clusters whose API servers are not there: nothing listens, or the name leads nowhere. */
function clusters(): readonly object[] {
  const made = { version: '1.36', roleArn: `arn:aws:iam::${account}:role/eks-cluster`, certificateAuthority: 'Q0E=' }
  return [
    { ...made, name: names.refusing, endpoint: `https://${addresses.apiServer}:9` },
    { ...made, name: names.unknown, endpoint: `https://NOWHERE.gr7.${region}.eks.amazonaws.com` },
  ]
}

const goodSet = set(settings('settings'))

/** Inputs with which an action would do its work. */
const good = (): Readonly<Record<Exclude<ActionName, 'assume-role'>, Readonly<Record<string, string>>>> => ({
  'ecr-repository': { role: roles.build, region, 'repository-settings': '{"shop/api":{}}' },
  'ecr-login': { role: roles.build, region },
  'build-push': { role: roles.build, region, repository: 'shop/api' },
  scan: { role: roles.build, region, image },
  deploy: { ...place, namespace, manifests: 'app.yaml', soak: '0s' },
  rollback: { ...place, namespace },
  verify: { ...place, namespace, workloads: 'deployment/api' },
})

interface Case {
  readonly action: Exclude<ActionName, 'assume-role'>
  readonly what: string
  readonly code: string
  readonly inputs?: Readonly<Record<string, string>>
  readonly options?: StepOptions
  /** Must all be in the one error. */
  readonly says: readonly string[]
}

const trustInMain = JSON.stringify({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:acme/shop:ref:refs/heads/main' },
    },
  },
})

const cases: readonly Case[] = [
  {
    action: 'deploy',
    what: 'the job has no id-token permission',
    code: 'oidc-permission',
    options: { claims: 'none' },
    says: ['may not ask GitHub for an OIDC token', 'id-token: write'],
  },
  ...(['build-push', 'scan', 'deploy', 'rollback'] as const).map((action): Case => ({
    action,
    what: 'the role trusts somebody else',
    code: 'role-denied',
    options: { claims: { repository: 'mallory/shop' } },
    says: ['AWS does not let this job assume arn:aws:iam::', 'repo:mallory/shop:ref:refs/heads/main', 'trust policy'],
  })),
  {
    action: 'deploy',
    what: 'the role trusts another branch, and its trust policy is at hand',
    code: 'role-trust',
    inputs: { 'trust-policy': 'trust.json' },
    options: {
      claims: { ref: 'refs/heads/dev', sub: 'repo:acme/shop:ref:refs/heads/dev' },
      files: { ...goodSet, 'trust.json': trustInMain },
    },
    says: [
      'StringEquals token.actions.githubusercontent.com:sub in statement 1 expects "repo:acme/shop:ref:refs/heads/main", this job has "repo:acme/shop:ref:refs/heads/dev"',
      'The job runs on another branch.',
    ],
  },
  {
    action: 'deploy',
    what: 'the role does not exist',
    code: 'role-denied',
    inputs: { role: `arn:aws:iam::${account}:role/shop-delpoy` },
    says: [`AWS does not let this job assume arn:aws:iam::${account}:role/shop-delpoy`, 'the role is missing'],
  },
  {
    action: 'deploy',
    what: 'the region is one that cannot be reached',
    code: 'input-region',
    inputs: { region: 'eu-central-1' },
    says: ['region "eu-central-1" does not exist, or the runner cannot resolve its host names.'],
  },
  {
    action: 'deploy',
    what: 'the cluster does not exist',
    code: 'input-cluster',
    inputs: { role: stranger, cluster: 'prdo' },
    says: [`cluster "prdo" does not exist in region ${region} of account ${account}.`, 'aws eks list-clusters'],
  },
  {
    action: 'rollback',
    what: 'the cluster is none that the role may see',
    code: 'eks-describe-denied',
    inputs: { cluster: 'prdo' },
    says: ['may not describe cluster "prdo"', 'Correct the input "cluster" if it is misspelt'],
  },
  {
    action: 'deploy',
    what: 'the role has no access to the cluster',
    code: 'cluster-access',
    inputs: { role: stranger },
    says: [`Cluster "prod" does not accept ${stranger}.`, `aws eks create-access-entry`],
  },
  {
    action: 'deploy',
    what: 'nothing listens at the endpoint of the cluster',
    code: 'cluster-unreachable',
    inputs: { role: stranger, cluster: names.refusing },
    says: [`The API server of cluster "${names.refusing}" cannot be reached at`, 'it refuses connections'],
  },
  {
    action: 'rollback',
    what: 'the name of the endpoint leads nowhere',
    code: 'cluster-dns',
    inputs: { role: stranger, cluster: names.unknown },
    says: [`The API server of cluster "${names.unknown}" cannot be reached at`, 'does not know the name nowhere.gr7.'],
  },
  {
    action: 'deploy',
    what: 'the namespace does not exist',
    code: 'namespace-missing',
    inputs: { namespace: 'shpo' },
    says: ['input "namespace": namespace "shpo" does not exist in the cluster.', 'put a Namespace object among'],
  },
  {
    action: 'deploy',
    what: 'there are no manifests',
    code: 'no-manifests',
    options: { files: { 'app.yaml': '# nothing yet\n' } },
    says: ['input "manifests": there is no Kubernetes object in app.yaml.'],
  },
  {
    action: 'deploy',
    what: 'a manifest is not YAML',
    code: 'manifest-no-yaml',
    inputs: { manifests: 'k8s' },
    options: { files: { 'k8s/a.yaml': goodSet['app.yaml'], 'k8s/b.yaml': 'kind: {{ .Values.kind }}\nmetadata: [' } },
    says: ['input "manifests": k8s/b.yaml:2 is not YAML', 'Mend that line or the one before it.'],
  },
  {
    action: 'deploy',
    what: 'the image is not in the manifests',
    code: 'image-not-in-manifests',
    inputs: { images: image },
    options: { files: set(settings('settings'), workload(runs, { image: 'shop/apii' })) },
    says: ['input "images": no container of the manifests uses shop/api.', 'They use shop/apii.'],
  },
  {
    action: 'scan',
    what: 'the image does not exist',
    code: 'ecr-image-missing',
    says: ['sha256:0000', 'shop/api'],
  },
  {
    action: 'build-push',
    what: 'the repository does not exist',
    code: 'ecr-repository-missing',
    inputs: { repository: 'shop/apii' },
    options: { files: { Dockerfile: 'FROM scratch\n' } },
    says: ['shop/apii', 'does not exist'],
  },
]

describe('one clear sentence, exit 1, nothing written:', () => {
  test.each(cases)('$action: $what', async ({ action, code, inputs, options, says }) => {
    const done = await step(action, { ...good()[action], ...inputs }, { files: goodSet, ...options })
    expect(done.errors).toHaveLength(1)
    const [text = ''] = done.errors
    for (const words of says) expect(text).toContain(words)
    expectPlain(done, text, code)
    expect(await writesOf(done)).toEqual([])
    expect(await callsOf(done)).toEqual([])
    expect(await contentOf(namespace, cluster)).toEqual({})
  })

  test('deploy: EKS does not answer', async () => {
    const down = { host: `eks.${region}.amazonaws.com`, status: 503, code: 'ServiceUnavailable', times: 10 }
    await front('POST', '/faults', down)
    const done = await step('deploy', good().deploy, { files: goodSet })
    await front('DELETE', '/faults')
    const [text = ''] = done.errors
    expect(text).toContain(`EKS in ${region} did not describe cluster "prod"`)
    expectPlain(done, text, 'eks-unreachable')
    expect(await contentOf(namespace, cluster)).toEqual({})
  })
})

/** At most what happened, why, what to do and the link, a line each. No stack, no outputs. */
function expectPlain(done: Step, text: string, code: string): void {
  expect(text.split('\n').length).toBeLessThanOrEqual(4)
  expect(text.split('\n').at(-1)).toBe(`${code}: docs/troubleshooting.md#${code}`)
  expect(done).toMatchObject({ code: 1, outputs: {} })
  expect(done.log).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect(done.summary).toContain('**Next:**')
}

/** Operations of AWS by the session of the step that are neither a login nor a read. */
async function callsOf({ runId }: Step): Promise<readonly string[]> {
  const requests = await front<readonly { operation?: string; principal?: string }[]>('GET', '/requests')
  return requests
    .filter(({ principal }) => principal?.includes(runId))
    .map(({ operation = '' }) => operation)
    .filter(operation => !/^(AssumeRole|Get|Describe|List|BatchGet|BatchCheck)/.test(operation))
}
