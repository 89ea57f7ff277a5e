import { describe, expect, test } from '@jest/globals'

import { createMasker } from '../../../src/runtime/mask.ts'
import { createResults, shorten } from '../../../src/runtime/outputs.ts'
import type { Results } from '../../../src/runtime/outputs.ts'

interface Runner {
  readonly results: Results
  readonly hide: (secret: string) => void
  /** What a file holds by now. */
  file(name: 'OUTPUT' | 'STATE' | 'ENV' | 'STEP_SUMMARY'): string
}

function runner(env: Readonly<Record<string, string>> = {}): Runner {
  const files = new Map<string, string>()
  const named = Object.fromEntries(
    ['OUTPUT', 'STATE', 'ENV', 'STEP_SUMMARY'].map(name => [`GITHUB_${name}`, `/files/${name}`]),
  )
  const masker = createMasker()
  const append = (path: string, text: string): void => void files.set(path, (files.get(path) ?? '') + text)
  return {
    results: createResults({ ...named, ...env }, masker, append),
    hide: secret => masker.add(secret),
    file: name => files.get(`/files/${name}`) ?? '',
  }
}

describe('what a step leaves', () => {
  test('is written once, with names as in action.yml and any number of lines', () => {
    const { results, file } = runner()
    results.outputs.set({ rolledBack: true, seconds: 3, cause: undefined })
    results.outputs.set({ seconds: 4, report: 'a\nb' })
    expect(file('OUTPUT')).toBe('')
    results.flush()
    const once = file('OUTPUT')
    results.flush()
    expect(file('OUTPUT')).toBe(once)
    expect(once).toMatch(
      /^rolled-back<<(ghadelimiter_\S+)\ntrue\n\1\nseconds<<(\S+)\n4\n\2\nreport<<(\S+)\na\nb\n\3\n$/,
    )
  })

  test('for its clean-up is written at once, and read back there', () => {
    const { results, file } = runner()
    results.state.save('folder', '/tmp/a')
    expect(file('STATE')).toMatch(/^folder<<(\S+)\n\/tmp\/a\n\1\n$/)
    expect(results.state.get('folder')).toBe('/tmp/a')
    expect(runner({ STATE_folder: '/tmp/a' }).results.state.get('folder')).toBe('/tmp/a')
  })

  test('holds no secret, but where the user asked for exactly that value', () => {
    const { results, hide, file } = runner()
    hide('hunter22')
    results.outputs.set({ report: 'password hunter22' })
    results.summary.add('password hunter22')
    results.state.save('folder', 'hunter22')
    results.later.exportVariable('AWS_SECRET_ACCESS_KEY', 'hunter22')
    results.flush()
    expect(file('OUTPUT') + file('STEP_SUMMARY') + file('STATE')).not.toContain('hunter22')
    expect(file('ENV')).toContain('hunter22')
  })
})

describe('a summary', () => {
  test('ends with what few people want to know, whenever that was added', () => {
    const { results, file } = runner()
    results.summary.addLast('policy')
    results.summary.add('verdict')
    results.flush()
    expect(file('STEP_SUMMARY')).toBe('verdict\n\npolicy\n')
  })

  test('that is too long is cut at a line, and says so', () => {
    const cut = shorten(`${'ü'.repeat(40)}\n${'line\n'.repeat(100)}`, 200)
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(200)
    expect(cut).toMatch(/line\n\n… shortened: a step summary holds 1 MiB at most\.\n$/)
  })

  test('that fits stays as it is', () => {
    expect(shorten('short', 200)).toBe('short')
  })
})
