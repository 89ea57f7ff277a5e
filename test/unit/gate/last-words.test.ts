import { describe, expect, test } from '@jest/globals'
import { withLastWords } from '../../../src/rollout/gate/last-words.ts'
import type { GateResult, LogExcerpt } from '../../../src/rollout/model.ts'

const log = (lines: readonly string[], container = 'api'): LogExcerpt => ({
  pod: 'api-1',
  container,
  previous: false,
  lines,
})

function failed(code: string, logs: readonly LogExcerpt[]): GateResult {
  const cause = {
    code,
    blame: 'code',
    confidence: 'certain',
    subject: 'Deployment shop/api',
    container: 'api',
  } as const
  const times = { firstSeen: 1, lastSeen: 2, startedAt: 0, endedAt: 2 }
  return {
    verdict: 'failed',
    cause: { ...cause, says: 'container "api" exited with 1 twice', next: 'Read the log.', evidence: [], ...times },
    timeline: [],
    evidence: [],
    logs,
    ...times,
  }
}

const notAProgram = 'exec /opt/bin/api: exec format error'

describe('the last words of a container', () => {
  test('of a file that no kernel can run are the cause, not its exit code', () => {
    expect(withLastWords(failed('crash-loop', [log([notAProgram])])).cause).toMatchObject({
      code: 'start-error',
      says: `container "api" cannot be started: ${notAProgram}`,
      container: 'api',
      firstSeen: 1,
    })
  })

  test.each([
    ['that only quote such an error', failed('crash-loop', [log([`worker: ${notAProgram} (ignored)`])])],
    ['of another container', failed('crash-loop', [log([notAProgram], 'proxy')])],
    ['change no cause but a crash loop', failed('oom-killed', [log([notAProgram])])],
    ['that are not there', failed('crash-loop', [])],
  ])('%s: the cause stays', (_, result) => {
    expect(withLastWords(result)).toEqual(result)
  })
})
