import type { Cause } from '../../health/model.ts'
import { nameOf, oneLine } from '../../health/objects.ts'
import { newestReplicaSet, newEventsOf, revisionPods } from '../../health/ownership.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import type { ObjectEvent } from '../model.ts'
import type { GateState } from './state.ts'

/** What a person reads; the first and the thousandth repetition say the same. */
const mostEvents = 8

/**
 * The last warnings that the cluster gave about the objects of a cause: its subject, that one's ReplicaSet and pods,
 * and what the evidence names. The same words about several pods are one entry. Oldest first. Pure.
 */
export function eventsAbout(cause: Cause, { store, subjects }: GateState): readonly ObjectEvent[] {
  const { related } = store
  const live = subjects.find(({ name }) => name === cause.subject)?.live
  const objects = new Map(cause.evidence.map(({ uid, object }) => [uid, object]))
  for (const object of live === undefined ? [] : familyOf(live, store.related))
    if (object.metadata.uid !== undefined) objects.set(object.metadata.uid, nameOf(object))
  const warnings = { ...related, events: related.events.filter(event => event['type'] === 'Warning') }
  const said = new Map<string, ObjectEvent>()
  for (const [uid, object] of objects) {
    for (const { reason, message, count, at } of newEventsOf(uid, warnings)) {
      const says = oneLine(message)
      const key = `${reason}|${says}`
      const before = said.get(key)
      said.set(key, {
        object: before !== undefined && before.at > at ? before.object : object,
        reason,
        says,
        count: count + (before?.count ?? 0),
        at: Math.max(at, before?.at ?? 0),
      })
    }
  }
  return [...said.values()].toSorted((a, b) => a.at - b.at).slice(-mostEvents)
}

function familyOf(subject: KubeObject, related: GateState['store']['related']): readonly KubeObject[] {
  const newest = subject.kind === 'Deployment' ? newestReplicaSet(subject, related.replicaSets) : undefined
  return [subject, ...(newest === undefined ? [] : [newest]), ...revisionPods(subject, related)]
}
