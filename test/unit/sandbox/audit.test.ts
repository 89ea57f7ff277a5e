import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { AuditLog } from '../../../sandbox/scenarios/audit.ts'

const folder = mkdtempSync(join(tmpdir(), 'slipway-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Fields {
  readonly second: string
  readonly verb?: string
  readonly stage?: string
  readonly agent?: string
  readonly namespace?: string
  readonly resource?: string
  readonly code?: number
  readonly responseObject?: object
}

/** A line as the API server 1.36 writes it: its keys in this order. */
function line({ second, verb = 'patch', stage = 'ResponseComplete', agent = 'kubelet', ...more }: Fields): string {
  const { namespace = 's1-crash', resource = 'pods', code = 200, responseObject } = more
  const objectRef = { resource, namespace, name: 'api' }
  const stageTimestamp = `2026-11-25T22:17:${second}Z`
  const entry = { stage, verb, userAgent: agent, objectRef, responseStatus: { code }, responseObject, stageTimestamp }
  return `${JSON.stringify(entry)}\n`
}

async function following(name: string): Promise<{ readonly log: AuditLog; readonly add: (fields: Fields) => void }> {
  const path = join(folder, name)
  writeFileSync(path, line({ second: '00.000001' }))
  return { log: await AuditLog.follow(path, 's1-'), add: fields => appendFileSync(path, line(fields)) }
}

const start = Date.parse('2026-11-25T22:17:00Z')

describe('the audit log', () => {
  test('tells the writes of one namespace since it was opened, to the microsecond, in order', async () => {
    const { log, add } = await following('writes')
    add({ second: '02.000250' })
    add({ second: '01.500000', verb: 'create' })
    add({ second: '03.000000', namespace: 's1-other' })
    add({ second: '03.000000', namespace: 'kube-system' })
    add({ second: '04.000000', verb: 'get' })
    add({ second: '05.000000', code: 409 })
    const writes = await log.writes('s1-crash')
    expect(writes.map(({ verb, at }) => [verb, Math.round((at - start) * 1_000)])).toEqual([
      ['create', 1_500_000],
      ['patch', 2_000_250],
    ])
  })

  test('has the events about cluster-scoped objects, which stand in the namespace default', async () => {
    const { log, add } = await following('default')
    const about = (name: string): object => ({ involvedObject: { kind: 'NodeClaim', name } })
    const event = { verb: 'create', resource: 'events', namespace: 'default' }
    add({ second: '01.000000', ...event, responseObject: about('default-s1-crash') })
    add({ second: '02.000000', ...event, responseObject: about('default-s1-other') })
    expect((await log.writes('s1-crash')).map(({ at }) => at - start)).toEqual([1_000])
  })

  test('counts the requests of one client in a span: a watch once, when it begins', async () => {
    const { log, add } = await following('requests')
    add({ second: '01.000000', verb: 'list', agent: 'slipway' })
    add({ second: '02.000000', verb: 'watch', agent: 'slipway', stage: 'ResponseStarted' })
    add({ second: '09.000000', verb: 'watch', agent: 'slipway' })
    add({ second: '03.000000', verb: 'get', agent: 'kubectl/v1.36' })
    expect(await log.requests('s1-crash', 'slipway', start, start + 10_000)).toBe(2)
    expect(await log.requests('s1-crash', 'kubectl', start, start + 10_000)).toBe(1)
    expect(await log.requests('s1-crash', 'slipway', start + 1_500, start + 10_000)).toBe(1)
  })
})
