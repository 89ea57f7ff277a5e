import { describe, expect, test } from '@jest/globals'

import { githubRun } from '../../../src/runtime/github-run.ts'

const env = {
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_SHA: '4f2c9ab',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_RUN_ID: '42',
  GITHUB_SERVER_URL: 'https://github.example',
  GITHUB_EVENT_PATH: '/event.json',
}
const pull =
  (repo: unknown): (() => string) =>
  () =>
    JSON.stringify({ pull_request: { head: { repo } } })

test('reads the run from the variables of the runner', () => {
  expect(githubRun(env, () => '{}')).toMatchObject({
    repository: 'acme/shop',
    sha: '4f2c9ab',
    runUrl: 'https://github.example/acme/shop/actions/runs/42',
    runAttempt: '1',
    fromFork: false,
  })
})

describe('a pull request', () => {
  test.each([
    ['of the repository itself', { full_name: 'acme/shop' }, false],
    ['from a fork', { full_name: 'mallory/shop' }, true],
    ['from a fork that is deleted', null, true],
  ])('%s: from a fork is %#', (_, repo, expected) => {
    expect(githubRun(env, pull(repo)).fromFork).toBe(expected)
  })

  test('has its number', () => {
    const event = JSON.stringify({ pull_request: { number: 7, head: { repo: null } } })
    expect(githubRun(env, () => event).pullRequest).toBe(7)
    expect(githubRun(env, () => '{}')).not.toHaveProperty('pullRequest')
  })

  test.each([['no file'], ['no JSON']])('an event with %s is no fork', kind => {
    const read = (): string => {
      if (kind === 'no file') throw new Error('ENOENT')
      return '{'
    }
    expect(githubRun(env, read).fromFork).toBe(false)
  })
})
