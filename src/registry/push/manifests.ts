import { retry, type RetryWord } from '../../runtime/retry.ts'
import { acceptedMediaTypes } from '../manifest.ts'
import { Refusal, WrongAnswer } from './answers.ts'
import type { Budget } from './budget.ts'
import type { ManifestNode } from './model.ts'
import { mostTries, patienceMs, pauses, type Talk } from './talk.ts'

export interface ManifestPut {
  readonly repository: string
  readonly node: ManifestNode
  /** A tag, or the manifest's own digest. */
  readonly reference: string
}

const accept = { accept: acceptedMediaTypes.join(', ') }

/** Digest that a reference leads to, by the registry's own word; undefined when it leads nowhere. */
export async function headManifest(repository: string, reference: string, talk: Talk): Promise<string | undefined> {
  const answer = await talk.ask(
    { method: 'HEAD', path: `${repository}/manifests/${reference}`, headers: accept },
    [200, 404],
  )
  if (answer.status === 404) return undefined
  return answer.headers['docker-content-digest'] ?? (reference.startsWith('sha256:') ? reference : undefined)
}

/**
 * Stores a manifest under a reference. A connection that breaks leaves open whether it was stored: what the reference
 * leads to decides. Throws Refusal, WrongAnswer, or whatever the connection threw.
 */
export async function putManifest(
  { repository, node, reference }: ManifestPut,
  talk: Talk,
  budget: Budget,
): Promise<void> {
  const { digest, mediaType } = node.descriptor
  const call = {
    method: 'PUT' as const,
    path: `${repository}/manifests/${reference}`,
    headers: { 'content-type': mediaType },
    body: node.raw,
  }
  let unsure = false
  const tryIt = async (): Promise<void> => {
    if (unsure && (await headManifest(repository, reference, talk)) === digest) return
    await budget.turn(talk.ports.signal)
    const answer = await talk.once(call, [200, 201, 202])
    const echoed = answer.headers['docker-content-digest']
    if (echoed !== undefined && echoed !== digest) throw new WrongAnswer(`it stored ${echoed} instead of ${digest}`)
  }
  const classify = (thrown: unknown): RetryWord => {
    unsure = true
    return thrown instanceof WrongAnswer ? 'no' : talk.word(thrown)
  }
  await retry(tryIt, { attempts: mostTries, ...pauses, totalMs: patienceMs, classify }, talk.ports)
}

/** ECR and others say in several ways that a tag may not move, or that it has the same image already. */
export function isTagRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof Refusal &&
    (thrown.answer.status === 409 || thrown.code === 'TAG_INVALID' || /already exists|immutable/i.test(thrown.says))
  )
}

/** The registry misses a layer or a manifest that it was thought to have. */
export function isGap(thrown: unknown): boolean {
  return (
    thrown instanceof Refusal &&
    (/^(?:MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN)$/.test(thrown.code) ||
      (/LayersNotFound|ReferencedImagesNotFound|does not exist|not found/i.test(thrown.says) &&
        thrown.answer.status === 404 &&
        thrown.code !== 'NAME_UNKNOWN'))
  )
}
