/** A registry in memory behind real HTTP: the distribution API as far as a push needs it, and faults at any request. */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenCall {
  readonly method: string
  /** Without `/v2/`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** Bytes of the body. */
  readonly bytes: number
}

/** What happens to a request instead of its answer; undefined lets it through. `cut`: the connection breaks after that many bytes of its body. */
export type Fault =
  | {
      readonly status: number
      readonly code?: string
      readonly message?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly cut: number }
  | { readonly echo: string }
export type FaultAt = (call: Omit<SeenCall, 'bytes'>, count: number) => Fault | undefined

export interface MemoryRegistry {
  readonly origin: string
  readonly calls: SeenCall[]
  readonly blobs: Map<string, Buffer>
  /** `repository@digest` and `repository:tag` → manifest. */
  readonly manifests: Map<string, { readonly raw: string; readonly type: string }>
  /** Repositories that have a blob: `repository@digest`. */
  readonly linked: Set<string>
  fault: FaultAt | undefined
  immutable: boolean
  /** False: says 405 when it is asked how far an upload is, as ECR does. */
  tellsOffset: boolean
  password: string
  close(): Promise<void>
}

const sha = (data: Buffer | string): string => `sha256:${createHash('sha256').update(data).digest('hex')}`

export async function startMemoryRegistry(): Promise<MemoryRegistry> {
  const uploads = new Map<string, Buffer>()
  let count = 0
  const registry: MemoryRegistry = {
    origin: '',
    calls: [],
    blobs: new Map(),
    manifests: new Map(),
    linked: new Set(),
    fault: undefined,
    immutable: false,
    tellsOffset: true,
    password: 'good',
    close: () => Promise.resolve(),
  }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://registry')
    const call = {
      method: request.method ?? '',
      path: url.pathname.replace(/^\/v2\//, ''),
      query: url.searchParams,
      headers: request.headers,
    }
    const fault = registry.fault?.(call, ++count)
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (fault && 'cut' in fault && bytes >= fault.cut) {
        keep(call.path, Buffer.concat(chunks).subarray(0, fault.cut))
        registry.calls.push({ ...call, bytes })
        request.socket.resetAndDestroy()
      }
    })
    request.on('error', () => undefined)
    request.on('end', () => {
      registry.calls.push({ ...call, bytes })
      if (fault && 'cut' in fault) {
        request.socket.resetAndDestroy()
      } else if (fault && 'status' in fault) {
        const { status, code = '', message = '', headers = {} } = fault
        response.writeHead(status, headers).end(code === '' ? message : JSON.stringify({ errors: [{ code, message }] }))
      } else answer(call, Buffer.concat(chunks), response, fault && 'echo' in fault ? fault.echo : undefined)
    })
  })

  /** What had arrived of a part when its connection broke. */
  function keep(path: string, data: Buffer): void {
    const id = path.split('/uploads/')[1] ?? ''
    const before = uploads.get(id)
    if (before && registry.tellsOffset) uploads.set(id, Buffer.concat([before, data]))
  }

  function refuse(response: ServerResponse, status: number, code: string, message: string): void {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ errors: [{ code, message }] }))
  }

  function answer(
    call: Omit<SeenCall, 'bytes'>,
    body: Buffer,
    response: ServerResponse,
    echo: string | undefined,
  ): void {
    const login = Buffer.from(call.headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString()
    if (login !== `AWS:${registry.password}`)
      return refuse(response, 401, 'UNAUTHORIZED', 'Your authorization token has expired')
    const [, repository = '', kind = '', rest = ''] = /^(.+?)\/(blobs|manifests)\/(.*)$/.exec(call.path) ?? []
    if (repository === 'missing')
      return refuse(response, 404, 'NAME_UNKNOWN', 'The repository with name missing does not exist')
    if (kind === 'manifests') return manifest(call, { repository, reference: rest }, body, response, echo)
    if (rest.startsWith('uploads/'))
      return upload(call, { repository, id: rest.slice('uploads/'.length) }, body, response, echo)
    const has = registry.linked.has(`${repository}@${rest}`)
    response.writeHead(has ? 200 : 404).end()
  }

  function upload(
    call: Omit<SeenCall, 'bytes'>,
    { repository, id }: { repository: string; id: string },
    body: Buffer,
    response: ServerResponse,
    echo: string | undefined,
  ): void {
    const at = (known: string): Record<string, string> => ({
      location: `/v2/${repository}/blobs/uploads/${known}`,
      range: `0-${Math.max(0, (uploads.get(known)?.length ?? 0) - 1)}`,
    })
    if (call.method === 'POST') {
      const [mount, from] = [call.query.get('mount'), call.query.get('from')]
      if (mount !== null && registry.linked.has(`${from ?? ''}@${mount}`)) {
        registry.linked.add(`${repository}@${mount}`)
        return void response.writeHead(201, { 'docker-content-digest': mount }).end()
      }
      const made = randomUUID()
      uploads.set(made, Buffer.alloc(0))
      return void response.writeHead(202, at(made)).end()
    }
    const before = uploads.get(id)
    if (before === undefined) return refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'The upload is unknown')
    if (call.method === 'GET')
      return registry.tellsOffset
        ? void response.writeHead(204, at(id)).end()
        : refuse(response, 405, 'UNSUPPORTED', 'not here')
    if (call.method === 'PATCH') {
      const start = Number(/^(\d+)-/.exec(call.headers['content-range'] ?? '')?.[1] ?? 0)
      if (registry.tellsOffset && start !== before.length)
        return refuse(response, 416, 'BLOB_UPLOAD_INVALID', 'The range is not satisfiable')
      uploads.set(id, Buffer.concat([before.subarray(0, start), body]))
      return void response.writeHead(202, at(id)).end()
    }
    const whole = Buffer.concat([before, body])
    const digest = call.query.get('digest') ?? ''
    if (sha(whole) !== digest) return refuse(response, 400, 'DIGEST_INVALID', `The layer has the digest ${sha(whole)}`)
    uploads.delete(id)
    registry.blobs.set(digest, whole)
    registry.linked.add(`${repository}@${digest}`)
    response.writeHead(201, { 'docker-content-digest': echo ?? digest }).end()
  }

  function manifest(
    call: Omit<SeenCall, 'bytes'>,
    { repository, reference }: { repository: string; reference: string },
    body: Buffer,
    response: ServerResponse,
    echo: string | undefined,
  ): void {
    const key = reference.startsWith('sha256:') ? `${repository}@${reference}` : `${repository}:${reference}`
    const stored = registry.manifests.get(key)
    if (call.method !== 'PUT') {
      if (stored === undefined) return void response.writeHead(404).end()
      return void response
        .writeHead(200, { 'content-type': stored.type, 'docker-content-digest': sha(stored.raw) })
        .end(call.method === 'HEAD' ? undefined : stored.raw)
    }
    const raw = body.toString('utf8')
    const parsed = JSON.parse(raw) as {
      config?: { digest: string }
      layers?: { digest: string }[]
      manifests?: { digest: string }[]
    }
    const needs = [...(parsed.config ? [parsed.config] : []), ...(parsed.layers ?? [])].map(({ digest }) => digest)
    const gap = needs.find(digest => !registry.linked.has(`${repository}@${digest}`))
    if (gap !== undefined)
      return refuse(
        response,
        404,
        'MANIFEST_BLOB_UNKNOWN',
        `Layers with digests '[${gap}]' do not exist (LayersNotFound)`,
      )
    const absent = (parsed.manifests ?? []).find(({ digest }) => !registry.manifests.has(`${repository}@${digest}`))
    if (absent !== undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN', 'ReferencedImagesNotFound')
    const isTag = !reference.startsWith('sha256:')
    if (isTag && registry.immutable && stored !== undefined) {
      return refuse(
        response,
        400,
        'TAG_INVALID',
        `The image tag '${reference}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`,
      )
    }
    const entry = { raw, type: call.headers['content-type'] ?? '' }
    registry.manifests.set(key, entry)
    registry.manifests.set(`${repository}@${sha(raw)}`, entry)
    response.writeHead(201, { 'docker-content-digest': echo ?? sha(raw) }).end()
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(registry, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
}
