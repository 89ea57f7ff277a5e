import { ports } from '../world.ts'

/** Keys with a prefix, in order. */
export async function keysIn(prefix: string): Promise<readonly string[]> {
  const end = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`
  const { kvs = [] } = (await call('kv/range', { key: encode(prefix), range_end: encode(end), keys_only: true })) as {
    kvs?: readonly { key: string }[]
  }
  return kvs.map(({ key }) => Buffer.from(key, 'base64').toString())
}

/** Removes keys, a hundred per transaction. */
export async function removeKeys(keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 100) {
    const success = keys.slice(at, at + 100).map(key => ({ request_delete_range: { key: encode(key) } }))
    await call('kv/txn', { success })
  }
}

/** Drops all history but the newest version of each key: older versions are answered with "has been compacted". */
export async function compact(): Promise<void> {
  const { header } = (await call('kv/range', { key: encode('/'), limit: 1, keys_only: true })) as {
    header: { revision: string }
  }
  await call('kv/compaction', { revision: header.revision, physical: true })
}

/** etcd's JSON gateway on its client port. */
async function call(path: string, body: object): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${ports.etcd}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}
