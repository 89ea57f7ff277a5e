import type { Cluster } from '../../kubernetes/model.ts'
import { messageOf, SlipwayError } from '../../runtime/errors.ts'
import { keepOf } from './keep.ts'
import { channelKey, type Channel, type ChannelEvent } from './store.ts'

/** Where what was seen is left. */
interface Sink {
  push(event: ChannelEvent): void
}

/** Starts one list+watch per channel; each leaves what it sees in the sink until `signal` aborts. */
export function startWatches(channels: readonly Channel[], cluster: Cluster, sink: Sink, signal: AbortSignal): void {
  for (const channel of channels) void pump(channel, cluster, sink, signal)
}

async function pump(channel: Channel, cluster: Cluster, sink: Sink, signal: AbortSignal): Promise<void> {
  const key = channelKey(channel)
  try {
    for await (const event of cluster.watch(
      { apiVersion: channel.apiVersion, kind: channel.kind },
      channel.namespace,
      signal,
      keepOf(channel),
    )) {
      if (signal.aborted) return
      sink.push({ channel: key, event })
    }
    if (!signal.aborted) sink.push({ channel: key, event: { type: 'lost', reason: 'the watch ended', denied: false } })
  } catch (thrown) {
    if (signal.aborted) return
    sink.push({ channel: key, event: { type: 'lost', reason: messageOf(thrown), denied: isDenied(thrown) } })
  }
}

const isDenied = (thrown: unknown): boolean => thrown instanceof SlipwayError && thrown.kind === 'denied'

/**
 * One consistent list per channel, as events for a store of its own. Throws when one cannot be read; a refusal costs only
 * the channels without which nothing can be judged.
 */
export async function freshRead(
  channels: readonly Channel[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly ChannelEvent[]> {
  return Promise.all(
    channels.map(async (channel): Promise<ChannelEvent> => {
      const kind = { apiVersion: channel.apiVersion, kind: channel.kind }
      const key = channelKey(channel)
      try {
        const objects = await cluster.list(kind, channel.namespace, undefined, signal, keepOf(channel))
        return { channel: key, event: { type: 'listed', kind, objects, resourceVersion: '' } }
      } catch (thrown) {
        if (channel.need === 'proof' || !isDenied(thrown)) throw thrown
        return { channel: key, event: { type: 'lost', reason: messageOf(thrown), denied: true } }
      }
    }),
  )
}
