/**
 * The API server's audit log: when, to the microsecond, each write of a namespace was done. Objects themselves carry
 * whole seconds. The log is written before the server answers, so what has been seen in a watch is in the file.
 */
import { open } from 'node:fs/promises'
import type { KubeObject } from '../../src/kubernetes/model.ts'

export interface Write {
  /** `stageTimestamp`, in milliseconds with a fraction. */
  readonly at: number
  readonly verb: string
  readonly resource: string
  readonly subresource?: string
  readonly name: string
  readonly agent: string
  /** As stored. For statuses and events only (see `auditPolicy`). */
  readonly object?: KubeObject
}

interface Entry {
  readonly stage: string
  readonly stageTimestamp: string
  readonly verb: string
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly responseObject?: KubeObject
}

const inDefault = '"resource":"events","namespace":"default"'

function isAbout(namespace: string, { responseObject }: Entry): boolean {
  const { name } = (responseObject?.['involvedObject'] ?? {}) as { readonly name?: string }
  return name?.endsWith(namespace) === true
}

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

/** Follows the log from where it ends now, for the namespaces whose names begin with `prefix`. */
export class AuditLog {
  readonly #path: string
  readonly #marker: string
  #offset = 0
  #rest = ''
  readonly #entries = new Map<string, Entry[]>()
  #reading: Promise<void> = Promise.resolve()

  private constructor(path: string, prefix: string) {
    this.#path = path
    this.#marker = `"namespace":"${prefix}`
  }

  static async follow(path: string, prefix: string): Promise<AuditLog> {
    const log = new AuditLog(path, prefix)
    const file = await open(path)
    log.#offset = (await file.stat()).size
    await file.close()
    return log
  }

  /**
   * Successful writes in a namespace so far, in the order in which they were done; with those events of `default` that are
   * about something named for it (of cluster-scoped objects events are written there).
   */
  async writes(namespace: string): Promise<readonly Write[]> {
    const own = await this.#of(namespace)
    const entries = [...own, ...(await this.#of('default')).filter(entry => isAbout(namespace, entry))]
    return entries
      .filter(({ verb, responseStatus }) => writing.has(verb) && (responseStatus?.code ?? 0) < 300)
      .map(asWrite)
      .toSorted((a, b) => a.at - b.at)
  }

  /** How many requests a client made there meanwhile, by the beginning of its user agent. A watch counts once. */
  async requests(namespace: string, agent: string, from: number, to: number): Promise<number> {
    const entries = await this.#of(namespace)
    const inTime = ({ stageTimestamp }: Entry): boolean =>
      microseconds(stageTimestamp) >= from && microseconds(stageTimestamp) <= to
    return entries.filter(entry => (entry.userAgent ?? '').startsWith(agent) && inTime(entry)).length
  }

  async #of(namespace: string): Promise<readonly Entry[]> {
    this.#reading = this.#reading.then(() => this.#read())
    await this.#reading
    return this.#entries.get(namespace) ?? []
  }

  async #read(): Promise<void> {
    const file = await open(this.#path)
    try {
      const { size } = await file.stat()
      // The log was rotated: what is in the new file is all new.
      if (size < this.#offset) this.#offset = 0
      const buffer = Buffer.alloc(size - this.#offset)
      await file.read(buffer, 0, buffer.length, this.#offset)
      this.#offset = size
      const lines = (this.#rest + buffer.toString()).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines)
        if (line.includes(this.#marker) || line.includes(inDefault)) this.#keep(JSON.parse(line) as Entry)
    } finally {
      await file.close()
    }
  }

  /** A request has several stages: a watch counts when it begins, everything else when it is done. */
  #keep(entry: Entry): void {
    const namespace = entry.objectRef?.namespace
    if (namespace === undefined || entry.stage !== (entry.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete'))
      return
    const known = this.#entries.get(namespace)
    if (known === undefined) this.#entries.set(namespace, [entry])
    else known.push(entry)
  }
}

function asWrite({ stageTimestamp, verb, userAgent = '', objectRef = {}, responseObject }: Entry): Write {
  return {
    at: microseconds(stageTimestamp),
    verb,
    resource: objectRef.resource ?? '',
    ...(objectRef.subresource === undefined ? {} : { subresource: objectRef.subresource }),
    name: objectRef.name ?? '',
    agent: userAgent,
    ...(responseObject === undefined ? {} : { object: responseObject }),
  }
}

/** `2026-11-25T22:17:04.123456Z` in milliseconds, with its fraction. */
function microseconds(text: string): number {
  const [, seconds = '', fraction = '0'] = /^(.+?)(?:\.(\d+))?Z$/.exec(text) ?? []
  return Date.parse(`${seconds}Z`) + Number(`0.${fraction}`) * 1_000
}
