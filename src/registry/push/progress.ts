import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/context.ts'
import type { Descriptor } from './model.ts'

/** Tells people how uploads of large blobs go on. */
export interface Progress {
  begin(blob: Descriptor): void
  /** More bytes left this process. */
  sent(blob: Descriptor, bytes: number): void
  /** The registry has this many. */
  at(blob: Descriptor, bytes: number): void
  end(blob: Descriptor): void
}

/** What is smaller is done before anybody wonders. */
const worthWords = 32 * 1024 * 1024
const everyMs = 5_000

/** A line at the beginning of a large blob, one every five seconds, and one at its end. */
export function uploadProgress(clock: Pick<Clock, 'now'>, log: Pick<Log, 'info'>): Progress {
  const running = new Map<string, { readonly since: number; bytes: number; spokeAt: number }>()
  const short = ({ digest }: Descriptor): string => digest.slice('sha256:'.length, 'sha256:'.length + 12)
  return {
    begin(blob) {
      if (blob.size < worthWords) return
      const now = clock.now()
      running.set(blob.digest, { since: now, bytes: 0, spokeAt: now })
      log.info(`layer ${short(blob)}: uploading ${formatBytes(blob.size)}`)
    },
    sent(blob, bytes) {
      const one = running.get(blob.digest)
      if (one === undefined) return
      one.bytes += bytes
      const now = clock.now()
      if (now - one.spokeAt < everyMs) return
      one.spokeAt = now
      const percent = Math.min(99, Math.floor((100 * one.bytes) / blob.size))
      log.info(`layer ${short(blob)}: ${percent} % of ${formatBytes(blob.size)}`)
    },
    at(blob, bytes) {
      const one = running.get(blob.digest)
      if (one !== undefined) one.bytes = bytes
    },
    end(blob) {
      const one = running.get(blob.digest)
      if (one === undefined) return
      running.delete(blob.digest)
      const seconds = Math.max(0.001, (clock.now() - one.since) / 1_000)
      log.info(
        `layer ${short(blob)}: done, ${formatBytes(blob.size)} in ${seconds.toFixed(1)} s (${formatBytes(blob.size / seconds)}/s)`,
      )
    },
  }
}

/** `1.2 GB`, in powers of a thousand. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`
  const [unit, size] = bytes < 1e6 ? ['kB', bytes / 1e3] : bytes < 1e9 ? ['MB', bytes / 1e6] : ['GB', bytes / 1e9]
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`
}
