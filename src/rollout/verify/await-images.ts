import type { KubeObject } from '../../kubernetes/model.ts'
import type { Instant } from '../../runtime/clock.ts'
import { Mailbox } from '../gate/mailbox.ts'
import { startWatches } from '../gate/watches.ts'
import { channelKey, emptyStore, find, fold, type Channel, type ChannelEvent, type Store } from '../gate/store.ts'
import { imagesOf, repositoryOf } from '../set/pin.ts'
import type { ReleasePorts } from '../ports.ts'

/** The objects once their templates name the images; or what they still name when the time was up. */
export type Arrival =
  | { readonly arrived: true; readonly objects: readonly KubeObject[] }
  | {
      readonly arrived: false
      readonly missing: readonly string[]
      readonly found: readonly string[]
      readonly reason?: string
    }

const heartbeatMs = 15_000

/**
 * Waits until the templates of `objects` name all of `images` by digest: who applies through Git, applies later.
 * Watches, and does not poll.
 */
export async function awaitImages(
  objects: readonly KubeObject[],
  images: readonly string[],
  until: Instant,
  ports: ReleasePorts,
): Promise<Arrival> {
  if (missingIn(objects, images).length === 0) return { arrived: true, objects }
  const stop = new AbortController()
  try {
    return await watchFor(objects, images, until, { ...ports, signal: AbortSignal.any([ports.signal, stop.signal]) })
  } finally {
    stop.abort()
  }
}

async function watchFor(
  objects: readonly KubeObject[],
  images: readonly string[],
  until: Instant,
  { cluster, clock, log, signal }: ReleasePorts,
): Promise<Arrival> {
  const mailbox = new Mailbox<ChannelEvent>()
  signal.addEventListener('abort', () => mailbox.wake(), { once: true })
  const channels = channelsOf(objects)
  startWatches(channels, cluster, mailbox, signal)
  let store = emptyStore(channels, clock.now())
  let current = objects
  let beatAt = clock.now()
  for (;;) {
    store = fold(store, mailbox.drain(), clock.now())
    current = objects.map(object => newest(object, store))
    const missing = missingIn(current, images)
    if (missing.length === 0) return { arrived: true, objects: current }
    const lost = [...store.channels.values()].find(channel => channel.lost !== undefined)?.lost
    const now = clock.now()
    if (signal.aborted || lost !== undefined || now >= until) {
      const found = imagesOf(current)
      return { arrived: false, missing, found, ...(lost === undefined ? {} : { reason: lost.reason }) }
    }
    if (now >= beatAt) {
      beatAt = now + heartbeatMs
      log.info(`… waiting for ${missing.join(', ')} to be applied; the templates name ${imagesOf(current).join(', ')}`)
    }
    await mailbox.pause(clock, Math.min(until, beatAt) - now)
  }
}

function newest(object: KubeObject, store: Store): KubeObject {
  return find(store, object).object ?? object
}

function channelsOf(objects: readonly KubeObject[]): readonly Channel[] {
  const channels = objects.map(({ apiVersion, kind, metadata: { namespace } }): Channel => ({
    apiVersion,
    kind,
    namespace,
    need: 'proof',
  }))
  return [...new Map(channels.map(channel => [channelKey(channel), channel])).values()]
}

/** A template names an image when repository and digest are the same, with a tag between them or not. */
function missingIn(objects: readonly KubeObject[], images: readonly string[]): readonly string[] {
  const there = new Set(imagesOf(objects).map(pinOf))
  return images.filter(image => !there.has(pinOf(image)))
}

function pinOf(image: string): string {
  return `${repositoryOf(image)}@${image.split('@')[1] ?? ''}`
}
