import { describe, expect, test } from '@jest/globals'

import { createLog, neutralise, workflowCommand } from '../../../src/runtime/log.ts'
import type { RunLog } from '../../../src/runtime/log.ts'
import { createMasker } from '../../../src/runtime/mask.ts'

function recorded(debugging = false): {
  readonly log: RunLog
  written(): string
  readonly hide: (text: string) => void
} {
  let text = ''
  const masker = createMasker()
  const log = createLog(part => void (text += part), masker, debugging)
  return { log, written: () => text, hide: secret => masker.add(secret) }
}

describe('foreign text cannot speak to the runner', () => {
  test.each([
    ['::error::boom', ': :error::boom'],
    ['  \t::set-output name=a::b', '  \t: :set-output name=a::b'],
    ['\u0085::warning::x', '\u0085: :warning::x'],
    ['fine\r::error::hidden behind a carriage return', 'fine\n: :error::hidden behind a carriage return'],
    ['fine\r\n::endgroup::', 'fine\n: :endgroup::'],
    ['a ##[error]b', 'a # #[error]b'],
  ])('%j → %j', (foreign, harmless) => {
    expect(neutralise(foreign)).toBe(harmless)
  })

  test.each(['std::vector<int>', 'a::b', '# heading', 'plain'])('%j stays as it is', text => {
    expect(neutralise(text)).toBe(text)
  })
})

describe('the log', () => {
  test('masks, then neutralises', () => {
    const { log, written, hide } = recorded()
    hide('hunter22')
    log.info('::error::password hunter22')
    expect(written()).toBe(': :error::password ***\n')
  })

  test('says warnings and errors as annotations, on one line each', () => {
    const { log, written } = recorded()
    log.warn('50 % of\nit')
    log.error('bad', { title: 'a: b, c', file: 'Dockerfile', line: 3 })
    expect(written()).toBe('::warning::50 %25 of%0Ait\n::error title=a%3A b%2C c,file=Dockerfile,line=3::bad\n')
  })

  test('keeps debug lines to itself unless the runner debugs', () => {
    const quiet = recorded()
    quiet.log.debug('x')
    const debugging = recorded(true)
    debugging.log.debug('x')
    expect([quiet.written(), debugging.written()]).toEqual(['', '::debug::x\n'])
  })

  test('closes a group when the work fails, and lets the error through', async () => {
    const { log, written } = recorded()
    const work = log.group('build', async () => {
      throw new Error('boom')
    })
    await expect(work).rejects.toThrow('boom')
    expect(written()).toBe('::group::build\n::endgroup::\n')
  })

  test('a secret in a command is escaped, so that the runner hides the right text', () => {
    expect(workflowCommand('add-mask', 'a%b')).toBe('::add-mask::a%25b\n')
  })
})
