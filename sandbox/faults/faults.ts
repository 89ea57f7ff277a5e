import { inParallel } from '../../src/runtime/parallel.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { forgetHistory, freeze, restartApiServer, thaw } from './control-plane.ts'
import type { Link } from './link.ts'
import type { Fault, Stage } from './play.ts'

const seconds = (count: number, signal?: AbortSignal): Promise<void> =>
  systemClock.sleep(count * 1_000, signal).catch(() => undefined)
const ended = (signal: AbortSignal): Promise<void> => seconds(600, signal)
const onLinks = ({ releases }: Stage, change: (link: Link) => void): void => {
  for (const { link } of releases) change(link)
}

/** Watches that are open are cut, so that they have to ask again. */
const refuse = (stage: Stage, status: number | undefined): void => {
  for (const { gateway } of stage.releases) gateway.refuseWith = status
  if (status !== undefined) onLinks(stage, link => link.cut())
}

/** The TCP way between the gate and the API server; each release has its own, so these can be played side by side. */
export const faultsOfTheWay: readonly Fault[] = [
  {
    name: 'watch cut',
    scenario: 56,
    bound: 45,
    async play(stage) {
      for (let round = 0; round < 3; round++) {
        onLinks(stage, link => link.cut())
        await seconds(1.5)
      }
    },
  },
  {
    name: 'connection refused for 10 s',
    bound: 60,
    async play(stage) {
      onLinks(stage, link => {
        link.open = false
        link.cut()
      })
      await seconds(10)
      onLinks(stage, link => (link.open = true))
    },
  },
  {
    name: 'connection refused for good',
    blinding: true,
    bound: 60,
    async play(stage, judged) {
      onLinks(stage, link => {
        link.open = false
        link.cut()
      })
      await ended(judged)
    },
  },
  {
    name: 'latency of 500 ms',
    bound: 60,
    async play(stage, judged) {
      onLinks(stage, link => (link.latencyMs = 500))
      await ended(judged)
    },
  },
  {
    name: 'bandwidth of 100 kB/s',
    bound: 60,
    async play(stage, judged) {
      onLinks(stage, link => (link.bandwidth = 100_000))
      await ended(judged)
    },
  },
  {
    name: 'silence: connections that nobody ended and nothing comes through',
    scenario: 61,
    bound: 110,
    soakMs: 10_000,
    async play(stage, judged) {
      onLinks(stage, link => link.hush())
      await ended(judged)
    },
  },
]

/** What the API server itself answers to this user; other users are served as ever. */
export const faultsOfTheAnswer: readonly Fault[] = [
  ...[429, 500, 503].map((status): Fault => ({
    name: `${status} for 10 s`,
    scenario: 58,
    bound: 45,
    async play(stage) {
      refuse(stage, status)
      await seconds(10)
      refuse(stage, undefined)
    },
  })),
  {
    name: '503 for good',
    scenario: 58,
    blinding: true,
    bound: 75,
    async play(stage, judged) {
      refuse(stage, 503)
      await ended(judged)
    },
  },
  {
    name: 'token no longer good, a new one is',
    scenario: 59,
    bound: 45,
    soakMs: 16_000,
    async play(stage) {
      await Promise.all(stage.releases.map(async ({ deployer }) => deployer.revokeTokens()))
      await seconds(11)
      onLinks(stage, link => link.cut())
    },
  },
  {
    name: 'token no longer good, nor any other',
    scenario: 59,
    blinding: true,
    bound: 75,
    soakMs: 16_000,
    async play(stage) {
      await Promise.all(stage.releases.map(async ({ deployer }) => deployer.lockOut()))
      await seconds(11)
      onLinks(stage, link => link.cut())
    },
  },
  {
    name: 'rights removed, watches stay',
    blinding: true,
    // The soak, and then as long as the last read may fail.
    bound: 75,
    async play({ releases }) {
      await Promise.all(releases.map(async ({ deployer }) => deployer.removeRights()))
    },
  },
  {
    name: 'rights removed, watches cut',
    blinding: true,
    bound: 75,
    async play(stage) {
      await Promise.all(stage.releases.map(async ({ deployer }) => deployer.removeRights()))
      onLinks(stage, link => link.cut())
    },
  },
]

/** What hits everybody: one at a time. */
export const faultsOfTheServer: readonly Fault[] = [
  {
    name: 'etcd paused for 10 s',
    bound: 60,
    async play({ platform }) {
      freeze(platform, 'etcd')
      await seconds(10)
      thaw(platform, 'etcd')
    },
  },
  {
    name: 'etcd paused for good',
    blinding: true,
    // What the watch cache holds is served on, so that nothing seems to happen until the time is up.
    bound: 130,
    async play({ platform }, judged) {
      freeze(platform, 'etcd')
      await ended(judged)
      thaw(platform, 'etcd')
    },
  },
  {
    name: 'API server restarted',
    scenario: 60,
    bound: 60,
    play: ({ platform, admin }) => restartApiServer(platform, admin),
  },
  {
    name: '410: history forgotten while the watches were away',
    scenario: 57,
    bound: 60,
    async play(stage) {
      onLinks(stage, link => {
        link.open = false
        link.cut()
      })
      await forgetHistory(stage.platform, stage.admin)
      onLinks(stage, link => (link.open = true))
    },
  },
  {
    name: 'API server frozen for 20 s',
    bound: 90,
    async play({ platform }) {
      freeze(platform, 'kube-apiserver')
      await seconds(20)
      thaw(platform, 'kube-apiserver')
    },
  },
  {
    name: 'flood of 10,000 events',
    scenario: 64,
    bound: 60,
    soakMs: 20_000,
    play: flood,
  },
]

async function flood({ admin, releases }: Stage): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  const events = Array.from({ length: 10_000 }, (_, index) => {
    const { namespace } = releases[index % releases.length] ?? { namespace: 'default' }
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `flood-${index}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: `noise-${index}`, namespace, uid: `noise-${index % 500}` },
      reason: index % 2 === 0 ? 'BackOff' : 'Unhealthy',
      message: 'Back-off restarting failed container',
      type: 'Warning',
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: 'kubelet' },
    }
  })
  await inParallel(events, 16, event => admin.create(event))
}
