import { fileURLToPath } from 'node:url'
import { account, region } from '../world.ts'
import { call, type Answer } from './http.ts'
import { keepLineChild, type LineChild } from './json-lines.ts'
import { initialWorld, type Seed } from './seed.ts'

/** A role as IAM has it. */
export interface Role {
  readonly arn: string
  readonly id: string
  /** Seconds. */
  readonly maxSession: number
  readonly trust: unknown
  readonly policies: Readonly<Record<string, unknown>>
}

export interface Repository {
  readonly mutability: 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION'
  readonly exclusions: readonly string[]
  readonly scanOnPush: boolean
}

export interface StoredImage {
  readonly digest: string
  readonly mediaType: string
  readonly manifest: string
  readonly tags: readonly string[]
}

export interface DatedImage extends StoredImage {
  /** Milliseconds since the epoch. */
  readonly pushedAt: number
}

export interface NewImage {
  readonly repository: string
  readonly digest: string
  readonly mediaType: string
  readonly manifest: string
  readonly tag?: string
}

export interface NewTargetGroup {
  readonly name: string
  readonly port: number
  /** Of the health check. */
  readonly path: string
  readonly intervalSeconds: number
  readonly healthyAfter: number
  readonly unhealthyAfter: number
}

/** The state of the account: moto, asked directly. */
export interface Moto {
  role(name: string): Promise<Role | undefined>
  /** Client ids of the OIDC provider of an issuer host. */
  provider(host: string): Promise<{ readonly arn: string; readonly clientIds: readonly string[] } | undefined>
  managedPolicy(arn: string): Promise<unknown>
  repository(name: string): Promise<Repository | undefined>
  /** By tag or digest. */
  image(repository: string, reference: string): Promise<StoredImage | undefined>
  /** All of them, in the order in which they were pushed. */
  images(repository: string): Promise<readonly DatedImage[]>
  tags(repository: string): Promise<readonly string[]>
  putImage(image: NewImage): Promise<void>
  /** ARN of the target group of that name, made when it is new. */
  targetGroup(group: NewTargetGroup): Promise<string>
  /** Sets the state of a metric alarm, made when it is new. */
  setAlarm(alarm: { readonly name: string; readonly state: string; readonly reason?: string }): Promise<void>
  seed(seed: Seed): Promise<void>
  /** Empties the account and seeds the initial world. */
  reset(): Promise<void>
  /** Passes an AWS call on as it came. */
  forward(method: string, path: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<Answer>
  stop(): void
}

export interface MotoOptions {
  readonly python: string
  readonly port: number
  /** PEM of the cluster's CA, for DescribeCluster. */
  readonly certificateAuthority: string
}

const script = fileURLToPath(new URL('./moto_server.py', import.meta.url))

/** Starts moto and seeds the initial world. When it dies it is started again, with the initial world only. */
export async function startMoto(options: MotoOptions, log: (line: string) => void): Promise<Moto> {
  const here = { account, region }

  /** The load balancer comes last and nobody waits for it: with it moto loads all of EC2. */
  async function seedWorld(into: LineChild): Promise<void> {
    const { loadBalancers, ...world } = initialWorld(options.certificateAuthority)
    await into.ask('seed', { ...here, ...world })
    into.ask('seed', { ...here, loadBalancers }).catch((error: unknown) => log(`load balancer: ${String(error)}`))
  }

  const child = await keepLineChild('moto', [options.python, script, String(options.port)], log, seedWorld)
  const ask = async <T>(what: string, given: object): Promise<T | undefined> => {
    const found = await child.ask(what, { ...here, ...given })
    return found === null ? undefined : (found as T)
  }
  return {
    role: name => ask('role', { name }),
    provider: host => ask('provider', { host }),
    managedPolicy: arn => ask('managed_policy', { arn }),
    repository: name => ask('repository', { name }),
    image: (repository, reference) => ask('image', { repository, reference }),
    images: async repository => (await ask<readonly DatedImage[]>('images', { repository })) ?? [],
    tags: async repository => (await ask<readonly string[]>('tags', { repository })) ?? [],
    putImage: async image => void (await ask('put_image', image)),
    targetGroup: async group => String(await ask('target_group', group)),
    setAlarm: async alarm => void (await ask('alarm', alarm)),
    seed: async seed => void (await ask('seed', seed)),
    async reset() {
      await child.ask('reset')
      await seedWorld(child)
    },
    forward: (method, path, headers, body) => forward(options.port, method, path, headers, body),
    stop: () => child.stop(),
  }
}

const hopByHop = new Set(['connection', 'transfer-encoding', 'keep-alive', 'content-length', 'server', 'date'])

async function forward(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<Answer> {
  const answer = await call(port, method, path, { ...headers, 'content-length': String(body.length) }, body)
  const kept = Object.entries(answer.headers)
    .filter(([name, value]) => !hopByHop.has(name) && value !== undefined)
    .map(([name, value]) => [name, String(value)])
  return { status: answer.status, headers: Object.fromEntries(kept), body: answer.body }
}
