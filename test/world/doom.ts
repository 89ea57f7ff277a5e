import type { Blueprint, Life, MissingConfig, Run } from './blueprint.ts'
import type { Chance } from './chance.ts'
import { admissionTexts, eventuallyHealthy } from './draw.ts'

type Doom = (world: Blueprint, chance: Chance) => Blueprint

const tenths = (value: number): number => Math.round(value * 10) / 10

/** All pods do this in the end, or (in a world where none is replaced) one of several does. */
function withRun(world: Blueprint, run: Run, chance: Chance, role: keyof Life = 'main'): Blueprint {
  const base = role === 'main' ? world : { ...world, lives: world.lives.map(life => ({ ...life, [role]: [run] })) }
  const doomed = (life: Life): Life => ({ ...life, [role]: [...(life[role]?.slice(0, -1) ?? []), run] })
  const mayBeOne =
    base.loss === undefined && base.scaling.length === 0 && base.kind !== 'DaemonSet' && base.lives.length > 1
  if (!mayBeOne || chance.sometimes(0.5)) return seenInTime({ ...base, lives: base.lives.map(doomed) })
  const chosen = chance.whole(0, base.lives.length - 1)
  // The last life is that of all pods that follow, so a good one stays at the end.
  const good: Life = { main: [{ readyAfter: 0 }], ...(role === 'main' ? {} : goodHelper(role)) }
  const lives = base.lives.map((life, order) =>
    order === chosen ? doomed(life) : role === 'main' ? life : { ...life, ...goodHelper(role) },
  )
  return seenInTime({ ...base, lives: [...lives, { ...base.lives[0], ...good }] })
}

/**
 * A program that hangs before its doom serves until a probe ends it, or for ever where no probe asks: what comes later
 * than a soak of 20 s no gate promises to see. It ends by itself instead.
 */
function seenInTime(world: Blueprint): Blueprint {
  const { liveness } = world.probes
  const killedAfter =
    liveness && (liveness.initialDelaySeconds ?? 0) + liveness.periodSeconds * liveness.failureThreshold
  const shown = (run: Run): Run => {
    if (run.hangsAfter === undefined || (killedAfter !== undefined && run.hangsAfter + killedAfter < 18)) return run
    return { readyAfter: run.readyAfter, exit: { after: Math.min(17, run.hangsAfter), code: 1 } }
  }
  const lives = world.lives.map(life => ({
    ...life,
    main: [...life.main.slice(0, -1).map(shown), ...life.main.slice(-1)],
  }))
  return { ...world, lives }
}

const goodHelper = (role: keyof Life): Partial<Life> => ({
  [role]: [role === 'init' ? { readyAfter: 0, exit: { after: 1, code: 0 } } : { readyAfter: 0 }],
})

/** Crashes that a soak of 20 s can see: less than 18 s after a start. */
const crash = (chance: Chance, code: number, oom = false): Run => {
  const after = tenths(chance.sometimes(0.4) ? chance.between(0, 1) : chance.between(0, 17))
  return { readyAfter: 0, exit: { after, code, ...(oom ? { oom } : {}) } }
}

const withImage = (world: Blueprint, message: string, registry: Blueprint['registry']): Blueprint => {
  const { registry: _, ...rest } = world
  return { ...rest, image: { message, until: 'never' }, ...(registry === undefined ? {} : { registry }) }
}

const answer = (chance: Chance, said: NonNullable<Blueprint['registry']>['answer']) => ({
  answer: said,
  afterMs: chance.whole(20, 3_000),
})

function missing(as: MissingConfig['as'], chance: Chance): MissingConfig {
  const kinds = as === 'env' ? (['Secret', 'ConfigMap'] as const) : (['ConfigMap', 'PersistentVolumeClaim'] as const)
  const kind = chance.one(kinds)
  const key = kind !== 'PersistentVolumeClaim' && chance.sometimes(0.3) ? { key: 'url' } : {}
  const brought = kind !== 'PersistentVolumeClaim' && chance.sometimes(0.3)
  return { as, kind, ...key, until: 'never', brought, readable: chance.sometimes(0.7) }
}

/** Ways in which a service never serves. */
const dooms: Readonly<Record<string, Doom>> = {
  crashes: (world, chance) => withRun(world, crash(chance, chance.one([0, 1, 3, 137, 143, 255])), chance),
  'is not a program': (world, chance) => withRun(world, crash(chance, chance.one([126, 127])), chance),
  'uses too much memory': (world, chance) => withRun(world, crash(chance, 137, true), chance),
  'init container fails': (world, chance) => withRun(world, crash(chance, 1), chance, 'init'),
  'sidecar fails': (world, chance) => withRun(world, crash(chance, 2), chance, 'sidecar'),
  'cannot be started': (world, chance) =>
    withRun(
      world,
      { readyAfter: 0, startError: chance.one(['exec: "/x": no such file', 'exec format error']) },
      chance,
    ),
  'serves, then crashes in the soak': (world, chance) => {
    const readyAfter = tenths(chance.between(0, 10))
    const run = { readyAfter, exit: { after: tenths(readyAfter + chance.between(8, 15)), code: 1 } }
    return withRun({ ...world, probes: { readiness: { periodSeconds: 1, failureThreshold: 2 } } }, run, chance)
  },
  hangs: (world, chance) => {
    const liveness = { periodSeconds: chance.whole(1, 2), failureThreshold: 2 }
    const run = { readyAfter: 0, hangsAfter: tenths(chance.between(0, 8)) }
    return withRun({ ...world, probes: { ...world.probes, liveness } }, run, chance)
  },
  'starts too slowly': (world, chance) => {
    const startup = { periodSeconds: chance.whole(1, 3), failureThreshold: chance.whole(2, 8) }
    const before = world.before && { ...world.before, readyAfter: 0 }
    const changed = { ...world, ...(before && { before }), probes: { ...world.probes, startup } }
    return withRun(changed, { readyAfter: 'never' }, chance)
  },
  'never ready': (world, chance) => {
    const { startup: _, ...probes } = world.probes
    const readiness = probes.readiness ?? { periodSeconds: 2, failureThreshold: 2 }
    return withRun({ ...world, probes: { ...probes, readiness } }, { readyAfter: 'never' }, chance)
  },
  'image absent, the registry agrees': (world, chance) =>
    withImage(world, 'registry/api:2: not found', answer(chance, 'absent')),
  'image absent, nobody to ask': (world, chance) =>
    withImage(world, 'registry/api:2: not found', chance.sometimes(0.5) ? undefined : answer(chance, 'unknown')),
  'image of another platform': (world, chance) =>
    withImage(
      world,
      'no match for platform in manifest: not found',
      chance.sometimes(0.5) ? undefined : answer(chance, 'no-platform'),
    ),
  'pull denied': world => withImage(world, 'unexpected status: 403 Forbidden', undefined),
  'registry down': world => withImage(world, 'dial tcp 10.0.0.1:443: i/o timeout', undefined),
  'image without a valid name': world => ({
    ...world,
    image: { message: 'couldn\'t parse image name "API:2"', until: 'never', reason: 'InvalidImageName' },
  }),
  'image that may not be pulled': world => ({
    ...world,
    image: { message: 'image is not present with pull policy of Never', until: 'never', reason: 'ErrImageNeverPull' },
  }),
  'configuration missing': (world, chance) => ({ ...world, config: missing('env', chance) }),
  'volume missing': (world, chance) => ({ ...world, config: missing('volume', chance) }),
  'no sandbox': world => ({
    ...world,
    sandbox: { message: 'failed to assign an IP address to container', until: 'never' },
  }),
  'pods refused': (world, chance) => ({ ...world, admission: { message: chance.one(admissionTexts), until: 'never' } }),
  'readiness gate never met': world => ({ ...world, gateMet: 'never' }),
  'no room': (world, chance) => {
    const { loss: _loss, before: _before, ...rest } = world
    const base = world.kind === 'DaemonSet' ? { ...rest, kind: 'Deployment' as const, replicas: 3 } : rest
    return {
      ...base,
      replicas: base.replicas + 2,
      scaling: [],
      nodes: 1,
      room: 1,
      autoscaler: chance.one(['none', 'refuses'] as const),
    }
  },
  paused: world => ({ ...world, kind: 'Deployment', strategy: 'RollingUpdate', scaling: [], paused: true }),
  'pods of before never leave': world => {
    const { loss: _, ...rest } = world
    const before = { secondsAgo: 90, crashes: false, readyAfter: 0, podsLeave: false }
    return { ...rest, kind: 'Deployment', strategy: 'Recreate', scaling: [], before }
  },
  'broken pods of before block an ordered set': world => {
    const { loss: _, ...rest } = world
    const before = { secondsAgo: 90, crashes: true, readyAfter: 0, podsLeave: true }
    // Without a readiness probe they are ready for an instant after each start, and the set moves on.
    const probes = { readiness: { periodSeconds: 2, failureThreshold: 2 } }
    return { ...rest, kind: 'StatefulSet', strategy: 'RollingUpdate', scaling: [], before, probes }
  },
  'one node is bad': world => {
    const { loss: _, ...rest } = world
    return {
      ...rest,
      kind: 'Deployment',
      strategy: 'RollingUpdate',
      replicas: 6,
      nodes: 3,
      room: 9,
      autoscaler: 'none',
      scaling: [],
      badNode: 1,
    }
  },
}

/** The same for a Job. */
const jobDooms: Readonly<Record<string, Doom>> = {
  'each attempt fails': (world, chance) => ({ ...world, lives: [{ main: [crash(chance, 1)] }] }),
  ...Object.fromEntries(
    [
      'image absent, the registry agrees',
      'image absent, nobody to ask',
      'pull denied',
      'configuration missing',
      'volume missing',
      'no sandbox',
      'pods refused',
    ].flatMap(name => (dooms[name] === undefined ? [] : [[name, dooms[name]]])),
  ),
}

/** What ends on a node that is silently dead, nobody sees for 40 s, longer than a soak. */
function noticed(world: Blueprint): Blueprint {
  return world.loss === undefined ? world : { ...world, loss: { ...world.loss, how: 'drained' } }
}

/** Draws a world in which the release never serves, whatever else happens on the way. */
export function neverHealthy(chance: Chance): Blueprint {
  const world = noticed(eventuallyHealthy(chance))
  const ways = world.kind === 'Job' ? jobDooms : dooms
  const names = Object.keys(ways)
  const doom = ways[names[chance.whole(0, names.length - 1)] ?? '']
  return doom === undefined ? world : doom(world, chance)
}
