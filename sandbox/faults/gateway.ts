/** A gateway before the API server that speaks its TLS and can answer in its place. For use inside the platform. */
import { readFileSync } from 'node:fs'
import { createServer, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Platform } from '../platform.ts'
import { addresses } from '../world.ts'

export interface Gateway {
  readonly port: number
  /** Status with which every request is refused; undefined lets all through. */
  refuseWith: number | undefined
  /** How many requests it refused. */
  readonly refused: number
  /** How many watches it let through. */
  readonly watches: number
  close(): Promise<void>
}

const says: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  429: ['TooManyRequests', 'The apiserver is throttling. Please try again later.'],
  500: ['InternalError', 'etcdserver: request timed out'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
}

export async function openGateway({ state }: Platform): Promise<Gateway> {
  const read = (file: string): Buffer => readFileSync(join(state, 'pki', file))
  const counts = { refused: 0, watches: 0 }
  const server = createServer({ cert: read('apiserver.crt'), key: read('apiserver.key') }, (incoming, answer) => {
    const status = gateway.refuseWith
    if (status !== undefined) {
      counts.refused++
      const [reason, message] = says[status] ?? ['', '']
      const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status }
      answer.writeHead(status, {
        'content-type': 'application/json',
        ...(status === 429 ? { 'retry-after': '1' } : {}),
      })
      answer.end(JSON.stringify(body))
      return
    }
    const { method, url: path = '', headers } = incoming
    if (path.includes('watch=true')) counts.watches++
    const outgoing = send(
      { method, path, headers, host: addresses.apiServer, ca: read('ca.crt'), agent: false },
      response => {
        answer.writeHead(response.statusCode ?? 502, response.headers)
        response.pipe(answer)
        response.on('error', () => answer.destroy())
      },
    )
    outgoing.on('error', () => answer.destroy())
    answer.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const gateway: Gateway = {
    port: (server.address() as AddressInfo).port,
    refuseWith: undefined,
    get refused() {
      return counts.refused
    },
    get watches() {
      return counts.watches
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return gateway
}
