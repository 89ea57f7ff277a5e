/** A TCP way to the API server that can be slow, narrow, silent or cut. TLS passes through it untouched. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { addresses } from '../world.ts'

export interface Link {
  /** `https://127.0.0.1:PORT`: the API server's certificate is good for this address. */
  readonly url: string
  /** Bytes that came from the server so far. */
  readonly received: number
  /** Delay of everything the server sends, in milliseconds. */
  latencyMs: number
  /** What the server can send per second over all connections, in bytes. */
  bandwidth: number
  /** While false, new connections are refused. */
  open: boolean
  /** Breaks all connections. */
  cut(): void
  /** Lets nothing more through on the connections that are there, and tells nobody: a router that forgot them. */
  hush(): void
  close(): Promise<void>
}

/** So much may wait for its turn on a connection before the server is asked to wait. */
const mostWaiting = 256 * 1024

class ShapedLink implements Link {
  latencyMs = 0
  bandwidth = Number.POSITIVE_INFINITY
  open = true
  received = 0
  readonly #server: Server
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()
  readonly #hushed = new WeakSet<Socket>()
  readonly #target: Target
  /** When the line is free again. */
  #freeAt = 0

  constructor(target: Target) {
    this.#target = target
    this.#server = createServer(client => this.#join(client))
  }

  async listen(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  hush(): void {
    for (const pair of this.#pairs) for (const socket of pair) this.#hushed.add(socket)
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #join(client: Socket): void {
    if (!this.open) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#target.port, this.#target.host)
    const pair = [client, server] as const
    this.#pairs.add(pair)
    client.on('data', chunk => {
      if (!this.#hushed.has(client)) server.write(chunk)
    })
    this.#pass(server, client)
    for (const [socket, peer] of [pair, pair.toReversed() as unknown as typeof pair]) {
      socket.on('error', () => undefined)
      socket.on('end', () => peer.end())
      socket.on('close', () => {
        peer.destroy()
        this.#pairs.delete(pair)
      })
    }
  }

  /** What the server sends, in order, each chunk when the line has carried it. */
  #pass(server: Socket, client: Socket): void {
    let waiting = 0
    server.on('data', chunk => {
      if (this.#hushed.has(server)) return
      this.received += chunk.length
      waiting += chunk.length
      if (waiting > mostWaiting) server.pause()
      const now = Date.now()
      this.#freeAt = Math.max(now, this.#freeAt) + (chunk.length / this.bandwidth) * 1_000
      const deliver = (): void => {
        waiting -= chunk.length
        if (!this.#hushed.has(server)) client.write(chunk)
        if (waiting <= mostWaiting) server.resume()
      }
      const ms = this.#freeAt + this.latencyMs - now
      if (ms < 1) deliver()
      else setTimeout(deliver, ms)
    })
  }
}

interface Target {
  readonly host: string
  readonly port: number
}

/** To the API server, unless another target is given. */
export async function openLink(target: Target = { host: addresses.apiServer, port: 443 }): Promise<Link> {
  const link = new ShapedLink(target)
  await link.listen()
  return link
}
