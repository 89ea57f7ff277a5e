import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { load } from 'js-yaml'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { isRecord, readBody } from '../http.ts'

/** The API server as the platform's own parts see it: with the admin's certificate. */
export interface Kube {
  send(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<{ readonly status: number; readonly body: unknown }>
  /** Keeps `objects` current, for ever; calls `changed` after the first list and each change. */
  follow(path: string, changed: (objects: ReadonlyMap<string, KubeObject>) => void): Promise<never>
}

interface Connection {
  readonly server: string
  readonly agent: Agent
}

/** Waits for the kubeconfig file: the front is up before the API server is. */
export async function connectKube(kubeconfig: string): Promise<Kube> {
  while (!existsSync(kubeconfig)) await sleep(250)
  const connection = readKubeconfig(kubeconfig)
  return {
    send: (method, path, body, contentType) => sendOnce(connection, method, path, body, contentType),
    async follow(path, changed) {
      for (;;) {
        await listAndWatch(connection, path, changed).catch(() => undefined)
        await sleep(200)
      }
    },
  }
}

function readKubeconfig(file: string): Connection {
  const config = load(readFileSync(file, 'utf8'))
  const section = (list: string, inner: string): Readonly<Record<string, unknown>> => {
    const entries = isRecord(config) ? config[list] : undefined
    const entry: unknown = Array.isArray(entries) ? entries[0] : undefined
    const value = isRecord(entry) ? entry[inner] : undefined
    return isRecord(value) ? value : {}
  }
  const cluster = section('clusters', 'cluster')
  const user = section('users', 'user')
  const pem = (from: Readonly<Record<string, unknown>>, name: string): Buffer | undefined => {
    const inline = from[`${name}-data`]
    if (typeof inline === 'string') return Buffer.from(inline, 'base64')
    return typeof from[name] === 'string' ? readFileSync(resolve(dirname(file), from[name])) : undefined
  }
  const agent = new Agent({
    ca: pem(cluster, 'certificate-authority'),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    keepAlive: true,
  })
  return { server: String(cluster.server), agent }
}

function sendOnce(
  { server, agent }: Connection,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolveAnswer, reject) => {
    const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) }
    const outgoing = request(new URL(path, server), { method, agent, headers }, answer => {
      readBody(answer).then(bytes => {
        const parsed: unknown = JSON.parse(bytes.toString() || 'null')
        resolveAnswer({ status: answer.statusCode ?? 502, body: parsed })
      }, reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function listAndWatch(
  connection: Connection,
  path: string,
  changed: (objects: ReadonlyMap<string, KubeObject>) => void,
): Promise<void> {
  const listed = await sendOnce(connection, 'GET', path)
  if (listed.status !== 200 || !isRecord(listed.body)) throw new Error(`${path}: ${listed.status}`)
  const items = Array.isArray(listed.body.items) ? (listed.body.items as KubeObject[]) : []
  const objects = new Map(items.map(item => [keyOf(item), item]))
  changed(objects)
  const metadata = isRecord(listed.body.metadata) ? listed.body.metadata : {}
  await watch(connection, `${path}?watch=true&resourceVersion=${String(metadata.resourceVersion)}`, (type, object) => {
    if (type === 'DELETED') objects.delete(keyOf(object))
    else objects.set(keyOf(object), object)
    changed(objects)
  })
}

/** Ends when the stream ends or reports an error; the caller lists again. */
function watch(
  { server, agent }: Connection,
  path: string,
  seen: (type: string, object: KubeObject) => void,
): Promise<void> {
  return new Promise((done, reject) => {
    const outgoing = request(new URL(path, server), { agent }, answer => {
      const lines = createInterface({ input: answer })
      lines.on('line', line => {
        const event = JSON.parse(line) as { type: string; object: KubeObject }
        if (event.type === 'ERROR') outgoing.destroy()
        else seen(event.type, event.object)
      })
      lines.on('close', done)
      // The interface passes on the errors of its input: an API server that restarts breaks the stream off.
      lines.on('error', reject)
      answer.on('error', reject)
    })
    // A silent connection is taken for dead: the API server ends watches after half an hour at the latest.
    outgoing.setTimeout(40 * 60_000, () => void outgoing.destroy())
    outgoing.once('error', reject)
    outgoing.end()
  })
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}
