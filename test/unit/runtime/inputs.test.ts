import { describe, expect, test } from '@jest/globals'

import { roleArn } from '../../../src/runtime/aws-parsers.ts'
import {
  camelCase,
  defineInputs,
  input,
  inputProblems,
  kebabCase,
  readInputs,
  withValues,
} from '../../../src/runtime/inputs.ts'
import { boolean, durationBetween, text } from '../../../src/runtime/parsers.ts'

const inputs = defineInputs({
  role: input(roleArn, 'IAM role.', {
    required: true,
    fromFile: true,
    example: 'arn:aws:iam::111122223333:role/deploy',
  }),
  timeout: input(durationBetween('1s', '1h'), 'How long.', { default: '15m' }),
  'dry-run': input(boolean, 'Change nothing.', { default: 'false' }),
  commit: input(text, 'Commit.'),
})
const role = 'arn:aws:iam::111122223333:role/deploy'

const problemsWith = (env: Record<string, string>): readonly string[] =>
  inputProblems(inputs, env).map(({ code, message }) => `${code}: ${message}`)

describe('the values of inputs', () => {
  test('come as their types, by their names in camel case, with defaults', () => {
    expect(readInputs(inputs, { INPUT_ROLE: ` ${role}\n`, 'INPUT_DRY-RUN': 'True' })).toEqual({
      role,
      timeout: 900_000,
      dryRun: true,
      commit: undefined,
    })
  })

  test('an empty text (an unset secret) counts as not given', () => {
    expect(readInputs(inputs, { INPUT_ROLE: role, INPUT_TIMEOUT: '', INPUT_COMMIT: '  ' })).toMatchObject({
      timeout: 900_000,
      commit: undefined,
    })
  })

  test('values from elsewhere stand in for what the workflow does not give, and only for that', () => {
    const env = withValues({ INPUT_TIMEOUT: '5m' }, { role, timeout: '1m', 'dry-run': 'true' })
    expect(readInputs(inputs, env)).toMatchObject({ role, timeout: 300_000, dryRun: true })
  })
})

describe('problems', () => {
  test('a missing input is named, with where it may be set', () => {
    const [problem] = inputProblems(inputs, {})
    expect(problem).toMatchObject({ code: 'input-missing', message: 'Input "role" is required and was not given.' })
    expect(problem?.todo).toBe(`Set "role" under "with:" or in slipway.yaml, for example "role: ${role}".`)
  })

  test('all of them are told at once', () => {
    expect(problemsWith({ INPUT_TIMEOUT: 'soon', 'INPUT_DRY-RUN': 'yes' })).toEqual([
      'input-missing: Input "role" is required and was not given.',
      'input-timeout: timeout "soon" is not a duration.',
      'input-dry-run: dry-run "yes" is neither true nor false.',
    ])
  })

  test.each([
    ['rol', 'role'],
    ['timout', 'timeout'],
    ['dry_run', 'dry-run'],
    ['comit', 'commit'],
  ])('"%s" is "%s" misspelt, and that is told instead of a missing input', (given, meant) => {
    const [problem, ...others] = inputProblems(inputs, {
      ...(meant === 'role' ? {} : { INPUT_ROLE: role }),
      [`INPUT_${given.toUpperCase()}`]: 'x',
    })
    expect(problem).toMatchObject({ code: 'input-misspelt', message: `There is no input "${given}".` })
    expect(problem?.why).toContain(`"${meant}"`)
    expect(others).toEqual([])
  })

  test('a key that resembles nothing is left to the warning of the runner', () => {
    expect(problemsWith({ INPUT_ROLE: role, INPUT_SOMETHING: 'x' })).toEqual([])
  })

  test('a key near to an input that is given is not called misspelt', () => {
    expect(problemsWith({ INPUT_ROLE: role, INPUT_ROLES: 'x' })).toEqual([])
  })
})

test.each([
  ['session-name', 'sessionName'],
  ['role', 'role'],
  ['a-b-c', 'aBC'],
])('%s ↔ %s', (kebab, camel) => {
  expect(camelCase(kebab)).toBe(camel)
  expect(kebabCase(camel)).toBe(kebab)
})
