import type { Clock } from '../runtime/clock.ts'
import { messageOf } from '../runtime/errors.ts'
import { httpSend, type HttpSend } from '../runtime/http.ts'
import { retry, type RetryWord } from '../runtime/retry.ts'
import type { WhyMissing } from './policy/reasons.ts'
import type { Rule } from './policy/rule.ts'

/** What public sources know of a vulnerability, by its id. What is absent is not known. */
export interface Risk {
  readonly epss?: number
  readonly kev?: boolean
}

export interface KnownRisks {
  readonly of: (id: string) => Risk
  /** Why a source said nothing, as the end of a sentence. */
  readonly why: WhyMissing
}

export interface RiskPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  /** Transport; undici unless a test brings one. */
  readonly send?: HttpSend
}

const kevUrl = 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json'
const epssUrl = 'https://api.first.org/data/v1/epss'
/** The service takes 2,000 characters of ids in a request (api.first.org/epss). */
const idsPerRequest = 100
const oneTryMs = 15_000

/**
 * Asks CISA's catalogue of exploited vulnerabilities and FIRST's scores, as far as `rules` want to know. Only ids that
 * are CVEs are in them. A source that gives no answer leaves its part unknown: never throws but for an abort.
 */
export async function readRisks(ids: readonly string[], rules: readonly Rule[], ports: RiskPorts): Promise<KnownRisks> {
  const cves = [...new Set(ids.filter(id => /^CVE-\d{4}-\d{4,}$/.test(id)))]
  const asksKev = cves.length > 0 && rules.some(({ kev }) => kev === true)
  const asksEpss = cves.length > 0 && rules.some(({ epss }) => epss !== undefined)
  const [kev, epss] = await Promise.all([
    asksKev ? outcome(readKev(ports), ports) : undefined,
    asksEpss ? outcome(readEpss(cves, ports), ports) : undefined,
  ])
  const listed = kev?.value
  const scores = epss?.value
  return {
    of: id => ({
      ...(listed === undefined ? {} : { kev: listed.has(id) }),
      // One that has no score yet is not known to be unlikely.
      ...(scores?.get(id) === undefined ? {} : { epss: scores.get(id) ?? 0 }),
    }),
    why: {
      ...(kev?.why === undefined ? {} : { kev: kev.why }),
      ...(epss?.why === undefined ? {} : { epss: epss.why }),
    },
  }
}

async function outcome<T>(
  asked: Promise<T>,
  { signal }: RiskPorts,
): Promise<{ readonly value?: T; readonly why?: string }> {
  try {
    return { value: await asked }
  } catch (thrown) {
    signal.throwIfAborted()
    return { why: messageOf(thrown) }
  }
}

async function readKev(ports: RiskPorts): Promise<ReadonlySet<string>> {
  const { vulnerabilities } = (await getJson(kevUrl, ports)) as { vulnerabilities?: readonly { cveID?: string }[] }
  // A list without entries would be a "no" to everything.
  if (!Array.isArray(vulnerabilities) || vulnerabilities.length === 0) throw new Error('www.cisa.gov gave no catalogue')
  return new Set(vulnerabilities.flatMap(({ cveID }: { cveID?: string }) => cveID ?? []))
}

async function readEpss(cves: readonly string[], ports: RiskPorts): Promise<ReadonlyMap<string, number>> {
  const scores = new Map<string, number>()
  for (let start = 0; start < cves.length; start += idsPerRequest) {
    const part = cves.slice(start, start + idsPerRequest)
    const answer = (await getJson(`${epssUrl}?limit=${idsPerRequest}&cve=${part.join(',')}`, ports)) as {
      data?: readonly { cve?: string; epss?: string }[]
    }
    if (!Array.isArray(answer.data)) throw new Error('api.first.org gave no scores')
    for (const { cve, epss } of answer.data as readonly { cve?: string; epss?: string }[]) {
      const score = Number(epss)
      if (cve !== undefined && epss !== undefined && score >= 0 && score <= 1) scores.set(cve, score)
    }
  }
  return scores
}

async function getJson(url: string, { clock, random, signal, send = httpSend }: RiskPorts): Promise<unknown> {
  const host = new URL(url).host
  const once = async (): Promise<unknown> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(oneTryMs)])
    const { status, body } = await send(
      { method: 'GET', url, headers: { accept: 'application/json', 'user-agent': 'slipway' } },
      limit,
    )
    if (status !== 200) throw new Error(`${host} answers with HTTP ${status}`)
    return JSON.parse(body)
  }
  const classify = (): RetryWord => (signal.aborted ? 'no' : 'yes')
  try {
    return await retry(
      once,
      { attempts: 3, baseMs: 500, mostMs: 4_000, totalMs: 40_000, classify },
      { clock, random, signal },
    )
  } catch (thrown) {
    signal.throwIfAborted()
    const says = messageOf(thrown)
    throw new Error(says.startsWith(host) ? says : `${host} gave no answer (${says})`, { cause: thrown })
  }
}
