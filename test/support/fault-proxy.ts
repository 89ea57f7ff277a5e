/** A proxy in front of a real registry that lets everything through but what a fault says. For use inside the platform. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Fault, FaultAt, SeenCall } from './memory-registry.ts'

export interface FaultProxy {
  readonly origin: string
  readonly calls: SeenCall[]
  fault: FaultAt | undefined
  close(): Promise<void>
}

/** `host` is that of the registry, over TLS. */
export async function startFaultProxy(host: string): Promise<FaultProxy> {
  let count = 0
  const proxy: FaultProxy = { origin: '', calls: [], fault: undefined, close: () => Promise.resolve() }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://registry')
    const call = {
      method: request.method ?? '',
      path: url.pathname.replace(/^\/v2\//, ''),
      query: url.searchParams,
      headers: request.headers,
    }
    const fault = proxy.fault?.(call, ++count)
    let bytes = 0
    request.on('data', (chunk: Buffer) => void (bytes += chunk.length))
    request.on('close', () => void proxy.calls.push({ ...call, bytes }))
    request.on('error', () => undefined)
    if (fault && 'status' in fault) return answer(request, response, fault)
    return forward(request, response, { host, fault })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(proxy, {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Extract<Fault, { readonly status: number }>,
): void {
  const { status, code = '', message = '', headers = {} } = fault
  request.resume()
  request.on('end', () =>
    response.writeHead(status, headers).end(code === '' ? message : JSON.stringify({ errors: [{ code, message }] })),
  )
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { host, fault }: { readonly host: string; readonly fault: Fault | undefined },
): void {
  const onward = httpsRequest(
    { host, path: request.url, method: request.method, headers: { ...request.headers, host } },
    answered => {
      const { location, ...headers } = answered.headers
      const relative = location === undefined ? {} : { location: location.replace(/^https?:\/\/[^/]+/, '') }
      const echoed = fault && 'echo' in fault ? { 'docker-content-digest': fault.echo } : {}
      response.writeHead(answered.statusCode ?? 502, { ...headers, ...relative, ...echoed })
      answered.pipe(response)
    },
  )
  onward.on('error', () => response.destroy())
  // A client that is killed takes its half of the request along: the registry must see that, too.
  response.once('close', () => onward.destroy())
  if (!(fault && 'cut' in fault)) return void request.pipe(onward)
  const breakOff = (): void => {
    onward.destroy()
    request.socket.resetAndDestroy()
  }
  let left = fault.cut
  request.on('data', (chunk: Buffer) => {
    onward.write(chunk.subarray(0, Math.max(0, left)))
    left -= chunk.length
    // What was sent until then is on its way; then both sides break off.
    if (left <= 0) setTimeout(breakOff, 50)
  })
  request.on('end', () => {
    if (left > 0 || fault.cut === 0) breakOff()
  })
}
