import type { Cluster, Keep, Kind, KubeObject, ObjectKey, WatchEvent } from '../../src/kubernetes/model.ts'
import type { Change } from './api-server.ts'
import type { NetworkFaults } from './blueprint.ts'
import { storedConfig } from './config.ts'
import type { Scene } from './scene.ts'

interface Stream {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly queue: WatchEvent[]
  wake: () => void
  /** No event of this stream overtakes the one before, unless it is told to. */
  notBefore: number
  open: boolean
  /** Broken and mended so often: what was under way then is lost. */
  breaks: number
}

/** How a client may be refused: the world has no error classes of its own. */
export type Refusal = (kind: string) => Error

/** The way from the API server to the gate: late, broken, doubled, out of order, and refused. */
export class Network implements Cluster {
  readonly #scene: Scene
  readonly #faults: NetworkFaults
  readonly #refusal: Refusal
  readonly #streams = new Set<Stream>()
  /** How often each event of a probe's kill was said to have happened, as far as that reached the client. */
  readonly #kills = new Map<string, number>()

  constructor(scene: Scene, refusal: Refusal) {
    this.#scene = scene
    this.#faults = scene.blueprint.network
    this.#refusal = refusal
    scene.api.onChange(change => this.#tell(change))
    for (const { kind, from, to, silent } of this.#faults.cuts) {
      scene.time.after(1_000 * from, () => this.#break(kind, silent))
      scene.time.after(1_000 * to, () => this.#mend(kind))
    }
  }

  /** Kills by probes that the client was told of. */
  get killsTold(): number {
    return [...this.#kills.values()].reduce((sum, count) => sum + count, 0)
  }

  #handedOver(event: WatchEvent): void {
    if (event.type === 'gap') return
    for (const { kind, metadata, ...content } of event.type === 'listed' ? event.objects : [event.object]) {
      if (kind !== 'Event' || content['reason'] !== 'Killing' || !/ probe, /.test(String(content['message']))) continue
      const count = Math.max(this.#kills.get(metadata.name) ?? 0, Number(content['count']))
      this.#kills.set(metadata.name, count)
    }
  }

  get #latency(): number {
    return this.#scene.chance.between(...this.#faults.latencyMs)
  }

  /** The end of the outage that is on now, in seconds; undefined when the server answers. */
  get #outage() {
    const { seconds } = this.#scene
    return this.#faults.outages.find(({ from, to }) => seconds >= from && seconds < to)
  }

  #tell({ type, object }: Change): void {
    for (const stream of this.#streams) {
      if (stream.kind.kind !== object.kind || !stream.open) continue
      this.#send(stream, { type, object })
      if (this.#scene.chance.sometimes(this.#faults.duplicated)) this.#send(stream, { type, object })
    }
  }

  #send(stream: Stream, event: WatchEvent): void {
    const { time, chance } = this.#scene
    const overtakes = chance.sometimes(this.#faults.reordered)
    const arrives = time.now + this.#latency * (overtakes ? 3 : 1)
    const at = overtakes ? arrives : Math.max(arrives, stream.notBefore)
    if (!overtakes) stream.notBefore = at
    const { breaks } = stream
    time.at(at, () => {
      if (stream.breaks !== breaks) return
      stream.queue.push(event)
      stream.wake()
      time.stir()
    })
  }

  #break(kind: string, silent: boolean): void {
    for (const stream of this.#of(kind)) {
      stream.open = false
      stream.breaks++
      stream.notBefore = this.#scene.time.now
      if (!silent) this.#send(stream, { type: 'gap', kind: stream.kind, since: this.#scene.time.now, reason: 'reset' })
    }
  }

  /** Lists anew, as soon as the server answers. */
  #mend(kind: string): void {
    const { time, seconds } = this.#scene
    const outage = this.#outage
    if (outage !== undefined) {
      time.after(1_000 * (outage.to - seconds) + 50, () => this.#mend(kind))
      return
    }
    for (const stream of this.#of(kind)) {
      stream.open = true
      this.#send(stream, this.#listed(stream))
    }
  }

  #of(kind: string): readonly Stream[] {
    return [...this.#streams].filter(stream => stream.kind.kind === kind)
  }

  #listed({ kind }: Stream): WatchEvent {
    const { api } = this.#scene
    return { type: 'listed', kind, objects: api.list(kind.kind), resourceVersion: api.version }
  }

  #forbids({ kind }: Kind): boolean {
    return this.#faults.hidden.some(hidden => hidden === kind)
  }

  async list(
    kind: Kind,
    _namespace: string | undefined,
    _selector?: string,
    _signal?: AbortSignal,
    keep: Keep = all,
  ): Promise<readonly KubeObject[]> {
    await this.#passes(this.#latency)
    if (this.#forbids(kind)) throw this.#refusal(kind.kind)
    this.#answers()
    const objects = this.#scene.api.list(kind.kind)
    await this.#passes(this.#latency)
    return objects.map(keep)
  }

  #answers(): void {
    const outage = this.#outage
    if (outage !== undefined) throw new Error(`the API server answered ${outage.status}`)
  }

  #passes(ms: number): Promise<void> {
    const { time } = this.#scene
    return new Promise(resolve => {
      time.after(ms, () => {
        resolve()
        time.stir()
      })
    })
  }

  async *watch(
    kind: Kind,
    namespace: string | undefined,
    signal: AbortSignal,
    keep: Keep = all,
  ): AsyncGenerator<WatchEvent> {
    await this.#passes(this.#latency)
    if (this.#forbids(kind)) throw this.#refusal(kind.kind)
    const stream: Stream = { kind, namespace, queue: [], wake: () => undefined, notBefore: 0, open: false, breaks: 0 }
    this.#streams.add(stream)
    if (!this.#isCut(kind)) this.#mend(kind.kind)
    signal.addEventListener('abort', () => stream.wake(), { once: true })
    try {
      while (!signal.aborted) {
        for (let event = stream.queue.shift(); event !== undefined; event = stream.queue.shift()) {
          this.#handedOver(event)
          yield kept(event, keep)
        }
        if (signal.aborted) return
        await new Promise<void>(resolve => {
          stream.wake = resolve
        })
      }
    } finally {
      this.#streams.delete(stream)
    }
  }

  /** A cut that is on now: its end lists. */
  #isCut({ kind }: Kind): boolean {
    const { seconds } = this.#scene
    return this.#faults.cuts.some(cut => cut.kind === kind && seconds >= cut.from && seconds < cut.to)
  }

  /** Asked for configuration that a kubelet misses. */
  async get({ kind }: ObjectKey): Promise<KubeObject | undefined> {
    await this.#passes(this.#latency)
    const { config } = this.#scene.blueprint
    if (config?.kind === kind && !config.readable) throw this.#refusal(kind)
    this.#answers()
    const stored = config?.kind === kind ? storedConfig(config, this.#scene.seconds) : undefined
    await this.#passes(this.#latency)
    return stored
  }

  async logs(pod: string): Promise<string> {
    await this.#passes(this.#latency)
    return `log of ${pod}`
  }

  version(): Promise<string> {
    return Promise.resolve('v1.36.4')
  }
  namespaced(): Promise<boolean> {
    return Promise.resolve(true)
  }
  apply(): Promise<KubeObject> {
    return Promise.reject(new Error('the gate applies nothing'))
  }
  create(): Promise<KubeObject> {
    return Promise.reject(new Error('the gate creates nothing'))
  }
  replace(): Promise<KubeObject> {
    return Promise.reject(new Error('the gate replaces nothing'))
  }
  remove(): Promise<boolean> {
    return Promise.reject(new Error('the gate removes nothing'))
  }
}

const all: Keep = object => object

/** As the transport hands it over: without what the reader does not keep. */
function kept(event: WatchEvent, keep: Keep): WatchEvent {
  if (event.type === 'gap') return event
  return event.type === 'listed'
    ? { ...event, objects: event.objects.map(keep) }
    : { ...event, object: keep(event.object) }
}
