import type { Place } from '../../../runtime/errors.ts'
import type { Manifest } from '../model.ts'
import { refuseForeignNamespaces } from './namespaces.ts'
import { findPlaceholders } from './placeholders.ts'
import { findContradictions } from './timeouts.ts'
import { refuseTwins } from './twins.ts'

/** What the release wants of its manifests, beyond what each of them says. */
export interface CheckRequest {
  /** Namespaces beside that of the release which objects may name. */
  readonly otherNamespaces: readonly string[]
  readonly timeoutMs: number
  readonly soakMs: number
}

/** Allowed, and yet it may not be what was meant. */
export interface Doubt {
  readonly says: string
  readonly place: Place
}

/**
 * Finds what is wrong with a set before any system is asked: throws the first UserError, with file and line.
 * Returns what is only doubtful. Pure.
 */
export function checkManifests(
  manifests: readonly Manifest[],
  namespace: string,
  request: CheckRequest | undefined,
): readonly Doubt[] {
  refuseTwins(manifests, namespace)
  if (request === undefined) return []
  refuseForeignNamespaces(manifests, namespace, request.otherNamespaces)
  return [...findPlaceholders(manifests), ...findContradictions(manifests, request)]
}
