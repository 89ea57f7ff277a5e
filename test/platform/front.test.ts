/**
 * The front from its consumers' side: the unchanged AWS SDK, buildx and a node, by the real host names.
 * Runs inside the platform.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchGetImageCommand,
  DescribeImageScanFindingsCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutImageCommand,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr'
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks'
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eksToken } from '../../src/identity/eks-token.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, baseImage, cluster, hosts, ports, region, roles } from '../../sandbox/world.ts'

jest.setTimeout(120_000)

const platform = attach()
const tag = `front-${Date.now()}`
const image = `${hosts.registry}/shop/api:${tag}`
const repositoryName = 'shop/api'
let folder: string

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
}

async function control<T>(method: string, path: string, body: object = {}): Promise<T> {
  const answer = await fetch(
    `http://127.0.0.1:${ports.control}${path}`,
    method === 'GET' ? {} : { method, body: JSON.stringify(body) },
  )
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}

interface Wanted {
  readonly role?: string
  readonly claims?: object
  readonly audience?: string
  readonly policy?: object
}

async function assume({
  role = roles.build,
  claims = {},
  audience = 'sts.amazonaws.com',
  policy,
}: Wanted = {}): Promise<Credentials> {
  const { token } = await control<{ token: string }>('POST', '/oidc/tokens', { claims, audience })
  const { Credentials: got } = await new STSClient({ region }).send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: role,
      RoleSessionName: 'front-test',
      WebIdentityToken: token,
      ...(policy ? { Policy: JSON.stringify(policy) } : {}),
    }),
  )
  return {
    accessKeyId: got?.AccessKeyId ?? '',
    secretAccessKey: got?.SecretAccessKey ?? '',
    sessionToken: got?.SessionToken ?? '',
    expiration: got?.Expiration ?? new Date(0),
  }
}

const allowOnly = (...actions: string[]): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
})
const ecrAs = (credentials: Credentials): ECRClient => new ECRClient({ region, credentials })

async function login(credentials: Credentials): Promise<string> {
  const { authorizationData = [] } = await ecrAs(credentials).send(new GetAuthorizationTokenCommand({}))
  return authorizationData[0]?.authorizationToken ?? ''
}

/** Builds a small image from the sample's base and pushes it as `buildx` does. */
async function push(dockerfile: string, name: string, auth: string): Promise<{ code: number; output: string }> {
  await writeFile(join(folder, 'Dockerfile'), dockerfile)
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [hosts.registry]: { auth } } }))
  const args = ['build', '--provenance=mode=max', '--tag', name, '--push', folder]
  const { code, stdout, stderr } = await platform.enter('buildx', args, { env: { DOCKER_CONFIG: folder } })
  return { code, output: stdout + stderr }
}

const finding = { name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'openssl', version: '3.0.15' }
const labelled = `FROM ${baseImage}\nLABEL test=${tag} dev.slipway.sandbox.findings='${JSON.stringify([finding])}'\n`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'front-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('trust', () => {
  const refused = { name: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity' }

  test.each([
    { sub: 'legacy', claims: {} },
    { sub: 'immutable', claims: { immutable: true } },
  ])('a run of the main branch is trusted by its $sub subject', async ({ claims }) => {
    const credentials = await assume({ claims })
    expect(await new STSClient({ region, credentials }).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: account,
      Arn: `arn:aws:sts::${account}:assumed-role/shop-build/front-test`,
    })
  })

  test.each([
    { who: 'a pull request', claims: { event_name: 'pull_request' } },
    { who: 'another branch', claims: { ref: 'refs/heads/other' } },
    { who: 'another repository', claims: { repository: 'mallory/shop' } },
    { who: 'an environment that the policy does not name', claims: { environment: 'prod' } },
  ])('$who is not trusted', async ({ claims }) => {
    await expect(assume({ claims })).rejects.toMatchObject(refused)
  })

  test('a token for somebody else is refused before any policy is asked', async () => {
    await expect(assume({ audience: 'example.com' })).rejects.toMatchObject({ message: 'Incorrect token audience' })
  })
})

describe('permissions', () => {
  test('a role may do what its policy says and no more', async () => {
    const credentials = await assume()
    await expect(
      ecrAs(credentials).send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] })),
    ).resolves.toMatchObject({
      repositories: [{ imageTagMutability: 'IMMUTABLE' }],
    })
    await expect(
      new EKSClient({ region, credentials }).send(new DescribeClusterCommand({ name: cluster.name })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no identity-based policy allows the eks:DescribeCluster action'),
    })
  })

  test('a session policy takes away what it does not name', async () => {
    const credentials = await assume({ policy: allowOnly('ecr:GetAuthorizationToken') })
    await expect(ecrAs(credentials).send(new DescribeImagesCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no session policy allows the ecr:DescribeImages action'),
    })
  })

  test('a session policy cannot give what the role has not', async () => {
    const credentials = await assume({ policy: allowOnly('*') })
    await expect(
      new EKSClient({ region, credentials }).send(new DescribeClusterCommand({ name: cluster.name })),
    ).rejects.toMatchObject({
      message: expect.stringContaining('no identity-based policy'),
    })
  })
})

describe('EKS', () => {
  test('the cluster leads to this API server, which knows the deploy role by its token', async () => {
    const credentials = await assume({ role: roles.deploy, policy: allowOnly('eks:DescribeCluster') })
    const { cluster: described } = await new EKSClient({ region, credentials }).send(
      new DescribeClusterCommand({ name: cluster.name }),
    )
    expect(described).toMatchObject({ status: 'ACTIVE', endpoint: `https://${cluster.host}` })
    const { token } = await eksToken({ credentials, region, partition: 'aws', cluster: cluster.name, now: Date.now() })
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const answer = await fetch(`${described?.endpoint}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(review),
    })
    expect(await answer.json()).toMatchObject({
      status: { userInfo: { username: 'ci:front-test', groups: expect.arrayContaining(['gha:deploy']) } },
    })
  })
})

describe('ECR', () => {
  test('an image is pushed, described, scanned per platform and pulled by the node', async () => {
    const credentials = await assume()
    const ecr = ecrAs(credentials)
    expect(await push(labelled, image, await login(credentials))).toMatchObject({ code: 0 })

    const { images: [index] = [] } = await ecr.send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: tag }] }),
    )
    const { manifests } = JSON.parse(index?.imageManifest ?? '') as {
      manifests: { digest: string; platform: { os: string } }[]
    }
    const child = { imageDigest: manifests.find(({ platform: { os } }) => os === 'linux')?.digest ?? '' }
    await expect(ecr.send(new DescribeImagesCommand({ repositoryName, imageIds: [child] }))).resolves.toMatchObject({
      imageDetails: [{ imageStatus: 'ACTIVE' }],
    })
    await expect(
      ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageTag: tag } })),
    ).rejects.toMatchObject({ name: 'UnsupportedImageTypeException' })

    const seen = new Set<string>()
    for (;;) {
      const scan = await ecr
        .send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: child }))
        .catch((error: unknown) => error as Error)
      seen.add(scan instanceof Error ? scan.name : (scan.imageScanStatus?.status ?? ''))
      if (scan instanceof Error || scan.imageScanStatus?.status !== 'COMPLETE') await sleep(50)
      else {
        expect(scan.imageScanFindings).toMatchObject({
          findingSeverityCounts: { CRITICAL: 1 },
          findings: [{ name: finding.name }],
        })
        break
      }
    }
    expect(seen).toContain('IN_PROGRESS')

    const pod = ['run', tag, '--namespace=default', `--image=${image}`, '--restart=Never', '--command', '--', 'true']
    expect(await platform.enter('kubectl', pod)).toMatchObject({ code: 0 })
    const done = await platform.enter('kubectl', [
      'wait',
      `pod/${tag}`,
      '--namespace=default',
      '--for=jsonpath={.status.phase}=Succeeded',
      '--timeout=60s',
    ])
    await platform.enter('kubectl', ['delete', 'pod', tag, '--namespace=default', '--wait=false'])
    expect(done).toMatchObject({ code: 0 })
  })

  test('a tag that exists cannot be moved, by push or by PutImage', async () => {
    const credentials = await assume()
    const other = await push(`FROM ${baseImage}\nLABEL test=other\n`, image, await login(credentials))
    expect(other.code).not.toBe(0)
    expect(other.output).toContain('cannot be overwritten because the tag is immutable')
    const ecr = ecrAs(credentials)
    const { images: [index] = [] } = await ecr.send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: tag }] }),
    )
    const imageManifest = index?.imageManifest ?? ''
    await expect(
      ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: `${tag}-again` })),
    ).resolves.toMatchObject({ image: { imageId: { imageTag: `${tag}-again` } } })
    const changed = `${imageManifest}\n`
    await expect(
      ecr.send(new PutImageCommand({ repositoryName, imageManifest: changed, imageTag: tag })),
    ).rejects.toMatchObject({ name: 'ImageTagAlreadyExistsException' })
  })

  test('a push that the session policy does not allow is refused by the registry', async () => {
    const auth = await login(await assume({ policy: allowOnly('ecr:GetAuthorizationToken', 'ecr:BatchGetImage') }))
    const { code, output } = await push(`FROM ${baseImage}\nLABEL test=denied\n`, `${image}-denied`, auth)
    expect(code).not.toBe(0)
    expect(output).toContain('because no session policy allows the ecr:')
  })

  test('a repository that does not exist says so', async () => {
    const { code, output } = await push(labelled, `${hosts.registry}/shop/none:1`, await login(await assume()))
    expect(code).not.toBe(0)
    expect(output).toContain("The repository with name 'shop/none' does not exist")
  })
})

describe('load balancer', () => {
  const namespace = 'front-test'
  const kubectl = (...args: string[]) => platform.enter('kubectl', ['--namespace', namespace, ...args])
  const url = `http://${hosts.loadBalancer}/`

  beforeAll(async () => {
    expect(await platform.enter('kubectl', ['apply', '-f', '-'], { input: webApplication(namespace) })).toMatchObject({
      code: 0,
    })
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatchObject({ code: 0 })
  })
  afterAll(() => platform.enter('kubectl', ['delete', 'namespace', namespace]))

  test('an Ingress of class alb gets its name, and requests reach the pods', async () => {
    while ((await fetch(url)).status !== 200) await sleep(50)
    const shown = await kubectl('get', 'ingress', 'web', '-o', 'jsonpath={.status.loadBalancer.ingress[0].hostname}')
    expect(shown.stdout).toBe(hosts.loadBalancer)
  })

  test('a rolling update loses no request, and ends with the new pods as healthy targets', async () => {
    const counts = new Map<number, number>()
    const rolled = new AbortController()
    const asking = (async () => {
      while (!rolled.signal.aborted) {
        const { status } = await fetch(url, { keepalive: false }).catch(() => ({ status: 0 }))
        counts.set(status, (counts.get(status) ?? 0) + 1)
      }
    })()
    await kubectl('rollout', 'restart', 'deployment/web')
    const rollout = await kubectl('rollout', 'status', 'deployment/web', '--timeout=90s')
    // The last old pod still ends after the rollout is done.
    await sleep(4000)
    rolled.abort()
    await asking
    expect(rollout).toMatchObject({ code: 0 })
    expect([...counts.keys()]).toEqual([200])

    const { stdout } = await kubectl(
      'get',
      'endpointslices',
      '-o',
      'jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}',
    )
    const { targetGroups } = await control<{
      targetGroups: { backend: string; targets: { ip: string; state: string }[] }[]
    }>('GET', '/load-balancer')
    const targets = targetGroups.find(({ backend }) => backend === `${namespace}/web:80`)?.targets ?? []
    expect(new Set(targets.filter(({ state }) => state === 'healthy').map(({ ip }) => ip))).toEqual(
      new Set(stdout.split(' ')),
    )
  })
})

/** Python's own server from the public base image, which ends a moment after it is told to. */
function webApplication(namespace: string): string {
  const command =
    'import http.server; http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()'
  const container = {
    name: 'web',
    image: baseImage,
    command: ['python', '-c', command],
    workingDir: '/srv',
    ports: [{ name: 'http', containerPort: 8000 }],
    readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
    lifecycle: { preStop: { sleep: { seconds: 2 } } },
  }
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { terminationGracePeriodSeconds: 5, containers: [container] },
  }
  const backend = { service: { name: 'web', port: { number: 80 } } }
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace, annotations: { 'alb.ingress.kubernetes.io/target-type': 'ip' } },
      spec: { ingressClassName: 'alb', rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
  ]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}
