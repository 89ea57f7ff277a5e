import type { ApiServer } from './api-server.ts'
import type { Blueprint } from './blueprint.ts'
import type { Chance } from './chance.ts'
import type { WorldTime } from './time.ts'

/** What every part of a world shares. */
export interface Scene {
  readonly api: ApiServer
  readonly time: WorldTime
  readonly chance: Chance
  readonly blueprint: Blueprint
  /** Since the release was applied; negative before. */
  readonly seconds: number
  /** The image of this release, by which its pods are told from those before. */
  readonly newImage: string
  /** Counts the pods of this release, from 0. */
  readonly nextOrder: () => number
  /** Called when a probe ends a container: the word of it may never be written, or never arrive. */
  readonly killedByProbe: () => void
}
