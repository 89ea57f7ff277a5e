/** The hand of a kubelet for pods of simulated nodes with `sim: scripted`: writes the statuses that a real one writes. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { pods as podStatusPath, postEvent } from './hands.ts'
import type { Stage } from './scenario.ts'

interface ContainerState {
  readonly running?: { readonly startedAt: string } | null
  readonly waiting?: { readonly reason: string; readonly message?: string } | null
  readonly terminated?: {
    readonly exitCode: number
    readonly reason: string
    readonly startedAt: string
    readonly finishedAt: string
  } | null
}

/** One pod, from when it has a node to when it goes. */
export class PlayedPod {
  readonly pod: KubeObject
  readonly #stage: Stage
  #restarts = 0
  #startedAt = ''
  #last: ContainerState = {}

  constructor(pod: KubeObject, stage: Stage) {
    this.pod = pod
    this.#stage = stage
  }

  get node(): string {
    return (this.pod['spec'] as { readonly nodeName?: string }).nodeName ?? ''
  }

  /** Waits, unless the verdict comes first. */
  async pause(seconds: number): Promise<void> {
    await systemClock.sleep(seconds * 1_000, this.#stage.signal)
  }

  /** Its image, or its configuration, is not there yet. */
  async waits(reason: string, message?: string): Promise<void> {
    const waiting = { reason, ...(message === undefined ? {} : { message }) }
    await this.#write('Pending', { waiting, running: null, terminated: null }, false)
  }

  async runs({ ready = true }: { readonly ready?: boolean } = {}): Promise<void> {
    if (this.#startedAt === '') this.#startedAt = now()
    await this.#write('Running', { running: { startedAt: this.#startedAt }, waiting: null, terminated: null }, ready)
  }

  /** Its process ends by itself. The next `runs` is a restart. */
  async exits(exitCode: number, reason = 'Error'): Promise<void> {
    const terminated = { exitCode, reason, startedAt: this.#startedAt, finishedAt: now() }
    this.#startedAt = ''
    await this.#write('Running', { terminated, running: null, waiting: null }, false)
    this.#last = { terminated }
    this.#restarts += 1
  }

  async event(reason: string, message: string, type: 'Normal' | 'Warning' = 'Warning'): Promise<void> {
    await postEvent(this.#stage, this.pod, { reason, message, type, from: 'kubelet', field: 'spec.containers{api}' })
  }

  async #write(phase: string, state: ContainerState, ready: boolean): Promise<void> {
    const { containers } = this.pod['spec'] as { readonly containers: readonly { name: string; image: string }[] }
    const at = now()
    const condition = (type: string, met: boolean): object => ({
      type,
      status: met ? 'True' : 'False',
      lastTransitionTime: at,
      ...(met ? {} : { reason: 'ContainersNotReady' }),
    })
    const status = {
      phase,
      startTime: at,
      conditions: [condition('Initialized', true), condition('Ready', ready), condition('ContainersReady', ready)],
      containerStatuses: containers.map(({ name, image }) => ({
        name,
        image,
        imageID: '',
        ready,
        started: state.running !== null && state.running !== undefined,
        restartCount: this.#restarts,
        state,
        lastState: this.#last,
      })),
    }
    const path = `${podStatusPath(this.pod)}/status`
    // A pod that is gone meanwhile needs no status.
    await this.#stage.kube.send('PATCH', path, { status }, 'application/strategic-merge-patch+json')
  }
}

/** RFC 3339 in whole seconds, as kubelets write it. */
export const now = (): string => new Date(systemClock.now()).toISOString().replace(/\.\d+Z$/, 'Z')

/** Plays `script` for every pod of the namespace as soon as it has a node. Ends with the verdict. */
export async function playPods(stage: Stage, script: (pod: PlayedPod, index: number) => Promise<void>): Promise<void> {
  const seen = new Set<string>()
  const plays: Promise<void>[] = []
  for await (const event of stage.cluster.watch({ apiVersion: 'v1', kind: 'Pod' }, stage.namespace, stage.signal)) {
    const objects = event.type === 'listed' ? event.objects : event.type === 'gap' ? [] : [event.object]
    for (const pod of objects) {
      const { uid = '' } = pod.metadata
      const { nodeName } = pod['spec'] as { readonly nodeName?: string }
      if (nodeName === undefined || seen.has(uid) || event.type === 'deleted') continue
      seen.add(uid)
      plays.push(quietly(script(new PlayedPod(pod, stage), plays.length), stage))
    }
  }
  await Promise.all(plays)
}

/** A verdict ends every script where it stands. */
async function quietly(play: Promise<void>, { signal }: Stage): Promise<void> {
  try {
    await play
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  }
}
