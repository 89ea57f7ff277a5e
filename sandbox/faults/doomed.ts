/**
 * A release or a rollback that dies by SIGKILL just before one of its steps, or not at all; a program of its own:
 * `node doomed.ts '{"namespace": …}'`. Prints each step before it takes it. For use inside the platform.
 */
import { writeSync } from 'node:fs'
import type { Cluster, KubeObject } from '../../src/kubernetes/model.ts'
import { deploy } from '../../src/rollout/deploy.ts'
import { rollback } from '../../src/rollout/way-back/rollback.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { connectAsAdmin, quiet } from '../connect.ts'

export interface Doom {
  readonly namespace: string
  readonly what: 'deploy' | 'rollback'
  /** The set of a deploy. */
  readonly objects?: readonly KubeObject[]
  readonly holder: string
  /** 0 unless given. */
  readonly soakMs?: number
  /** Name of the step that is not reached; the second `apply ConfigMap settings` has ` #2` after its name. */
  readonly diesBefore?: string
}

/** What a release asks of deploy() and rollback(), but for the objects. */
export function requestFor({ namespace, holder, soakMs = 0 }: Pick<Doom, 'namespace' | 'holder' | 'soakMs'>) {
  return { application: 'shop', namespace, holder, timeoutMs: 90_000, soakMs, dryRun: false } as const
}

/** The same cluster, but each write, and each beginning of a gate, is a step that is told before it is taken. */
function stepping(cluster: Cluster, step: (name: string) => void): Cluster {
  return {
    ...cluster,
    apply(object, options, signal) {
      if (options?.dryRun !== true) step(`apply ${nameOf(object)}`)
      return cluster.apply(object, options, signal)
    },
    create(object, signal) {
      step(leaseStep(object) ?? `create ${nameOf(object)}`)
      return cluster.create(object, signal)
    },
    replace(object, signal) {
      const taken = leaseStep(object)
      // A renewal comes when its time has come: it is no step of the release.
      if (taken !== 'renew the lock') step(taken ?? `replace ${nameOf(object)}`)
      return cluster.replace(object, signal)
    },
    remove(key, signal) {
      step(`remove ${key.kind} ${key.name}`)
      return cluster.remove(key, signal)
    },
    watch(kind, namespace, signal, keep) {
      if (kind.kind === 'Pod') step('gate')
      return cluster.watch(kind, namespace, signal, keep)
    },
  }
}

function leaseStep({ kind, spec }: KubeObject): string | undefined {
  if (kind !== 'Lease') return undefined
  const { holderIdentity, acquireTime, renewTime } = spec as Readonly<Record<string, unknown>>
  if (holderIdentity === '') return 'free the lock'
  return acquireTime === renewTime ? 'take the lock' : 'renew the lock'
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`

async function main(doom: Doom): Promise<void> {
  const client = await connectAsAdmin(process.env['KUBECONFIG'] ?? '')
  const taken = new Map<string, number>()
  const cluster = stepping(client, name => {
    const count = (taken.get(name) ?? 0) + 1
    taken.set(name, count)
    const step = count === 1 ? name : `${name} #${count}`
    if (step === doom.diesBefore) process.kill(process.pid, 'SIGKILL')
    writeSync(1, `${step}\n`)
  })
  const ports = { cluster, clock: systemClock, log: quiet, signal: new AbortController().signal }
  const request = requestFor(doom)
  if (doom.what === 'rollback') await rollback(request, ports)
  else {
    const { objects = [] } = doom
    await deploy(
      { ...request, objects, images: [], source: 'app', rollback: true, force: false, takeOwnership: false },
      ports,
    )
  }
  await client.close()
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '{}') as Doom)
