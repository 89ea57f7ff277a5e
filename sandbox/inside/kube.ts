import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { addresses } from '../world.ts'

export interface Answer {
  readonly status: number
  readonly text: string
}

/** The API server as the platform's administrator sees it. Works inside the platform's network only. */
export class Kube {
  readonly #agent: Agent

  constructor(state: string) {
    const read = (file: string): Buffer => readFileSync(join(state, 'pki', file))
    this.#agent = new Agent({ ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key'), keepAlive: true })
  }

  /** One request; any answer counts, only a broken connection throws. `body` is sent as JSON. */
  send(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body)
      // Node frames the body of a DELETE only when told its length.
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text) }
      const options = { method, path, host: addresses.apiServer, agent: this.#agent, headers }
      const sent = request(options, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        )
      })
      sent.once('error', reject)
      sent.end(text)
    })
  }

  /** As `send`, but returns the parsed body and throws when the API server says no. */
  async json(method: string, path: string, body?: unknown, type?: string): Promise<Record<string, unknown>> {
    const { status, text } = await this.send(method, path, body, type)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`)
    return JSON.parse(text) as Record<string, unknown>
  }

  /** Server-side apply at an object's path. */
  async apply(path: string, object: object): Promise<void> {
    await this.json('PATCH', `${path}?fieldManager=platform&force=true`, object, 'application/apply-patch+yaml')
  }

  close(): void {
    this.#agent.destroy()
  }
}
