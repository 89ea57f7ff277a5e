import { request as httpRequest, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import { account } from '../world.ts'
import { firstDenial, type Authorizer } from './authorizer.ts'
import { immutableText } from './ecr.ts'
import { readBody, send, sendJson, without, type Exchange } from './http.ts'
import { parseManifest, type Images } from './images.ts'
import type { Moto } from './moto.ts'
import type { RegistryTokens } from './registry-tokens.ts'
import { repositoryArn } from './seed.ts'

export interface RegistryWorld {
  readonly moto: Pick<Moto, 'repository'>
  readonly authorizer: Pick<Authorizer, 'check'>
  readonly images: Images
  readonly tokens: RegistryTokens
  readonly registryPort: number
}

/** One request to the data plane, by the paths of the OCI distribution specification. */
export interface Target {
  readonly repository: string
  readonly kind: 'manifests' | 'blobs' | 'uploads' | 'tags' | 'referrers'
  /** Tag, digest or upload id; empty for a new upload. */
  readonly reference: string
}

/** `/v2/` of the account's registry: who asks, may they, does the repository exist, then Distribution answers. */
export async function handleRegistry(exchange: Exchange, world: RegistryWorld): Promise<void> {
  const { note, url, request } = exchange
  note.service = 'registry'
  const session = authenticate(exchange, world.tokens)
  if (!session) return
  note.principal = session.arn
  if (url.pathname === '/v2' || url.pathname === '/v2/') return sendJson(exchange, 200, {}, apiVersion)
  const target = targetOf(url.pathname)
  const actions = target && actionsOf(request, target)
  if (!target || !actions) return refuse(exchange, 405, 'UNSUPPORTED', 'The operation is unsupported.')
  note.operation = actions.at(-1) ?? ''
  const resource = repositoryArn(target.repository)
  const needs = actions.map(action => ({ action: `ecr:${action}`, resource }))
  const denial = await firstDenial(needs, session, exchange, world.authorizer)
  if (denial !== undefined) return refuse(exchange, 403, 'DENIED', denial)
  if (!(await world.moto.repository(target.repository)))
    return refuse(
      exchange,
      404,
      'NAME_UNKNOWN',
      `The repository with name '${target.repository}' does not exist in the registry with id '${account}'`,
    )
  await serve(exchange, target, world)
}

const apiVersion = { 'docker-distribution-api-version': 'registry/2.0' }

/** The session of the password, or the refusal is sent. */
function authenticate(exchange: Exchange, tokens: RegistryTokens) {
  const session = tokens.find(passwordOf(exchange.request) ?? '')
  if (session === 'expired') {
    refuse(exchange, 403, 'DENIED', 'Your authorization token has expired. Reauthenticate and try again.')
    return undefined
  }
  if (session === undefined) {
    exchange.note.code = 'UNAUTHORIZED'
    const challenge = `Basic realm="https://${exchange.host}/",service="ecr.amazonaws.com"`
    send(exchange, {
      status: 401,
      headers: { ...apiVersion, 'www-authenticate': challenge, 'content-type': 'text/plain' },
      body: 'Not Authorized\n',
    })
  }
  return session
}

/** Password of the user `AWS`, as a client sends it. */
export function passwordOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const [, basic = ''] = /^Basic (.*)$/i.exec(headers.authorization ?? '') ?? []
  const [user, password] = Buffer.from(basic, 'base64').toString().split(/:(.*)/s)
  return user === 'AWS' ? password : undefined
}

export function targetOf(path: string): Target | undefined {
  const match =
    /^\/v2\/(?<repository>.+?)\/(?<rest>manifests\/[^/]+|blobs\/uploads\/[^/]*|blobs\/[^/]+|tags\/list|referrers\/[^/]+)$/.exec(
      path,
    )
  const { repository, rest } = match?.groups ?? {}
  if (repository === undefined || rest === undefined) return undefined
  const reference = decodeURIComponent(rest.slice(rest.lastIndexOf('/') + 1))
  if (rest.startsWith('blobs/uploads/')) return { repository, kind: 'uploads', reference }
  const kind = rest.slice(0, rest.indexOf('/'))
  return kind === 'manifests' || kind === 'blobs' || kind === 'tags' || kind === 'referrers'
    ? { repository, kind, reference }
    : undefined
}

/** IAM actions of a request to the data plane; undefined for none of ECR's. It has no deletion here. */
export function actionsOf(request: IncomingMessage, { kind }: Target): readonly string[] | undefined {
  const actions: Readonly<Record<string, readonly string[]>> = {
    'GET manifests': ['BatchGetImage'],
    'HEAD manifests': ['BatchGetImage'],
    'PUT manifests': ['PutImage'],
    'GET blobs': ['GetDownloadUrlForLayer'],
    'HEAD blobs': ['BatchCheckLayerAvailability'],
    'POST uploads': ['InitiateLayerUpload'],
    'GET uploads': ['UploadLayerPart'],
    'PATCH uploads': ['UploadLayerPart'],
    // The last request of an upload may bring its content along.
    'PUT uploads': [...(hasBody(request) ? ['UploadLayerPart'] : []), 'CompleteLayerUpload'],
    'DELETE uploads': ['InitiateLayerUpload'],
    'GET tags': ['ListImages'],
    'GET referrers': ['BatchGetImage'],
  }
  return actions[`${request.method ?? 'GET'} ${kind}`]
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

async function serve(exchange: Exchange, target: Target, world: RegistryWorld): Promise<void> {
  const { request } = exchange
  const { repository, kind, reference } = target
  if (kind === 'manifests' && request.method === 'PUT') return putManifest(exchange, target, world)
  if (kind === 'referrers') {
    const manifests = world.images.referrers(repository, reference)
    const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }
    return sendJson(exchange, 200, index, { 'content-type': index.mediaType })
  }
  if (kind === 'tags') return sendJson(exchange, 200, { name: repository, tags: await world.images.tags(repository) })
  if (kind === 'manifests') return getManifest(exchange, target, world)
  const query = new URLSearchParams(exchange.url.search)
  // Without the account setting BLOB_MOUNTING, ECR starts a plain upload instead of a mount.
  query.delete('mount')
  query.delete('from')
  const search = query.size > 0 ? `?${query.toString()}` : ''
  const inner = `/v2/${world.images.path(repository)}`
  const path = inner + exchange.url.pathname.slice(`/v2/${repository}`.length) + search
  await proxy(exchange, world.registryPort, path, location => {
    const at = new URL(location, `https://${exchange.host}`)
    return `https://${exchange.host}${at.pathname.replace(inner, `/v2/${repository}`)}${at.search}`
  })
}

/** From the control plane: an image that was deleted there is gone here too. */
async function getManifest(
  exchange: Exchange,
  { repository, reference }: Target,
  { images }: RegistryWorld,
): Promise<void> {
  const image = await images.find(repository, reference)
  if (!image) return refuse(exchange, 404, 'MANIFEST_UNKNOWN', 'Requested image not found')
  const headers = {
    ...apiVersion,
    'content-type': image.mediaType,
    'docker-content-digest': image.digest,
    etag: `"${image.digest}"`,
  }
  send(exchange, { status: 200, headers, body: image.manifest })
}

async function putManifest(
  exchange: Exchange,
  { repository, reference }: Target,
  { images }: RegistryWorld,
): Promise<void> {
  const manifest = await readBody(exchange.request, 4 * 1024 * 1024)
  const mediaType = exchange.request.headers['content-type'] ?? ''
  // ECR decides about a tag in one step: of two that come at once the second finds it taken.
  const outcome = await oneAfterTheOther(`${repository}:${reference}`, () =>
    images.put(repository, reference, manifest, mediaType),
  )
  if (outcome.refused === 'immutable')
    return refuse(exchange, 400, 'TAG_INVALID', immutableText(outcome.tag, repository))
  if (outcome.refused === 'registry')
    return send(exchange, {
      status: outcome.status,
      headers: { 'content-type': 'application/json' },
      body: outcome.body,
    })
  const { subject } = parseManifest(manifest.toString())
  const headers = {
    ...apiVersion,
    location: `https://${exchange.host}/v2/${repository}/manifests/${outcome.digest}`,
    'docker-content-digest': outcome.digest,
    ...(subject === undefined ? {} : { 'oci-subject': subject.digest }),
  }
  send(exchange, { status: 201, headers, body: '' })
}

const turns = new Map<string, Promise<unknown>>()

async function oneAfterTheOther<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve()
  const turn = before.then(work, work)
  turns.set(key, turn)
  try {
    return await turn
  } finally {
    if (turns.get(key) === turn) turns.delete(key)
  }
}

function refuse(exchange: Exchange, status: number, code: string, message: string): void {
  exchange.note.code = code
  sendJson(exchange, status, { errors: [{ code, message }] }, apiVersion)
}

/** Streams a request to Distribution and its answer back; Location headers are rewritten. */
export function proxy(
  exchange: Exchange,
  port: number,
  path: string,
  rewrite: (location: string) => string,
): Promise<void> {
  const { request, response } = exchange
  const headers = without(request.headers, 'authorization')
  return new Promise(resolve => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method: request.method, path, headers }, answer => {
      // The client may be gone, or been told of a broken request, before Distribution answers.
      if (response.destroyed || response.headersSent) {
        answer.destroy()
        return resolve()
      }
      const { location } = answer.headers
      const rewritten = location === undefined ? {} : { location: rewrite(location) }
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...rewritten })
      pipeline(answer, response, () => resolve())
    })
    pipeline(request, outgoing, error => {
      if (!error) return
      if (!response.headersSent) refuse(exchange, 502, 'UNKNOWN', `the registry does not answer: ${error.message}`)
      resolve()
    })
    // `pipeline` sees errors of sending only; this is a refused or broken connection.
    outgoing.on('error', () => resolve())
  })
}
