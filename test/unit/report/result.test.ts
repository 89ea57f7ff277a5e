import { readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'

import { releaseResult, type ResultFrame } from '../../../src/report/result.ts'
import type { GateResult, ReleaseOutcome } from '../../../src/rollout/model.ts'
import { exited, goodStory, Story } from '../gate/story.ts'

const isValid = new Ajv().compile(JSON.parse(readFileSync('docs/result.schema.json', 'utf8')))
const frame = { action: 'deploy', cluster: 'prod', actor: 'ada', runUrl: 'https://github.com/x', docs: 'docs/t.md' }
const base: ReleaseOutcome = {
  application: 'shop',
  namespace: 'shop',
  images: ['host/shop/api@sha256:1'],
  changes: [
    { object: 'Deployment shop/api', change: 'update', fields: [{ path: 'spec.replicas', change: 'changed' }] },
  ],
  dryRun: false,
}

function written(outcome: ReleaseOutcome, of: ResultFrame = frame): Readonly<Record<string, unknown>> {
  const result: Readonly<Record<string, unknown>> = JSON.parse(JSON.stringify(releaseResult(outcome, of)))
  expect({ valid: isValid(result), errors: isValid.errors }).toEqual({ valid: true, errors: null })
  return result
}

async function crashed(): Promise<GateResult> {
  const story = new Story()
  story.cluster.logTexts.set('api', 'boom')
  return story
    .at(1, () => story.observed())
    .at(2, () => story.pod('a', [exited(story, 3, 1)]))
    .verdict()
}

describe('the result for programs, by its published schema', () => {
  test('of a success has no cause', async () => {
    const result = written({ ...base, revision: 7, commit: '4f2c9ab', result: await goodStory().verdict() })
    expect(result).toMatchObject({ version: 1, verdict: 'healthy', ok: true, revision: 7, seconds: 22 })
    expect(result).not.toHaveProperty('cause')
    expect(result['endedAt']).toBe('2026-11-23T16:00:22.000Z')
  })

  test('of a failure has cause, evidence, log and the way back with a verdict of its own', async () => {
    const failed = await crashed()
    const back = {
      toRevision: 6,
      toCommit: '9d01e77',
      verdict: 'rolled-back-healthy' as const,
      result: await goodStory().verdict(),
    }
    expect(written({ ...base, result: failed, rollback: back })).toMatchObject({
      verdict: 'failed',
      ok: false,
      cause: { code: 'crash-loop', blame: 'code', docs: 'docs/t.md#crash-loop', container: 'api' },
      evidence: [{ code: 'crash-loop', class: 'B', count: 2, object: 'Pod shop/a' }],
      logs: [{ container: 'api', lines: ['boom'] }],
      rollback: { toRevision: 6, outcome: 'rolled-back-healthy', verdict: 'healthy', ok: true },
    })
  })

  test('of a failure without a way back says why', async () => {
    const result = written({ ...base, result: await crashed(), noRollback: 'There is nothing to go back to.' })
    expect(result['noRollback']).toBe('There is nothing to go back to.')
    expect(result).not.toHaveProperty('rollback')
  })

  test('says how long each wave took, what the cluster warned of, and which line of the manifests is meant', async () => {
    const at = Date.UTC(2026, 10, 23, 16)
    const result: GateResult = {
      ...(await crashed()),
      waves: [{ name: 'workloads', from: at, to: at + 2_500 }],
      events: [{ object: 'Pod shop/a', reason: 'BackOff', says: 'Back-off restarting', count: 3, at: at + 2_000 }],
    }
    expect(written({ ...base, result }, { ...frame, place: { file: 'k8s/api.yaml', line: 12 } })).toMatchObject({
      place: { file: 'k8s/api.yaml', line: 12 },
      waves: [{ name: 'workloads', from: '2026-11-23T16:00:00.000Z', to: '2026-11-23T16:00:02.500Z' }],
      events: [{ at: '2026-11-23T16:00:02.000Z', object: 'Pod shop/a', reason: 'BackOff', count: 3 }],
    })
  })

  test('of a dry run has changes and no verdict', () => {
    const result = written({ ...base, dryRun: true })
    expect(result).toMatchObject({ dryRun: true, changes: base.changes })
    expect(result).not.toHaveProperty('verdict')
  })
})

test('the schema refuses what is none of it', () => {
  expect(isValid({ ...releaseResult(base, frame), more: 1 })).toBe(false)
  expect(isValid({ ...releaseResult(base, frame), verdict: 'healthy' })).toBe(false)
  expect(isValid({ ...releaseResult(base, frame), version: 2 })).toBe(false)
})
