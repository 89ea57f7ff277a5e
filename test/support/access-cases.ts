/**
 * Every way in which a step gets into a cluster, or does not: over the built bundles where the step is the whole story,
 * through AWS's own authenticator and RBAC. One after the other: a few change what the next one meets.
 */
import { join } from 'node:path'
import { quiet } from '../../sandbox/connect.ts'
import { simulated } from '../../sandbox/faults/simulated.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, cluster as prod, region, roles } from '../../sandbox/world.ts'
import { eksToken } from '../../src/identity/eks-token.ts'
import { openSession } from '../../src/identity/session.ts'
import { createCluster } from '../../src/kubernetes/client.ts'
import { connectEks } from '../../src/kubernetes/eks.ts'
import { SlipwayError } from '../../src/runtime/errors.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import type { AccessWorld } from './access-world.ts'
import { jobContext } from './job-context.ts'
import { set, settings } from './manifests.ts'
import { front, step, writesOf, type Step, type StepOptions } from './step.ts'

export interface AccessCase {
  readonly what: string
  /** `allowed`, or the code of the error. */
  readonly expected: string
  /** Words that the error must hold. */
  readonly says?: readonly (string | RegExp)[]
  play(world: AccessWorld): Promise<Played>
}

export interface Played {
  readonly outcome: string
  readonly text: string
  /** What is not as it must be, beside the outcome. */
  readonly but?: string
}

/** How a case ended, as a line of a table. */
export function judge({ expected, says = [] }: AccessCase, { outcome, text, but }: Played): string | undefined {
  if (outcome !== expected) return `${outcome} instead of ${expected}: ${text.slice(0, 600)}`
  const missing = says.filter(words => !(typeof words === 'string' ? text.includes(words) : words.test(text)))
  return missing.length === 0 ? but : `does not say ${missing.join(', ')}: ${text}`
}

type Inputs = Readonly<Record<string, string | undefined>>

/** A workload with its configuration, whose pods run on a simulated node. */
const workload = [settings('app'), simulated('Deployment', { name: 'api' })]

/** A deploy into the world's namespace, of one ConfigMap unless `options` say otherwise. */
async function deploy(world: AccessWorld, inputs: Inputs, options: StepOptions = {}): Promise<Step> {
  const usual = { region, cluster: prod.name, namespace: world.namespace, manifests: 'app.yaml', soak: '0s' }
  return step('deploy', { ...usual, ...inputs }, { files: set(settings('settings')), ...options })
}

/** One error in the log, nothing written. */
async function played(done: Step): Promise<Played> {
  const [text = done.log, ...others] = done.errors
  const outcome = done.code === 0 ? 'allowed' : (/^([a-z0-9-]+): \S+$/m.exec(text)?.[1] ?? 'no code')
  const wrote = done.code === 0 ? [] : await writesOf(done)
  const wrong = [
    ...(others.length > 0 ? [`${others.length + 1} errors`] : []),
    ...(wrote.length > 0 ? [`wrote ${wrote.join()}`] : []),
  ]
  return { outcome, text, ...(wrong.length === 0 ? {} : { but: wrong.join('; ') }) }
}

const byStep =
  (inputs: (world: AccessWorld) => Inputs, options: (world: AccessWorld) => StepOptions = () => ({})) =>
  async (world: AccessWorld): Promise<Played> =>
    played(await deploy(world, inputs(world), options(world)))

const thrownBy = async (work: () => Promise<unknown>): Promise<Played> => {
  try {
    await work()
    return { outcome: 'allowed', text: '' }
  } catch (thrown) {
    if (!(thrown instanceof SlipwayError)) throw thrown
    return { outcome: thrown.code, text: [thrown.message, thrown.why, thrown.todo].join('\n') }
  }
}

/** Cases that only look; none is in another's way. */
export const readingCases: readonly AccessCase[] = [
  {
    what: 'a role with a mapping and rights',
    expected: 'allowed',
    play: byStep(() => ({ role: roles.deploy })),
  },
  {
    what: 'mode API, the role may list access entries and has none',
    expected: 'cluster-access',
    says: ["None of the cluster's access entries (2) is for arn:", 'aws eks create-access-entry --cluster-name'],
    play: byStep(({ clusters, roles }) => ({ role: roles.known, cluster: clusters.entries })),
  },
  {
    what: 'mode API, the role may not list access entries',
    expected: 'cluster-access',
    says: ['as STS accepts the token', 'may not look that up: eks:ListAccessEntries'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.quiet })),
  },
  {
    what: 'mode API, an access entry that is not for this role any more',
    expected: 'cluster-access',
    says: ['an entry belongs to the id of a role', 'aws eks delete-access-entry'],
    play: byStep(({ clusters, roles }) => ({ role: roles.known, cluster: clusters.stale })),
  },
  {
    what: 'a private endpoint, from outside its VPC',
    expected: 'cluster-private',
    says: ['inside VPC vpc-', 'endpointPublicAccess=true'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.private })),
  },
  {
    what: 'a public endpoint that admits other addresses',
    expected: 'cluster-cidr',
    says: ['admits 198.51.100.0/24 only', 'publicAccessCidrs=198.51.100.0/24,ADDRESS/32'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.restricted })),
  },
  {
    what: 'an endpoint that refuses connections',
    expected: 'cluster-unreachable',
    says: ['it refuses connections (ECONNREFUSED)', 'port 443'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.closed })),
  },
  {
    what: 'a name that no DNS knows',
    expected: 'cluster-dns',
    says: ['does not know the name nowhere.gr7', 'getent hosts'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.nameless })),
  },
  {
    what: 'a certificate of another CA than EKS names',
    expected: 'cluster-tls',
    says: ['not issued by the CA that EKS names', 'by "slipway platform CA"'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.foreign })),
  },
  {
    what: 'something on the way that opens TLS connections',
    expected: 'cluster-tls',
    says: ['by "Corp Proxy CA"', 'Exempt 127.0.0.1'],
    play: byStep(({ clusters, roles }) => ({ role: roles.quiet, cluster: clusters.opened })),
  },
  {
    what: 'a proxy that opens no tunnel to the cluster',
    expected: 'cluster-proxy',
    says: [/through the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\), and it answers 403/, 'NO_PROXY'],
    play: byStep(
      () => ({ role: roles.deploy }),
      ({ proxy }) => ({
        env: { HTTPS_PROXY: proxy, NO_PROXY: `token.actions.githubusercontent.com,.${region}.amazonaws.com` },
      }),
    ),
  },
  {
    what: 'a clock 20 minutes behind',
    expected: 'clock-skew',
    says: ['The clock of this runner is 20 min behind', 'X-Amz-Date', 'NTP'],
    play: byStep(
      () => ({ role: roles.deploy }),
      () => shiftedBy(-20),
    ),
  },
  {
    what: 'a clock 20 minutes ahead',
    expected: 'clock-skew',
    says: ['The clock of this runner is 20 min ahead'],
    play: byStep(
      () => ({ role: roles.deploy }),
      () => shiftedBy(20),
    ),
  },
]

function shiftedBy(minutes: number): StepOptions {
  const preload = join(import.meta.dirname, 'shifted-clock.mjs')
  return { env: { NODE_OPTIONS: `--import=${preload}`, SLIPWAY_TEST_CLOCK_MS: String(minutes * 60_000) } }
}

/** Cases that change the platform; in this order. */
export const changingCases: readonly AccessCase[] = [
  {
    what: 'a session token of 2,800 bytes: refused before the cluster is asked',
    expected: 'eks-token-size',
    says: [
      /would have 4\d{3} bytes; EKS refuses more than 4096/,
      'has 2800 bytes (69 % of what STS gives out)',
      'fewer or shorter session policies',
    ],
    async play(world) {
      await front('PUT', '/sts/token-size', { bytes: 2_800 })
      const answer = await played(await deploy(world, { role: world.roles.quiet, cluster: world.clusters.counted }))
      await front('PUT', '/sts/token-size', { bytes: 0 })
      const asked = world.connections()
      return asked === 0 ? answer : { ...answer, but: `the cluster got ${asked} connections` }
    },
  },
  {
    what: 'mode CONFIG_MAP, no mapping in aws-auth',
    expected: 'cluster-access',
    says: ['Its authentication mode is CONFIG_MAP', `- {rolearn: "arn:aws:iam::${account}:role/access-mapped-`],
    async play(world) {
      await front('POST', '/clusters', { name: prod.name, authenticationMode: 'CONFIG_MAP' })
      const done = await deploy(world, { role: world.roles.mapped })
      const entry = /```yaml\n([\s\S]+?)\n```/.exec(done.summary)?.[1]
      if (entry !== undefined) await world.mapRole(entry)
      const answer = await played(done)
      return entry === undefined ? { ...answer, but: 'the summary has no entry to paste' } : answer
    },
  },
  {
    what: 'that entry pasted, no rights: a dry run names all of them',
    expected: 'cluster-rights',
    says: [
      'lacks rights in cluster "prod"',
      'Missing (21)',
      'get, create, update on leases.coordination.k8s.io',
      'list, create, patch, delete on secrets',
      'get, create, patch, delete on configmaps',
      'get, list, watch, create, patch, delete on deployments.apps',
      'list, watch on pods',
      'list, watch on replicasets.apps',
    ],
    play: world => untilMapped(world, { 'dry-run': 'true' }),
  },
  {
    what: 'no rights: a verify names those to read, and no others',
    expected: 'cluster-rights',
    says: [
      /Missing \(7\): get, list, watch on deployments\.apps and list, watch on pods and list, watch on replicasets\.apps in namespace/,
    ],
    async play({ namespace, roles }) {
      const place = { region, cluster: prod.name, namespace, soak: '0s', role: roles.mapped }
      return played(await step('verify', { ...place, workloads: 'deployment/api' }))
    },
  },
  {
    what: 'all rights to write, none to see pods: refused before anything is applied',
    expected: 'cluster-rights',
    says: [/Missing \(4\): list, watch on pods and list, watch on replicasets\.apps in namespace/],
    play: async world =>
      played(await deploy(world, { role: world.roles.mapped, namespace: world.blind }, { files: set(...workload) })),
  },
  {
    what: 'no rights: a deploy names all of them, and writes nothing',
    expected: 'cluster-rights',
    says: ['Missing (21)', 'they give the group "slipway-deploy"'],
    async play(world) {
      const done = await deploy(world, { role: world.roles.mapped }, { files: set(...workload) })
      const manifests = /```yaml\n([\s\S]+?)\n```/.exec(done.summary)?.[1]
      if (manifests !== undefined) await world.apply(manifests)
      const answer = await played(done)
      return manifests === undefined ? { ...answer, but: 'the summary has no manifests to paste' } : answer
    },
  },
  {
    what: 'those manifests pasted: the same deploy goes through, and so do a prune and a rollback',
    expected: 'allowed',
    async play(world) {
      const { mapped } = world.roles
      const first = await played(await deploy(world, { role: mapped }, { files: set(...workload) }))
      if (first.outcome !== 'allowed') return first
      const second = await played(await deploy(world, { role: mapped }, { files: set(...workload.slice(1)) }))
      if (second.outcome !== 'allowed') return second
      const place = { region, cluster: prod.name, namespace: world.namespace, soak: '0s' }
      return played(await step('rollback', { ...place, role: mapped }))
    },
  },
  {
    what: 'a token of 20 minutes ago: refused, signed anew once, allowed',
    expected: 'allowed',
    async play(world) {
      const signed: boolean[] = []
      const { context } = jobContext()
      const session = await openSession({ role: roles.deploy, region }, context)
      const cluster = createCluster({
        server: `https://${prod.host}`,
        ca: await platformCa(),
        async token(fresh) {
          signed.push(fresh)
          const now = systemClock.now() - (fresh ? 0 : 20 * 60_000)
          return (
            await eksToken({
              credentials: await session.credentials(),
              region,
              partition: 'aws',
              cluster: prod.name,
              now,
            })
          ).token
        },
        clock: systemClock,
        random: Math.random,
        log: quiet,
      })
      const answer = await thrownBy(() => cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, world.namespace))
      await cluster.close()
      // Discovery, then the list: each request that was refused is repeated with one new token.
      const once = signed.filter(Boolean).length === signed.filter(fresh => !fresh).length
      return once ? answer : { ...answer, but: `tokens: ${signed.join()}` }
    },
  },
  {
    what: 'a token of ten minutes ago: signed anew before anybody refuses it',
    expected: 'allowed',
    async play({ namespace }) {
      const { context, masked } = jobContext()
      let aheadMs = 0
      const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
      const session = await openSession({ role: roles.deploy, region }, context)
      const eks = await connectEks({ cluster: prod.name, session, context: { ...context, clock } })
      const tokens = (): number => masked.filter(secret => secret.startsWith('k8s-aws-v1.')).length
      const look = (): Promise<unknown> => eks.list({ apiVersion: 'v1', kind: 'ConfigMap' }, namespace)
      await look()
      const before = tokens()
      aheadMs = 601_000
      const answer = await thrownBy(look)
      await eks.close()
      const counted = `${before}, then ${tokens()}`
      return counted === '1, then 2' ? answer : { ...answer, but: `tokens: ${counted}` }
    },
  },
  {
    what: 'a session that ends while the step runs',
    expected: 'session-expired',
    says: ['does not accept', `STS in ${region} says that its credentials are expired`, 'id-token: write'],
    async play({ namespace }) {
      const { context } = jobContext()
      const session = await openSession({ role: roles.deploy, region }, context)
      const eks = await connectEks({ cluster: prod.name, session, context })
      const look = (): Promise<unknown> => eks.list({ apiVersion: 'v1', kind: 'ConfigMap' }, namespace)
      await look()
      await front('POST', '/expire', { sessions: true })
      // The API server remembers a token that was good for ten seconds, whatever it asked about it (kube-apiserver).
      const before = await thrownBy(look)
      await systemClock.sleep(10_500)
      const answer = await thrownBy(async () => {
        try {
          await look()
        } catch (thrown) {
          throw await eks.doctor.explain(thrown)
        }
      })
      await eks.close()
      return before.outcome === 'allowed' ? answer : { ...answer, but: 'the cache of the API server held nothing' }
    },
  },
]

/** The authenticator needs a moment to see the ConfigMap. */
async function untilMapped(world: AccessWorld, inputs: Inputs): Promise<Played> {
  const endsAt = systemClock.now() + 10_000
  for (;;) {
    const answer = await played(
      await deploy(world, { role: world.roles.mapped, ...inputs }, { files: set(...workload) }),
    )
    if (answer.outcome !== 'cluster-access' || systemClock.now() > endsAt) return answer
  }
}

async function platformCa(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return readFile(join(attach().state, 'pki/ca.crt'), 'utf8')
}
