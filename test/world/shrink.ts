import type { Blueprint, Life, Run } from './blueprint.ts'
import { calm } from './defaults.ts'
import { truthOf } from './truth.ts'

type Smaller = (world: Blueprint) => Blueprint | undefined

/** So many worlds are tried at most. */
const mostTries = 600

/**
 * The smallest world, by switching off one thing after the other, that is still judged wrongly.
 * Only worlds with the same truth count: a world that never serves must not become one that does.
 */
export async function shrink(world: Blueprint, isWrong: (smaller: Blueprint) => Promise<boolean>): Promise<Blueprint> {
  const { healthy } = truthOf(world)
  let best = world
  let tries = 0
  for (let again = true; again && tries < mostTries;) {
    again = false
    for (const smaller of reductionsOf(best)) {
      const candidate = smaller(best)
      if (candidate === undefined || JSON.stringify(candidate) === JSON.stringify(best)) continue
      if (truthOf(candidate).healthy !== healthy || tries++ >= mostTries) continue
      if (!(await isWrong(candidate))) continue
      best = candidate
      again = true
    }
  }
  return best
}

const optional = [
  'before',
  'registry',
  'image',
  'config',
  'sandbox',
  'admission',
  'gateMet',
  'loss',
  'paused',
  'badNode',
] as const
const plain = [
  'network',
  'strategy',
  'surge',
  'unavailable',
  'minReadySeconds',
  'scaling',
  'aheadMs',
  'gateDelayMs',
  'pullSeconds',
  'autoscaler',
  'seed',
] as const

function reductionsOf(world: Blueprint): readonly Smaller[] {
  return [
    ...optional.map(
      (field): Smaller =>
        ({ [field]: _, ...rest }) =>
          rest,
    ),
    ...plain.map((field): Smaller => before => ({ ...before, [field]: calm[field] })),
    ...(['readiness', 'liveness', 'startup'] as const).map((field): Smaller => before => {
      const { [field]: _, ...probes } = before.probes
      return { ...before, probes }
    }),
    ...(['latencyMs', 'duplicated', 'reordered', 'cuts', 'outages', 'hidden'] as const).map(
      (field): Smaller =>
        before => ({
          ...before,
          network: { ...before.network, [field]: calm.network[field] },
        }),
    ),
    before => ({ ...before, replicas: 1, nodes: before.kind === 'DaemonSet' ? 1 : before.nodes }),
    before => (before.replicas > 1 ? { ...before, replicas: before.replicas - 1 } : undefined),
    before => (before.nodes > 1 && before.kind !== 'DaemonSet' ? { ...before, nodes: before.nodes - 1 } : undefined),
    before => (before.kind === 'Deployment' ? undefined : { ...before, kind: 'Deployment' }),
    before => ({ ...before, lives: before.lives.slice(0, 1) }),
    before => ({ ...before, lives: before.lives.slice(-1) }),
    ...world.lives.flatMap((_, order) => lifeReductions(order)),
    ...pathsOfNumbers(world).flatMap(path => [at(path, Math.floor), at(path, value => Math.floor(value / 2))]),
  ]
}

function lifeReductions(order: number): readonly Smaller[] {
  const changed =
    (change: (life: Life) => Life): Smaller =>
    world => ({ ...world, lives: world.lives.map((life, index) => (index === order ? change(life) : life)) })
  const tame = (run: Run): Run => {
    const { flaps: _, ...rest } = run
    return rest
  }
  return [
    changed(({ init: _, ...life }) => life),
    changed(({ sidecar: _, ...life }) => life),
    changed(life => ({ ...life, main: life.main.slice(-1) })),
    changed(life => (life.init === undefined ? life : { ...life, init: life.init.slice(-1) })),
    changed(life => (life.sidecar === undefined ? life : { ...life, sidecar: life.sidecar.slice(-1) })),
    changed(life => ({ ...life, main: life.main.map(tame) })),
  ]
}

type Path = readonly string[]

/** Numbers that say how long or how late something is in the world. */
const durations =
  /^(readyAfter|after|hangsAfter|until|at|afterSeconds|afterMs|pullSeconds|gateMet|from|to|minReadySeconds)$|^\d$/

function pathsOfNumbers(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === 'number') return durations.test(path.at(-1) ?? '') && !path.includes('latencyMs') ? [path] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([field, inside]) => pathsOfNumbers(inside, [...path, field]))
}

function at(path: Path, change: (value: number) => number): Smaller {
  return world => replaced(world, path, change) as Blueprint
}

function replaced(value: unknown, [field, ...rest]: Path, change: (value: number) => number): unknown {
  if (field === undefined) return typeof value === 'number' ? change(value) : value
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === field ? replaced(item, rest, change) : item))
  if (typeof value !== 'object' || value === null) return value
  const inside: unknown = Reflect.get(value, field)
  return { ...value, [field]: replaced(inside, rest, change) }
}
