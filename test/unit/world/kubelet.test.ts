import { expect, test } from '@jest/globals'

import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { objectsOf, recordings, type Recording } from '../../support/recordings.ts'
import type { Blueprint, Run } from '../../world/blueprint.ts'
import { calm } from '../../world/defaults.ts'
import type { Condition, ContainerState, ContainerStatus } from '../../world/objects.ts'
import { World } from '../../world/world.ts'

/** The same programs, told to the simulation: what sandbox/record.ts ran on a real node of Kubernetes 1.36. */
const told: Readonly<Record<string, Partial<Blueprint>>> = {
  good: {
    probes: { readiness: { periodSeconds: 2, failureThreshold: 2 } },
    lives: [{ main: [{ readyAfter: 0.5 }] }],
  },
  'good-without-probe': {},
  crash: program({ readyAfter: 0, exit: { after: 0.05, code: 3 } }),
  'out-of-memory': program({ readyAfter: 0, exit: { after: 0.3, code: 137, oom: true } }),
  'missing-command': program({ readyAfter: 0, startError: 'exec: "/no/such/program": no such file or directory' }),
  'init-crash': { lives: [{ main: [{ readyAfter: 0 }], init: [{ readyAfter: 0, exit: { after: 0.05, code: 1 } }] }] },
  'liveness-kill': {
    probes: { liveness: { periodSeconds: 1, failureThreshold: 2 } },
    ...program({ readyAfter: 0, hangsAfter: 0, killedWith: 0 }),
  },
  'never-ready': {
    probes: { readiness: { periodSeconds: 2, failureThreshold: 2 } },
    ...program({ readyAfter: 'never' }),
  },
  'missing-secret': { config: { as: 'env', kind: 'Secret', until: 'never', brought: false, readable: true } },
  'missing-tag': { image: { message: 'not found', until: 'never' } },
  'missing-volume': { config: { as: 'volume', kind: 'ConfigMap', until: 'never', brought: false, readable: true } },
  'job-failing': { kind: 'Job', backoffLimit: 1, ...program({ readyAfter: 0, exit: { after: 0.1, code: 1 } }) },
  'job-good': { kind: 'Job', backoffLimit: 1, ...program({ readyAfter: 0, exit: { after: 0.1, code: 0 } }) },
}

function program(run: Run): Pick<Blueprint, 'lives'> {
  return { lives: [{ main: [run] }] }
}

const stateOf = (state: ContainerState = {}): string => {
  const { waiting, running, terminated } = state
  if (waiting !== undefined) return `waiting ${waiting.reason}`
  if (terminated !== undefined) return `${terminated.reason} ${terminated.exitCode}`
  return running === undefined ? '-' : 'running'
}

const conditionsOf = (conditions: readonly Condition[] = []): string =>
  conditions
    .map(({ type, status, reason = '' }) => `${type}=${status} ${reason}`)
    .toSorted()
    .join(', ')

interface AnyStatus extends Readonly<Record<string, unknown>> {
  readonly phase?: string
  readonly conditions?: readonly Condition[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly containerStatuses?: readonly ContainerStatus[]
}

const counters = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'active',
  'succeeded',
  'failed',
]

/** A status in one line, without times and names. */
function lineOf({ kind, status }: KubeObject): string {
  const { phase, conditions, initContainerStatuses = [], containerStatuses = [], ...rest } = (status ?? {}) as AnyStatus
  if (kind !== 'Pod')
    return `${counters.map(name => `${name}=${String(rest[name] ?? 0)}`).join(' ')} ${conditionsOf(conditions)}`
  const containers = [...initContainerStatuses, ...containerStatuses].map(
    ({ ready, started, restartCount, state, lastState }) =>
      `${ready ? 'ready' : 'unready'} ${started ? 'started' : ''} ${restartCount} ${stateOf(state)} before: ${stateOf(lastState)}`,
  )
  return `${phase} ${conditionsOf(conditions)} | ${containers.join(' | ')}`
}

/** Per object, in order of creation: its statuses, each told once. */
function sequences(objects: readonly KubeObject[], kind: string): readonly (readonly string[])[] {
  const byName = Map.groupBy(
    objects
      .filter(object => object.kind === kind)
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion)),
    ({ metadata }) => metadata.name,
  )
  return [...byName.values()].map(versions =>
    versions.map(lineOf).filter((line, index, lines) => line !== lines[index - 1]),
  )
}

function simulated(blueprint: Partial<Blueprint>, seed: number): readonly KubeObject[] {
  const world = new World({ ...calm, ...blueprint, seed })
  const seen: KubeObject[] = []
  world.api.onChange(({ object }) => seen.push(object))
  world.release()
  world.time.runUntil(world.time.now + 60_000)
  return seen
}

/** The recording begins when its watch did, and ends with the verdict: it has to be a piece of the simulation. */
function isPiece(real: readonly string[], model: readonly string[]): boolean {
  const begin = model.indexOf(real[0] ?? '')
  return begin >= 0 && begin <= 4 && real.every((line, index) => model[begin + index] === line)
}

/** What a node or a controller merges differs from run to run, so one run in a few has to be the very same. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1)

function expectTheSame({ head, lines }: Recording, kinds: readonly string[]): void {
  const real = lines.flatMap(({ event }) => objectsOf(event))
  const models = seeds.map(seed => simulated(told[head.scenario] ?? {}, seed))
  for (const kind of kinds) {
    for (const [index, object] of sequences(real, kind).entries()) {
      const candidates = models.map(model => sequences(model, kind)[index] ?? [])
      if (!candidates.some(candidate => isPiece(object, candidate))) expect(candidates[0]).toEqual(object)
    }
  }
  expect(sequences(real, kinds.at(-1) ?? '').length).toBeGreaterThanOrEqual(kinds.includes('Pod') ? 1 : 0)
}

const known = recordings().filter(({ head }) => head.scenario in told)

test('every scenario told here was recorded', () => {
  expect(known.map(({ head }) => head.scenario).toSorted()).toEqual(Object.keys(told).toSorted())
})

test.each(known)('the simulated node writes what a real kubelet 1.36 wrote: $head.scenario', recording => {
  expectTheSame(recording, ['Pod'])
})

test.each(known)('the simulated controllers write what the real ones wrote: $head.scenario', recording => {
  expectTheSame(recording, ['ReplicaSet', 'Deployment', 'Job'])
})
