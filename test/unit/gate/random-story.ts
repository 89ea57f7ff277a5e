import type { Chance } from './random.ts'
import { exited, image, running, stamp, start, Story, waiting } from './story.ts'

const notFound = `failed to pull image "${image}": ${image}: not found`
const passingPulls = [
  'dial tcp: i/o timeout',
  '429 Too Many Requests',
  'received unexpected HTTP status: 503',
  'TLS handshake timeout',
] as const

/** A pod's way from its creation: steps with their seconds. `at` moves on as steps are added. */
class Way {
  at: number
  readonly #story: Story
  readonly #chance: Chance
  readonly #name: string
  readonly #node: string
  restarts = 0

  constructor(story: Story, chance: Chance, name: string, at: number) {
    this.#story = story
    this.#chance = chance
    this.#name = name
    this.#node = `node-${chance.whole(1, 3)}`
    this.at = at
  }

  put(...containers: Parameters<Story['pod']>[1] extends infer T ? Extract<T, readonly unknown[]> : never): void {
    this.#story.pod(this.#name, containers, { node: this.#node })
  }

  step(seconds: number, happens: (story: Story) => void): this {
    this.#story.at(this.at, () => happens(this.#story))
    this.at += seconds
    return this
  }

  /** Everything that may happen to a good pod on its way. */
  begin(): this {
    const chance = this.#chance
    if (chance.sometimes(0.2)) this.#unscheduled()
    this.step(chance.between(0, 20), () => this.put(waiting('ContainerCreating')))
    if (chance.sometimes(0.3)) {
      const trouble = chance.one(passingPulls)
      this.step(chance.between(1, 50), () => this.put(waiting('ErrImagePull', trouble)))
      this.step(chance.between(1, 50), () =>
        this.put(waiting('ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${trouble}`)),
      )
    }
    if (chance.sometimes(0.15))
      this.step(chance.between(1, 8), () =>
        this.put(waiting('CreateContainerConfigError', 'configmap "late" not found')),
      )
    return this
  }

  #unscheduled(): void {
    const promised = this.#chance.sometimes(0.5)
    const name = this.#name
    if (promised)
      this.#story.at(this.at + this.#chance.between(5, 20), () =>
        this.#story.event(`pod-${name}`, 'TriggeredScaleUp', 'pod triggered scale-up'),
      )
    this.step(this.#chance.between(5, promised ? 520 : 110), story => story.pod(name, 'unscheduled'))
  }

  restart(exitCode: number, upFor: number, downFor: number): this {
    const restarts = this.restarts++
    this.step(upFor, story => this.put(running(story, { restartCount: restarts, ...this.#last(story, restarts) })))
    return this.step(downFor, story => this.put(exited(story, exitCode, restarts)))
  }

  #last(story: Story, restarts: number): object {
    return restarts === 0 ? {} : { lastState: exited(story, 1, 0).state }
  }

  slowly(seconds: number): this {
    const { restarts } = this
    return this.step(seconds, story =>
      this.put(running(story, { ready: false, restartCount: restarts, ...this.#last(story, restarts) })),
    )
  }

  ready(): this {
    const { restarts } = this
    return this.step(0, story => this.put(running(story, { restartCount: restarts, ...this.#last(story, restarts) })))
  }
}

/** A rollout that has its troubles and ends well. */
export function eventuallyHealthy(chance: Chance): Story {
  const { story, replicas } = beginning(chance)
  for (let pod = 0; pod < replicas; pod++) {
    const way = new Way(story, chance, `p${pod}`, chance.between(1.5, 4))
    if (chance.sometimes(0.1)) evicted(story, chance, way)
    goodEnd(chance, way)
  }
  noise(story, chance)
  return story
}

function goodEnd(chance: Chance, way: Way): void {
  way.begin()
  if (chance.sometimes(0.3)) way.restart(chance.one([1, 137, 0, 255]), chance.between(0.2, 15), chance.between(0.5, 10))
  if (chance.sometimes(0.4)) way.slowly(chance.between(1, 50))
  way.ready()
  if (chance.sometimes(0.2)) {
    way.at += chance.between(1, 10)
    way.slowly(chance.between(1, 10)).ready()
  }
}

/** A predecessor that crashes while its node goes away. */
function evicted(story: Story, chance: Chance, way: Way): void {
  const name = `gone-${way.at}`
  story.at(way.at, () => story.pod(name, [running(story, { ready: false })]))
  way.at += chance.between(1, 20)
  story.at(way.at, () =>
    story.pod(
      name,
      [exited(story, 137, 3)],
      {},
      {
        status: {
          conditions: [
            { type: 'DisruptionTarget', status: 'True' },
            { type: 'Ready', status: 'False' },
          ],
        },
      },
    ),
  )
  way.at += chance.between(1, 20)
  story.at(way.at, () => {
    const pod = story.cluster.find('Pod', name)
    if (pod !== undefined) story.cluster.drop(pod)
    story.settle()
  })
}

function beginning(chance: Chance): { story: Story; replicas: number } {
  const replicas = chance.whole(1, 4)
  // Clocks of runners differ, either way.
  const aheadMs = chance.sometimes(0.3) ? chance.between(-300_000, 300_000) : 0
  const story = new Story({ replicas, aheadMs })
  const stale = {
    type: 'Progressing',
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'ReplicaSet "api-0" has timed out progressing.',
    lastUpdateTime: stamp(start - aheadMs - 90_000),
  }
  story.at(chance.between(0.1, 1.4), () => story.observed(chance.sometimes(0.3) ? { conditions: [stale] } : {}))
  return { story, replicas }
}

/** Faults between the gate and the API server, none longer than its patience. */
function noise(story: Story, chance: Chance): void {
  if (chance.sometimes(0.3)) {
    const kind = chance.one(['Pod', 'Deployment', 'ReplicaSet'])
    const at = chance.between(0, 60)
    story
      .at(at, () => story.cluster.cut(kind, { silently: chance.sometimes(0.3) }))
      .at(at + chance.between(1, 25), () => story.cluster.mend(kind))
  }
  if (chance.sometimes(0.2)) {
    const at = chance.between(0, 100)
    story
      .at(at, () => void (story.cluster.unreachable = new Error('503')))
      .at(at + chance.between(1, 20), () => void (story.cluster.unreachable = undefined))
  }
  if (chance.sometimes(0.1)) story.cluster.forbidden.add('Event').add('Node')
}

type Doom = (story: Story, chance: Chance, way: Way) => void

/** Ways in which a pod never serves. */
const dooms: Readonly<Record<string, Doom>> = {
  crashes: (_story, chance, way) => {
    for (let round = 0; round < 12; round++)
      way.restart(chance.one([1, 3, 137]), chance.between(0.1, 15), chance.between(0.3, 60))
  },
  'dies once and stays down': (_story, chance, way) => void way.restart(1, chance.between(0.1, 18), 0),
  'never ready': (_story, _chance, way) => void way.slowly(0),
  'image missing': (_story, _chance, way) => void way.step(0, () => way.put(waiting('ErrImagePull', notFound))),
  'pull denied': (_story, _chance, way) => void way.step(0, () => way.put(waiting('ErrImagePull', '403 Forbidden'))),
  'configuration missing': (_story, _chance, way) =>
    void way.step(0, () => way.put(waiting('CreateContainerConfigError', 'secret "x" not found'))),
  'never created': () => undefined,
}

/** A rollout of which at least one pod never serves; returns also why. */
export function neverHealthy(chance: Chance): { readonly story: Story; readonly doom: string } {
  const { story, replicas } = beginning(chance)
  const [first = 'crashes', ...others] = Object.keys(dooms)
  const doom = chance.one([first, ...others])
  for (let pod = 0; pod < replicas; pod++) {
    const way = new Way(story, chance, `p${pod}`, chance.between(1.5, 4))
    const lost = pod === 0 || chance.sometimes(0.5)
    if (!lost) goodEnd(chance, way)
    else {
      if (doom !== 'never created') way.begin()
      dooms[doom]?.(story, chance, way)
    }
  }
  noise(story, chance)
  return { story, doom }
}
