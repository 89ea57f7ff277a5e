import type { Cause, Evidence } from '../../health/model.ts'
import type { Cluster } from '../../kubernetes/model.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/context.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { LogExcerpt } from '../model.ts'

const mostContainers = 5
const tailLines = 50
const limitBytes = 8 * 1024
/** A verdict does not wait for logs longer than this. */
const patienceMs = 5_000

interface Target {
  readonly pod: string
  readonly namespace: string
  readonly container: string
}

interface Ports {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** Causes whose containers never ran: there is no log. */
const silent = new Set([
  'image-not-found',
  'image-wrong-platform',
  'invalid-image-name',
  'image-never-pull',
  'config-missing',
  'image-pull-denied',
  'image-pull-failing',
  'volume-missing',
  'unschedulable',
  'sandbox-failing',
  'volume-failing',
])

/**
 * The last lines of the containers that a cause names: of the current instance and the one before.
 * Never throws: a verdict without logs is still a verdict. A kubelet may already have removed the previous instance.
 */
export async function collectExcerpts(cause: Cause, ports: Ports): Promise<readonly LogExcerpt[]> {
  const targets = targetsOf(cause.evidence)
  if (targets.length === 0) return []
  const enough = new AbortController()
  const signal = AbortSignal.any([ports.signal, enough.signal])
  const tooLong = ports.clock.sleep(patienceMs, signal).then(
    () => enough.abort(new Error('the logs took too long')),
    () => undefined,
  )
  const excerpts = await Promise.all(targets.map(target => excerptsOf(target, ports, signal)))
  enough.abort()
  await tooLong
  return excerpts.flat()
}

function targetsOf(evidence: readonly Evidence[]): readonly Target[] {
  const targets = new Map<string, Target>()
  for (const { object, container, code } of evidence) {
    const [, namespace, pod] = /^Pod ([^/]+)\/(.+)$/.exec(object) ?? []
    if (namespace === undefined || pod === undefined || container === undefined || silent.has(code)) continue
    targets.set(`${object}|${container}`, { pod, namespace, container })
  }
  return [...targets.values()].slice(0, mostContainers)
}

async function excerptsOf(target: Target, ports: Ports, signal: AbortSignal): Promise<readonly LogExcerpt[]> {
  const [current, previous] = await Promise.all([read(target, false, ports, signal), read(target, true, ports, signal)])
  // A process that dies the same way twice says the same twice.
  const both = [previous, current].filter(excerpt => excerpt !== undefined)
  return both.length === 2 && both[0]?.lines.join('\n') === both[1]?.lines.join('\n') ? both.slice(1) : both
}

async function read(
  { pod, namespace, container }: Target,
  previous: boolean,
  { cluster, log }: Ports,
  signal: AbortSignal,
): Promise<LogExcerpt | undefined> {
  try {
    const text = await abortable(
      cluster.logs(pod, namespace, { container, previous, tailLines, limitBytes }, signal),
      signal,
    )
    const lines = text
      .split('\n')
      .filter(line => line.trim() !== '' && !removed.test(line))
      .slice(-tailLines)
    return lines.length === 0 ? undefined : { pod, container, previous, lines }
  } catch (thrown) {
    const which = previous ? 'previous log' : 'log'
    log.debug(
      `the ${which} of container "${container}" in pod ${namespace}/${pod} cannot be read: ${messageOf(thrown)}`,
    )
    return undefined
  }
}

/** A kubelet answers 200 with one of these texts when the container, or the file of its log, is already removed (seen on 1.36). */
const removed =
  /^(unable to retrieve container logs for |failed to (try resolving symlinks in path|open log file) "\/var\/log\/pods\/)/

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('too late')), { once: true }),
    ),
  ])
}
