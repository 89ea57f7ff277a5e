import type { Before, Blueprint, Life, MissingConfig, NetworkFaults, Run, Trouble } from './blueprint.ts'
import type { Chance } from './chance.ts'
import { calm } from './defaults.ts'
import { placesNeeded } from './truth.ts'

/**
 * Draws a world that has its troubles and ends well. None of them is longer than the gate promises to wait for:
 * - each container ends abnormally at most once, within 18 s of its start, by itself, by a probe or for want of memory
 * - pulls fail for a passing reason for at most 60 s (the kubelet then tries again within 80 s), and take up to 60 s
 * - configuration is at most 8 s late (the kubelet looks again 10 to 15 s later), and either the set brings it or the role
 *   may not see that it is not there; refusals of pods last at most 2.4 s
 * - sandboxes fail for at most 60 s, a readiness gate is met within 120 s, slow starts take at most 50 s
 * - a node that is missing comes within 9 min of an autoscaler's promise
 * - at most one node is lost: drained, gone with its machine, or silently dead (its pods are replaced after 345 s);
 *   not one of the latter kinds while a container waits for configuration, has just ended or starts slowly
 * - readiness flaps for at most 10 s; an autoscaler of replicas moves them at most twice in the first minute
 * - watches are cut for at most 25 s and the API server refuses for at most 20 s, not both in the same world
 * - the release before may be seconds ago, with pods that start slowly or crash (in an ordered StatefulSet they do not)
 * - the runner's clock is at most 5 min off
 */
export function eventuallyHealthy(chance: Chance): Blueprint {
  const kind = chance.one(['Deployment', 'Deployment', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job'] as const)
  const seed = chance.whole(1, 1_000_000_000)
  const network = drawNetwork(chance)
  const common = {
    ...calm,
    seed,
    kind,
    network,
    aheadMs: chance.sometimes(0.3) ? Math.round(chance.between(-300_000, 300_000)) : 0,
    gateDelayMs: chance.whole(0, chance.sometimes(0.2) ? 5_000 : 300),
  }
  const world = kind === 'Job' ? drawJob(common, chance) : drawService(common, chance)
  return withObstructions(world, chance)
}

const tenths = (value: number): number => Math.round(value * 10) / 10

function drawNetwork(chance: Chance): NetworkFaults {
  const slow = chance.sometimes(0.2)
  const broken = chance.one(['no', 'no', 'no', 'cut', 'outage'] as const)
  const from = tenths(chance.between(0, chance.sometimes(0.5) ? 15 : 90))
  return {
    latencyMs: slow ? [20, chance.whole(100, 900)] : [2, chance.whole(5, 60)],
    duplicated: chance.sometimes(0.2) ? 0.2 : 0,
    reordered: chance.sometimes(0.2) ? 0.1 : 0,
    cuts:
      broken === 'cut'
        ? [
            {
              kind: chance.one(['Pod', 'Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'Event']),
              from,
              to: tenths(from + chance.between(1, 25)),
              silent: chance.sometimes(0.4),
            },
          ]
        : [],
    outages:
      broken === 'outage'
        ? [{ from, to: tenths(from + chance.between(1, 20)), status: chance.one([429, 500, 503, 504]) }]
        : [],
    hidden: chance.sometimes(0.7) ? [] : chance.sometimes(0.8) ? ['Node'] : ['Event', 'Node'],
  }
}

function drawJob(common: Blueprint, chance: Chance): Blueprint {
  const backoffLimit = chance.whole(0, 3)
  const end = (code: number): Life => ({
    main: [{ readyAfter: 0, exit: { after: tenths(chance.between(0.2, 40)), code } }],
  })
  const failures = chance.sometimes(0.5) ? 0 : chance.whole(0, backoffLimit)
  const lives = [...Array.from({ length: failures }, () => end(1)), end(0)]
  return { ...common, replicas: 1, backoffLimit, lives }
}

function drawService(common: Blueprint, chance: Chance): Blueprint {
  const replicas = chance.whole(1, chance.sometimes(0.2) ? 8 : 4)
  const { kind } = common
  const strategy = drawStrategy(kind, chance)
  // An ordered StatefulSet never gets past broken pods of before: that does not end well.
  const mayCrash = kind !== 'StatefulSet' || strategy === 'Parallel'
  const before = chance.sometimes(0.6) ? drawBefore(mayCrash && chance.sometimes(0.15), chance) : undefined
  const surge = chance.whole(0, 2)
  const probes = drawProbes(chance)
  const shape = {
    ...common,
    replicas,
    surge,
    unavailable: surge === 0 ? 1 : chance.whole(0, 1),
    strategy,
    minReadySeconds: chance.sometimes(0.2) ? chance.whole(1, 10) : 0,
    ...(before === undefined ? {} : { before }),
    probes,
    scaling: kind === 'DaemonSet' || kind === 'StatefulSet' ? [] : drawScaling(replicas, chance),
  }
  const lives = drawLives(shape, chance)
  return withPlaces({ ...shape, lives }, chance)
}

function drawBefore(crashes: boolean, chance: Chance): Before {
  const isLong = chance.sometimes(0.5)
  const isRecent = !crashes && chance.sometimes(0.25)
  return {
    secondsAgo: isRecent ? chance.whole(2, 60) : crashes && isLong ? 640 : 90,
    crashes,
    readyAfter: chance.sometimes(0.3) ? chance.whole(0, 50) : 0,
    podsLeave: true,
  }
}

function drawStrategy(kind: Blueprint['kind'], chance: Chance): Blueprint['strategy'] {
  if (kind === 'Deployment' && chance.sometimes(0.15)) return 'Recreate'
  return kind === 'StatefulSet' && chance.sometimes(0.3) ? 'Parallel' : 'RollingUpdate'
}

function drawProbes(chance: Chance): Blueprint['probes'] {
  const probe = (periods: readonly [number, ...number[]], threshold: number) => ({
    periodSeconds: chance.one(periods),
    failureThreshold: threshold,
    ...(chance.sometimes(0.2) ? { initialDelaySeconds: chance.whole(1, 10) } : {}),
  })
  return {
    ...(chance.sometimes(0.7) ? { readiness: probe([1, 2, 5, 10], chance.whole(1, 3)) } : {}),
    ...(chance.sometimes(0.3) ? { liveness: probe([1, 2, 5, 10], chance.whole(2, 3)) } : {}),
    ...(chance.sometimes(0.2) ? { startup: probe([1, 2, 5], 70) } : {}),
  }
}

function drawScaling(replicas: number, chance: Chance): Blueprint['scaling'] {
  if (!chance.sometimes(0.15)) return []
  const moves = chance.whole(1, 2)
  return Array.from({ length: moves }, () => ({
    at: tenths(chance.between(0, 60)),
    to: Math.max(1, replicas + chance.whole(-2, 3)),
  }))
}

/** One abnormal end, before it serves. */
function mishap({ probes }: Blueprint, chance: Chance): Run {
  const after = tenths(chance.between(0, 18))
  const what = chance.one(['exit', 'exit', 'oom', 'hang', 'start'] as const)
  if (what === 'oom') return { readyAfter: 0, exit: { after, code: 137, oom: true } }
  if (what === 'hang' && probes.liveness !== undefined)
    return { readyAfter: 0, hangsAfter: after, killedWith: chance.one([0, 137, 143]) }
  if (what === 'start')
    return { readyAfter: 0, startError: 'failed to create containerd task: context deadline exceeded' }
  return { readyAfter: tenths(chance.between(0, 10)), exit: { after, code: chance.one([0, 1, 3, 127, 137, 143]) } }
}

function goodRun({ probes }: Blueprint, chance: Chance): Run {
  const slow = probes.readiness !== undefined || probes.startup !== undefined
  const readyAfter = slow ? tenths(chance.between(0, chance.sometimes(0.3) ? 50 : 5)) : 0
  if (probes.readiness === undefined || !chance.sometimes(0.15)) return { readyAfter }
  const from = tenths(readyAfter + chance.between(1, 25))
  return { readyAfter, flaps: [[from, tenths(from + chance.between(1, 10))]] }
}

function drawLives(shape: Blueprint, chance: Chance): readonly Life[] {
  const helpers = { init: chance.sometimes(0.2), sidecar: chance.sometimes(0.12) }
  const trouble = chance.sometimes(0.35) ? 0.6 : 0
  return Array.from({ length: shape.replicas }, (): Life => {
    const main = [...(chance.sometimes(trouble) ? [mishap(shape, chance)] : []), goodRun(shape, chance)]
    const once = chance.sometimes(trouble / 2)
    const prepared: Run = { readyAfter: 0, exit: { after: tenths(chance.between(0, 10)), code: 0 } }
    const broken: Run = { readyAfter: 0, exit: { after: tenths(chance.between(0, 5)), code: 1 } }
    return {
      main,
      ...(helpers.init ? { init: [...(once ? [broken] : []), prepared] } : {}),
      ...(helpers.sidecar ? { sidecar: [...(once ? [broken] : []), { readyAfter: 0 }] } : {}),
    }
  })
}

/** Nodes for all pods, or too few and an autoscaler that brings the others; and perhaps one that is lost. */
function withPlaces(shape: Blueprint, chance: Chance): Blueprint {
  const nodes = chance.whole(shape.kind === 'DaemonSet' ? 1 : 2, 4)
  const needed = placesNeeded(shape)
  const plenty = { ...shape, nodes, room: needed + 2, ...(shape.kind === 'DaemonSet' ? { replicas: nodes } : {}) }
  if (shape.kind === 'DaemonSet') return plenty
  if (chance.sometimes(0.1)) {
    const room = Math.max(1, Math.floor((needed - 1) / nodes))
    const promise = { afterSeconds: tenths(chance.between(20, 520)) }
    // One after the other, they may need more than one node's time.
    if (nodes * room < needed) return { ...shape, nodes, room, autoscaler: promise, timeoutSeconds: 2_400 }
  }
  if (!chance.sometimes(0.12)) return plenty
  const loss = { node: chance.whole(0, nodes - 1), at: tenths(chance.between(0, 40)), how: drawLoss(shape, chance) }
  return { ...plenty, loss, ...(loss.how === 'drained' ? {} : { lives: shape.lives.map(swift) }) }
}

/**
 * For 40 s nobody knows that a node is dead, so nothing may stand on it that the gate waits for less long; and a role that
 * may read neither nodes nor events never learns of it. Pods of a StatefulSet on a dead node stay until it is removed.
 */
function drawLoss({ kind, strategy, network }: Blueprint, chance: Chance): 'dies' | 'vanishes' | 'drained' {
  if (network.hidden.length > 1) return 'drained'
  // A pod that was on its way out of a node that dies never ends: where others wait for its place, they wait for ever.
  const waitsForOld = kind === 'StatefulSet' || (kind === 'Deployment' && strategy === 'Recreate')
  return waitsForOld ? chance.one(['vanishes', 'drained']) : chance.one(['dies', 'vanishes', 'drained'])
}

/** The same life, without a mishap and ready within 5 s. */
function swift(life: Life): Life {
  const quick = (runs: readonly Run[]): readonly Run[] =>
    runs.slice(-1).map(run => ({ ...run, readyAfter: Math.min(Number(run.readyAfter), 5) }))
  return {
    main: quick(life.main),
    ...(life.init === undefined ? {} : { init: quick(life.init) }),
    ...(life.sidecar === undefined ? {} : { sidecar: quick(life.sidecar) }),
  }
}

const passingPulls = [
  'rpc error: code = Unknown desc = failed to pull and unpack image: dial tcp 10.0.0.1:443: i/o timeout',
  'rpc error: code = Unknown desc = unexpected status: 429 Too Many Requests',
  'rpc error: code = Unknown desc = received unexpected HTTP status: 503 Service Unavailable',
  'rpc error: code = Unknown desc = net/http: TLS handshake timeout',
  'rpc error: code = Unknown desc = unexpected status from HEAD request: 403 Forbidden',
] as const

function withObstructions(world: Blueprint, chance: Chance): Blueprint {
  const trouble = (message: string, most: number): Trouble => ({ message, until: tenths(chance.between(0, most)) })
  const isSilent = world.loss !== undefined && world.loss.how !== 'drained'
  const known = chance.sometimes(0.4)
  return {
    ...world,
    // Without events nobody sees that a pull which failed before is going on now.
    pullSeconds: tenths(chance.between(0.1, chance.sometimes(0.2) && !world.network.hidden.includes('Event') ? 60 : 5)),
    ...(known
      ? { registry: { answer: chance.one(['present', 'unknown'] as const), afterMs: chance.whole(20, 3_000) } }
      : {}),
    ...(chance.sometimes(0.15) ? { image: trouble(chance.one(passingPulls), 60) } : {}),
    ...(!isSilent && chance.sometimes(0.08) ? { config: lateConfig(chance) } : {}),
    ...(chance.sometimes(0.05) ? { sandbox: trouble('failed to setup network for sandbox: no address', 60) } : {}),
    ...(chance.sometimes(0.05) ? { admission: trouble(chance.one(admissionTexts), longestRefusal) } : {}),
    ...(world.kind !== 'Job' && chance.sometimes(0.05) ? { gateMet: tenths(chance.between(0, 120)) } : {}),
  }
}

/** Where the gate can see that it is not there, it may only be late when the set is known to bring it. */
function lateConfig(chance: Chance): MissingConfig {
  const brought = chance.sometimes(0.5)
  return {
    as: chance.one(['env', 'volume']),
    kind: chance.one(['Secret', 'ConfigMap']),
    ...(chance.sometimes(0.3) ? { key: 'url' } : {}),
    until: tenths(chance.between(0, 8)),
    brought,
    readable: brought && chance.sometimes(0.7),
  }
}

/**
 * Seconds. A controller tries again after about as long as it was refused, after up to four times as long when changes
 * made it try in between; the gate gives it 10 s.
 */
const longestRefusal = 2.4

export const admissionTexts = [
  'pods "api" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
  'pods "api" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
  'pods "api" is forbidden: error looking up service account shop/api: serviceaccount "api" not found: service account shop/api not found',
  'Internal error occurred: failed calling webhook "a.example.org": Post "https://a": dial tcp: connection refused',
  'admission webhook "policy.example.org" denied the request: no latest tags',
  'pods "api" is forbidden: no PriorityClass with name urgent was found',
] as const
