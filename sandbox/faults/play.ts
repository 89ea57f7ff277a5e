/** Plays a fault of the control plane while the gate judges a good release and a bad one. For use inside the platform. */
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { runGate } from '../../src/rollout/gate/run-gate.ts'
import type { GateResult } from '../../src/rollout/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { quiet } from '../connect.ts'
import type { Platform } from '../platform.ts'
import { baseImage } from '../world.ts'
import { createDeployer, type Deployer } from './deployer.ts'
import { openGateway, type Gateway } from './gateway.ts'
import { openLink, type Link } from './link.ts'

export type Kind = 'good' | 'bad'

/** A release whose gate goes to the API server by a link of its own, as a user of its own. */
export interface Release {
  readonly kind: Kind
  readonly namespace: string
  readonly link: Link
  /** Stands behind the link, before the API server. */
  readonly gateway: Gateway
  readonly deployer: Deployer
}

export interface Stage {
  readonly platform: Platform
  /** The administrator's way, which no link is in. */
  readonly admin: ClusterClient
  readonly releases: readonly Release[]
}

export interface Fault {
  /** What happens, in a few words. */
  readonly name: string
  /** Its number among the scenarios of docs/scenarios.md. */
  readonly scenario?: number
  /** True when it can keep the gate from knowing: then `unknown` is a right answer too. */
  readonly blinding?: boolean
  /** How long a release must stay healthy: long enough for the fault to fall into it. */
  readonly soakMs?: number
  /** Seconds from the start of the gate by which there must be a verdict. */
  readonly bound: number
  /** Begins the fault and ends it: after a while, or when `judged` aborts because both verdicts are there. */
  play(stage: Stage, judged: AbortSignal): Promise<void>
}

export interface Outcome {
  readonly fault: string
  readonly kind: Kind
  readonly verdict: GateResult['verdict']
  readonly cause: string | undefined
  readonly seconds: number
  /** The truth, or `unknown` where the fault may blind. */
  readonly right: boolean
  /** What it must never be: a verdict that is not true. */
  readonly wrong: boolean
  readonly result: GateResult
}

const timeoutMs = 90_000
/** The fault begins when each gate watches its Deployment, ReplicaSet, pods and events: nothing is decided by then. */
const watchesOfAGate = 4

export async function play(fault: Fault, platform: Platform, admin: ClusterClient): Promise<readonly Outcome[]> {
  const suffix = Date.now().toString(36).slice(-6)
  const slug = fault.name.replaceAll(/[^a-z0-9]+/g, '-').slice(0, 40)
  const kinds: readonly Kind[] = ['good', 'bad']
  const releases = await Promise.all(
    kinds.map(async kind => prepare(kind, `fault-${slug}-${kind}-${suffix}`, platform, admin)),
  )
  const judged = new AbortController()
  try {
    const judging = Promise.all(releases.map(async release => judge(release, fault, admin)))
    const playing = allWatch(releases, judged.signal).then(async () =>
      fault.play({ platform, admin, releases }, judged.signal),
    )
    const [outcomes] = await Promise.all([judging.finally(() => judged.abort()), playing])
    return outcomes
  } finally {
    judged.abort()
    for (const { link, gateway } of releases) {
      await link.close()
      await gateway.close()
    }
    for (const { namespace } of releases) await admin.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

async function allWatch(releases: readonly Release[], judged: AbortSignal): Promise<void> {
  while (!judged.aborted && releases.some(({ gateway }) => gateway.watches < watchesOfAGate))
    await systemClock.sleep(50)
}

async function prepare(kind: Kind, namespace: string, platform: Platform, admin: ClusterClient): Promise<Release> {
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const deployer = await createDeployer(platform, namespace, admin)
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
  while ((await admin.get(account)) === undefined) await systemClock.sleep(50)
  const gateway = await openGateway(platform)
  return { kind, namespace, deployer, gateway, link: await openLink({ host: '127.0.0.1', port: gateway.port }) }
}

async function judge(
  { kind, namespace, link, deployer }: Release,
  fault: Fault,
  admin: ClusterClient,
): Promise<Outcome> {
  const cluster = await deployer.connect(link.url)
  try {
    await cluster.version()
    const startedAt = systemClock.now()
    const applied = [{ object: await admin.apply(workload(kind, namespace)) }]
    const result = await runGate(
      { applied, startedAt, timeoutMs, soakMs: fault.soakMs ?? 12_000 },
      { cluster, clock: systemClock, log: quiet, signal: new AbortController().signal },
    )
    const { verdict, cause, endedAt } = result
    const isTrue = kind === 'good' ? verdict === 'healthy' : verdict === 'failed' && cause?.code === 'crash-loop'
    return {
      fault: fault.name,
      kind,
      verdict,
      cause: cause?.code,
      seconds: (endedAt - startedAt) / 1_000,
      right: isTrue || (verdict === 'unknown' && fault.blinding === true),
      wrong: !isTrue && verdict !== 'unknown',
      result,
    }
  } finally {
    await cluster.close()
  }
}

/**
 * Two pods on the real node, whose kubelet goes on whatever becomes of the API server: one runs, one exits with 3 every
 * four seconds, so that it is never as long healthy as it has to be.
 */
function workload(kind: Kind, namespace: string): KubeObject {
  const labels = { app: 'api' }
  const command = ['sh', '-c', kind === 'good' ? 'trap exit TERM; sleep 3600 & wait' : 'sleep 4; exit 3']
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'api', image: baseImage, command }] },
      },
    },
  }
}
