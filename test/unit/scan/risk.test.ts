import { describe, expect, test } from '@jest/globals'
import { parseRules } from '../../../src/scan/policy/rule.ts'
import { readRisks, type KnownRisks } from '../../../src/scan/risk.ts'
import type { HttpSend } from '../../../src/runtime/http.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const catalogue = { vulnerabilities: [{ cveID: 'CVE-2026-0001' }] }

async function risks(
  rules: string,
  answer: (url: URL) => object | number,
  ids = ['CVE-2026-0001', 'CVE-2026-0002', 'GHSA-x'],
): Promise<KnownRisks & { readonly asked: readonly string[] }> {
  const asked: string[] = []
  const send: HttpSend = async ({ url }) => {
    asked.push(url)
    const given = answer(new URL(url))
    return typeof given === 'number'
      ? { status: given, headers: {}, body: 'no' }
      : { status: 200, headers: {}, body: JSON.stringify(given) }
  }
  const ports = { clock: new SkippingClock(), random: () => 0.5, signal: new AbortController().signal, send }
  return { ...(await readRisks(ids, parseRules(rules), ports)), asked }
}

const good = (url: URL): object =>
  url.host === 'www.cisa.gov' ? catalogue : { data: [{ cve: 'CVE-2026-0001', epss: '0.94' }] }

describe('public sources', () => {
  test('are asked only for what a rule wants to know', async () => {
    expect((await risks('critical, high:fixable', good)).asked).toEqual([])
    expect((await risks('any:kev', good)).asked).toHaveLength(1)
    expect((await risks('any:kev, any:epss>=0.5', good)).asked).toHaveLength(2)
    expect((await risks('any:kev', good, ['GHSA-x'])).asked).toEqual([])
  })

  test('say what is exploited, and how likely; a CVE without a score is not known', async () => {
    const { of, why } = await risks('any:kev, any:epss>=0.5', good)
    expect([of('CVE-2026-0001'), of('CVE-2026-0002'), why]).toEqual([{ kev: true, epss: 0.94 }, { kev: false }, {}])
  })

  test.each<[string, object | number, string]>([
    ['an error', 503, 'www.cisa.gov answers with HTTP 503'],
    ['an empty catalogue, which would be a no to all', { vulnerabilities: [] }, 'www.cisa.gov gave no catalogue'],
    ['something else', { hello: 1 }, 'www.cisa.gov gave no catalogue'],
  ])('that give %s leave it unknown, with why', async (_, answer, expected) => {
    const { of, why } = await risks('any:kev', () => answer)
    expect([of('CVE-2026-0001'), why.kev]).toEqual([{}, expected])
  })

  test('are asked for a hundred scores at a time', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `CVE-2026-${String(index).padStart(4, '0')}`)
    const { asked } = await risks('any:epss>=0.5', () => ({ data: [] }), ids)
    expect(asked.map(url => new URL(url).searchParams.get('cve')?.split(',').length)).toEqual([100, 100, 50])
  })
})
