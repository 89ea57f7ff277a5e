import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { KubeObject, WatchEvent } from '../../src/kubernetes/model.ts'
import type { GateRequest, ImageCheck } from '../../src/rollout/model.ts'

const folder = join(import.meta.dirname, '../fixtures/k8s/recorded')

/** What was released, and how it must be judged. */
interface Head {
  readonly scenario: string
  readonly request: GateRequest
  /** What the registry said of each image that it was asked about. */
  readonly images?: Readonly<Record<string, Awaited<ReturnType<ImageCheck['check']>>>>
  /** What was read of the logs, by pod and container. */
  readonly logs?: Readonly<Record<string, string>>
  readonly expected: { readonly verdict: string; readonly cause?: string }
}

interface Line {
  readonly ms: number
  readonly event: WatchEvent
}

/** What the watches of a gate saw of a release on a real node. */
export interface Recording {
  readonly head: Head
  readonly lines: readonly Line[]
}

export function recordings(): readonly Recording[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.jsonl'))
    .map(name => {
      const [head, ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n')
      return { head: JSON.parse(head ?? '') as Head, lines: lines.map(line => JSON.parse(line) as Line) }
    })
}

/** The objects of an event. Items of a list do not name their kind. */
export function objectsOf(event: WatchEvent): readonly KubeObject[] {
  if (event.type === 'gap') return []
  if (event.type !== 'listed') return [event.object]
  const { apiVersion, kind } = event.kind
  return event.objects.map(object => ({ ...object, apiVersion, kind }))
}
