import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { recordTrace } from '../../src/rollout/gate/trace/trace.ts'
import type { GateResult } from '../../src/rollout/model.ts'
import { createExec } from '../../src/runtime/exec.ts'
import type { ExecResult } from '../../src/runtime/context.ts'
import { exited, start, Story } from '../unit/gate/story.ts'

let folder = ''
let trace = ''
let live: GateResult
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-replay-'))
  const head = { application: 'shop', namespace: 'shop', cluster: 'prod', commit: '4f2c9ab01d3e5f60' }
  const story = new Story()
  story.trace = recordTrace(head, { write: text => void (trace += text) }, text => text)
  story.at(1, () => story.observed()).at(2, () => story.pod('a', [exited(story, 3, 1)]))
  live = await story.verdict()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function replay(...args: readonly string[]): Promise<ExecResult> {
  const exec = createExec({ PATH: process.env['PATH'] })
  return exec(process.execPath, ['dist/replay/index.js', ...args])
}

function file(text: string): string {
  const path = join(folder, 'rollout.trace.jsonl')
  writeFileSync(path, text)
  return path
}

describe('node dist/replay/index.js', () => {
  test('prints the timeline and the verdict as the action did, and ends with 0 when it is the same', async () => {
    const { code, stdout, stderr } = await replay(file(trace))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'gate 1, line 2',
      ...live.timeline
        .filter(({ kind }) => kind !== 'verdict')
        .map(
          ({ at, subject, says }) => `${`${((at - start) / 1_000).toFixed(1)} s`.padStart(11)}  ${subject}: ${says}`,
        ),
      '✗ shop 4f2c9ab failed after 2.0 s · api: container "api" exited with 3 twice (code: crash-loop, blame: code)',
      expect.stringMatching(/^ {2}next: .*#crash-loop$/),
      '= 1 gate judged again: the same verdict and cause as recorded',
      '',
    ])
  })

  test('ends with 1 when the recorded verdict is another', async () => {
    const { code, stdout } = await replay(file(trace.replace('"verdict":"failed"', '"verdict":"stalled"')))
    expect(code).toBe(1)
    expect(stdout).toContain('recorded: stalled (code: crash-loop)')
  })

  test('names the line that is broken, and ends with 2', async () => {
    const { code, stdout, stderr } = await replay(file(trace.replace('{"at":', '{"at"')))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^Line 3 of the trace cannot be read: it is no JSON/)
  })

  test.each([
    ['no file', [], 'replay takes one argument'],
    ['two files', ['a', 'b'], 'replay takes one argument'],
    ['an option', ['--help'], 'replay takes one argument'],
    ['a file that is not there', ['nowhere.jsonl'], 'nowhere.jsonl cannot be read'],
  ])('%s is bad usage: 2', async (_name, args, says) => {
    const { code, stdout, stderr } = await replay(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(says)
  })
})
