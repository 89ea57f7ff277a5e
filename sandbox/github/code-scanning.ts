import { randomUUID } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { isRecord } from '../front/http.ts'
import { notFound, type Call, type Endpoint, type Reply } from './endpoints.ts'

/** Bytes of the packed file that GitHub takes. */
const largest = 10 * 1024 * 1024

export const codeScanningEndpoints: readonly Endpoint[] = [
  { method: 'post', path: '/code-scanning/sarifs', permission: ['security_events'], reply: upload },
  { method: 'get', path: '/code-scanning/sarifs/{sarif_id}', reply: get },
]

/** The file is unpacked and must be SARIF 2.1.0; what is in it can be read at GET /github of the control API. */
function upload({ store, body }: Call): Reply {
  const packed = Buffer.from(String(body.sarif), 'base64')
  if (packed.length > largest) return { status: 413 }
  const sarif = unpacked(packed)
  if (!isRecord(sarif) || sarif.version !== '2.1.0' || !Array.isArray(sarif.runs)) return { status: 400 }
  const id = randomUUID()
  store.sarifs.set(id, { id, commit_sha: body.commit_sha, ref: body.ref, at: store.now(), sarif })
  return { status: 202, body: { id, url: store.url(`/code-scanning/sarifs/${id}`) } }
}

function get({ store, at }: Call): Reply {
  if (!store.sarifs.has(at.sarif_id ?? '')) return notFound
  const analyses = store.url(`/code-scanning/analyses?sarif_id=${at.sarif_id}`)
  return { status: 200, body: { processing_status: 'complete', analyses_url: analyses, errors: null } }
}

function unpacked(packed: Buffer): unknown {
  try {
    return JSON.parse(gunzipSync(packed).toString())
  } catch {
    return undefined
  }
}
