import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exchangeOf, readBody, type Handler } from '../../../sandbox/front/http.ts'

export interface Asked {
  readonly host: string
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Served {
  readonly port: number
  ask(asked: Asked): Promise<Answered>
  close(): Promise<void>
}

/** A handler of the front on the loopback device, asked under any host name. */
export async function serve(handler: Handler): Promise<Served> {
  const server: Server = createServer((incoming, response) => void handler(exchangeOf(incoming, response)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    ask: asked => ask(port, asked),
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

function ask(port: number, { host, path, method = 'GET', headers = {}, body }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, host }, agent: false },
      answer => {
        readBody(answer).then(
          bytes => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: bytes.toString() }),
          reject,
        )
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
