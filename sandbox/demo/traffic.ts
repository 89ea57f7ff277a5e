/**
 * Sends requests through the load balancer at a steady rate until SIGTERM, then prints what came back as JSON.
 * A line on stderr says when it listens to the signal.
 * Runs inside the platform: node traffic.ts URL HOST [COUNT]
 */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Traffic {
  readonly requests: number
  /** No answer within 5 s, a broken connection, or a status of 400 or more. */
  readonly failed: number
  /** Commit that the last good answer named. */
  readonly commit?: string
  /** The first failures, a sentence each. */
  readonly failures: readonly string[]
}

/** On stderr, once SIGTERM ends the traffic rather than the program. */
export const readyLine = 'traffic: under way'

const betweenMs = 50
const patienceMs = 5_000
/** A bound for a demo that hangs: ten minutes of requests. */
const mostRequests = 12_000

interface Answer {
  readonly status: number
  readonly body: string
}

/** One request on a connection of its own, as a new visitor would make it. */
function ask(url: string, host: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: patienceMs, headers: { host } }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${patienceMs / 1000} s`)))
    // Not once: a connection that breaks may say so twice, and the second error would end the program.
    asked.on('error', reject)
    asked.end()
  })
}

async function send(url: string, host: string, most: number, stopped: () => boolean): Promise<Traffic> {
  const failures: string[] = []
  let commit: string | undefined
  let requests = 0
  while (requests < most && !stopped()) {
    requests += 1
    const at = new Date().toISOString()
    try {
      const { status, body } = await ask(url, host)
      if (status >= 400 || status === 0) failures.push(`${at} status ${status}: ${body.slice(0, 120)}`)
      else commit = (JSON.parse(body) as { readonly commit?: string }).commit
    } catch (error) {
      failures.push(`${at} ${error instanceof Error ? error.message : String(error)}`)
    }
    await sleep(betweenMs)
  }
  return {
    requests,
    failed: failures.length,
    ...(commit === undefined ? {} : { commit }),
    failures: failures.slice(0, 5),
  }
}

if (import.meta.main) {
  const [url = '', host = '', count] = process.argv.slice(2)
  let stop = false
  process.once('SIGTERM', () => (stop = true))
  console.error(readyLine)
  console.log(JSON.stringify(await send(url, host, count === undefined ? mostRequests : Number(count), () => stop)))
}
