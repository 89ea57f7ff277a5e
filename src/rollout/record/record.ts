import { gunzipSync, gzipSync } from 'node:zlib'
import type { Cluster, KubeObject } from '../../kubernetes/model.ts'
import { messageOf, RemoteError, UserError } from '../../runtime/errors.ts'
import { wentWell } from './leftovers.ts'
import type { ReleaseRecord } from '../model.ts'
import type { ReleasePorts } from '../ports.ts'

/** How many releases of an application stay recorded. */
const keptRecords = 10

/** A Secret may hold 1 MiB; etcd refuses requests over 1.5 MiB. Base64 adds a third. */
const maxPackedBytes = 900 * 1024

const secretKind = { apiVersion: 'v1', kind: 'Secret' } as const
const labels = { application: 'slipway.dev/application', record: 'slipway.dev/record' } as const

/**
 * The records of an application's releases, as Secrets of type `slipway.dev/release` in its namespace
 * (a set may hold Secrets, so its record is one too). Written before the first change and after the verdict:
 * a run that died leaves a record without a verdict.
 */
export interface ReleaseStore {
  /** Newest first. */
  list(signal?: AbortSignal): Promise<readonly ReleaseRecord[]>
  /** Writes a release that begins; of `history` it drops what is too old. */
  open(record: ReleaseRecord, history: readonly ReleaseRecord[], signal: AbortSignal): Promise<void>
  /**
   * Writes how a release ended. Takes no signal, because a cancelled run still has seconds for this, and never throws:
   * the verdict stands whether or not it can be recorded.
   */
  close(record: ReleaseRecord): Promise<void>
}

export function releaseStore(
  namespace: string,
  application: string,
  { cluster, log }: Pick<ReleasePorts, 'cluster' | 'log'>,
): ReleaseStore {
  return {
    async list(signal) {
      const selector = `${labels.record}=release,${labels.application}=${application}`
      const secrets = await cluster.list(secretKind, namespace, selector, signal)
      return secrets.map(unpack).toSorted((a, b) => b.revision - a.revision)
    },
    async open(record, history, signal) {
      if (isTooLarge(record) && record.before !== undefined) {
        log.warn(
          `What stood before release r${record.revision} is too large to be recorded: a rollback leaves the objects that it took over.`,
        )
      }
      await cluster.apply(pack(record, namespace), { force: true }, signal)
      for (const old of tooOld(history)) {
        await cluster.remove({ ...secretKind, namespace, name: nameOfRecord(old) }, signal)
      }
    },
    async close(record) {
      try {
        await cluster.apply(pack(record, namespace), { force: true })
      } catch (thrown) {
        log.warn(`The end of release r${record.revision} could not be recorded: ${messageOf(thrown)}`)
      }
    },
  }
}

/**
 * Records that make room for a new one. The newest that went well stays whatever its age: after a row of failed
 * releases it is what runs, and the only way back. So does that of each other source. `history` is newest first. Pure.
 */
export function tooOld(history: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const waysBack = Map.groupBy(history.filter(wentWell), ({ source }) => source)
  const kept = new Set([...waysBack.values()].map(([newest]) => newest))
  return history.slice(keptRecords - 1).filter(record => !kept.has(record))
}

/** Names of the applications that have a record in `namespace`. */
export async function recordedApplications(
  cluster: Cluster,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const secrets = await cluster.list(secretKind, namespace, `${labels.record}=release`, signal)
  return [...new Set(secrets.map(secret => secret.metadata.labels?.[labels.application] ?? ''))]
    .filter(Boolean)
    .toSorted()
}

function packed(record: ReleaseRecord): string {
  return gzipSync(JSON.stringify(record)).toString('base64')
}

function isTooLarge(record: ReleaseRecord): boolean {
  return packed(record).length > maxPackedBytes
}

/** What a rollback cannot do without: the set. */
function withoutExtras({ before: _b, changes: _c, ...record }: ReleaseRecord): ReleaseRecord {
  return record
}

function pack(record: ReleaseRecord, namespace: string): KubeObject {
  const data = packed(isTooLarge(record) ? withoutExtras(record) : record)
  if (data.length > maxPackedBytes) {
    throw new UserError(
      'release-too-large',
      `The record of this release is ${Math.ceil(data.length / 1024)} KiB; a Secret holds ${maxPackedBytes / 1024}.`,
      {
        why: 'The manifests are too many for one release.',
        todo: 'Deploy them as several applications, each with its own manifests.',
      },
    )
  }
  return {
    ...secretKind,
    metadata: {
      name: nameOfRecord(record),
      namespace,
      labels: { [labels.record]: 'release', [labels.application]: record.application },
      annotations: {
        'slipway.dev/revision': String(record.revision),
        'slipway.dev/verdict': record.verdict ?? 'running',
        ...(record.commit === undefined ? {} : { 'slipway.dev/commit': record.commit }),
      },
    },
    type: 'slipway.dev/release',
    data: { record: data },
  }
}

function unpack(secret: KubeObject): ReleaseRecord {
  try {
    const data = secret['data'] as { readonly record: string }
    return JSON.parse(gunzipSync(Buffer.from(data.record, 'base64')).toString('utf8')) as ReleaseRecord
  } catch (cause) {
    throw new RemoteError('release-record-broken', `Secret ${secret.metadata.name} is no release record.`, {
      why: 'Something else than Slipway wrote or changed it.',
      todo: 'Delete the Secret; the releases before it stay available.',
      cause,
    })
  }
}

function nameOfRecord(record: ReleaseRecord): string {
  return `slipway-${record.application}-r${record.revision}`
}
