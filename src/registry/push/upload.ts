import { createReadStream } from 'node:fs'
import { retry, type RetryWord } from '../../runtime/retry.ts'
import { Refusal, WrongAnswer } from './answers.ts'
import type { RegistryAnswer } from './connection.ts'
import type { BlobOutcome, Descriptor } from './model.ts'
import type { Progress } from './progress.ts'
import { mostTries, patienceMs, pauses, type Talk } from './talk.ts'

export interface BlobUpload {
  readonly repository: string
  readonly blob: Descriptor
  /** Path of its bytes. */
  readonly file: string
  /** Repositories of the same registry that have the blob by now; the registry may link to it instead of taking it. */
  readonly from?: string
}

/** In one request: after a broken connection at most this much is sent again. */
const partBytes = 64 * 1024 * 1024
/** What is not larger is sent along with the request that ends the upload. */
const smallBytes = 4 * 1024 * 1024
/** Whole uploads of one blob that may fail before that is the answer. */
const mostUploads = 4
/** Of the file, at once: memory stays bounded by it, times the uploads in parallel. */
const readBytes = 256 * 1024

/** Sees to it that the registry has a blob. Throws Refusal, WrongAnswer, or whatever the connection threw. */
export async function ensureBlob(upload: BlobUpload, talk: Talk, progress: Progress): Promise<BlobOutcome> {
  if (await hasBlob(upload, talk)) return 'reused'
  const rules = { attempts: mostUploads, ...pauses, totalMs: patienceMs, classify: wholeAgain }
  return retry(() => uploadOnce(upload, talk, progress), rules, talk.ports)
}

/** A redirect leads to its bytes: it is there. */
export async function hasBlob(
  { repository, blob }: Pick<BlobUpload, 'repository' | 'blob'>,
  talk: Talk,
): Promise<boolean> {
  const { status } = await talk.ask(
    { method: 'HEAD', path: `${repository}/blobs/${blob.digest}` },
    [200, 206, 301, 302, 303, 307, 308, 404],
  )
  return status !== 404
}

/** An upload that the registry lost or that arrived damaged begins anew; it was tried within itself for all else. */
function wholeAgain(thrown: unknown): RetryWord {
  if (thrown instanceof WrongAnswer) return 'yes'
  if (!(thrown instanceof Refusal)) return 'no'
  // The registry forgot the upload.
  if (thrown.answer.status === 404) return thrown.code === 'NAME_UNKNOWN' ? 'no' : 'yes'
  return /^(?:BLOB_UPLOAD_UNKNOWN|BLOB_UPLOAD_INVALID|DIGEST_INVALID|SIZE_INVALID)$/.test(thrown.code) ||
    thrown.answer.status === 416
    ? 'yes'
    : 'no'
}

async function uploadOnce(upload: BlobUpload, talk: Talk, progress: Progress): Promise<BlobOutcome> {
  const { repository, blob, from } = upload
  const mount = from === undefined ? '' : `?${new URLSearchParams({ mount: blob.digest, from }).toString()}`
  const begun = await talk.ask(
    { method: 'POST', path: `${repository}/blobs/uploads/${mount}`, headers: { 'content-length': '0' } },
    [201, 202],
  )
  if (begun.status === 201) return 'mounted'
  progress.begin(blob)
  const location =
    blob.size <= smallBytes ? locationIn(begun) : await sendParts(upload, locationIn(begun), talk, progress)
  const rest = blob.size <= smallBytes ? blob.size : 0
  const ended = await endUpload(upload, location, rest, talk)
  const echoed = ended.headers['docker-content-digest']
  if (echoed !== undefined && echoed !== blob.digest)
    throw new WrongAnswer(`it stored ${echoed} instead of ${blob.digest}`)
  progress.end(blob)
  return 'uploaded'
}

/** Ends an upload. A connection that breaks here leaves open whether it was stored: the registry is asked. */
async function endUpload(upload: BlobUpload, location: string, bytes: number, talk: Talk): Promise<RegistryAnswer> {
  const { blob, file } = upload
  const end = location.includes('?') ? '&' : '?'
  const body = bytes === 0 ? {} : { body: () => createReadStream(file, { highWaterMark: readBytes }) }
  const headers = { 'content-length': String(bytes), 'content-type': 'application/octet-stream' }
  const call = {
    method: 'PUT' as const,
    path: `${location}${end}digest=${encodeURIComponent(blob.digest)}`,
    headers,
    ...body,
  }
  let asked = false
  const tryIt = async (): Promise<RegistryAnswer> => {
    if (asked && (await hasBlob(upload, talk))) return { status: 201, headers: {}, body: '' }
    asked = true
    return talk.once(call, [201, 202, 204])
  }
  return retry(
    tryIt,
    { attempts: mostTries, ...pauses, totalMs: patienceMs, classify: thrown => talk.word(thrown) },
    talk.ports,
  )
}

/** Sends all bytes, part by part; where a part broke off, the registry says how much of it has arrived. */
async function sendParts({ blob, file }: BlobUpload, first: string, talk: Talk, progress: Progress): Promise<string> {
  let location = first
  let offset = 0
  while (offset < blob.size) {
    const start = offset
    const tryIt = async (attempt: number): Promise<void> => {
      if (attempt > 1) ({ location, offset } = await whereItIs(location, start, talk))
      const end = Math.min(start + partBytes, blob.size)
      if (offset >= end) return
      const answer = await sendPart({ file, location, from: offset, to: end }, talk, sent => progress.sent(blob, sent))
      location = locationIn(answer)
      offset = arrived(answer) ?? end
    }
    await retry(
      tryIt,
      { attempts: mostTries, ...pauses, totalMs: patienceMs, classify: thrown => talk.word(thrown) },
      talk.ports,
    )
    if (offset <= start) throw new WrongAnswer(`it took no bytes after ${offset} of ${blob.digest}`)
    progress.at(blob, offset)
  }
  return location
}

interface Part {
  readonly file: string
  readonly location: string
  /** First byte, and the one after the last. */
  readonly from: number
  readonly to: number
}

function sendPart(
  { file, location, from, to }: Part,
  talk: Talk,
  sent: (bytes: number) => void,
): Promise<RegistryAnswer> {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(to - from),
    // The first part may be all of it: then nothing tells it from an upload in one piece.
    ...(from === 0 ? {} : { 'content-range': `${from}-${to - 1}` }),
  }
  const body = () => {
    const stream = createReadStream(file, { start: from, end: to - 1, highWaterMark: readBytes })
    stream.on('data', chunk => sent(chunk.length))
    return stream
  }
  return talk.once({ method: 'PATCH', path: location, headers, body }, [201, 202, 204])
}

/** Asks how far an upload is. A registry that does not say (ECR has no such answer) has the part anew from its start. */
async function whereItIs(
  location: string,
  start: number,
  talk: Talk,
): Promise<{ readonly location: string; readonly offset: number }> {
  const answer = await talk.ask({ method: 'GET', path: location }, [200, 202, 204, 400, 404, 405])
  if (answer.status === 404) throw new Refusal(answer)
  const offset = answer.status < 300 ? (arrived(answer) ?? start) : start
  return { location: answer.headers['location'] ?? location, offset }
}

/** Bytes that the registry has: `Range: 0-1023` means 1,024; undefined when it does not say. `0-0` is none or one. */
function arrived({ headers }: RegistryAnswer): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d+)$/.exec(headers['range'] ?? '') ?? []
  return last === undefined ? undefined : last === '0' ? 0 : Number(last) + 1
}

function locationIn({ headers }: RegistryAnswer): string {
  const { location } = headers
  if (location === undefined || location === '') throw new WrongAnswer('it began an upload and did not say where')
  return location
}
