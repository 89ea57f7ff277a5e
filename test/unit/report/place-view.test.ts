import { expect, test } from '@jest/globals'
import { placeView } from '../../../src/actions/release-view.ts'
import { githubRun } from '../../../src/runtime/github-run.ts'

const env = { GITHUB_REPOSITORY: 'acme/shop', GITHUB_SHA: '4f2c', GITHUB_RUN_ID: '1' }

test('a line of the checkout has a page at the commit of the run', () => {
  expect(
    placeView(
      { file: 'k8s/a b.yaml', line: 12 },
      githubRun(env, () => ''),
    ),
  ).toEqual({
    text: 'k8s/a b.yaml:12',
    link: 'https://github.com/acme/shop/blob/4f2c/k8s/a%20b.yaml#L12',
  })
})

test('a file without a line has one as well; outside of GitHub there is none', () => {
  expect(
    placeView(
      { file: 'a.yaml' },
      githubRun(env, () => ''),
    ).link,
  ).toBe('https://github.com/acme/shop/blob/4f2c/a.yaml')
  expect(
    placeView(
      { file: 'a.yaml' },
      githubRun({}, () => ''),
    ),
  ).toEqual({ text: 'a.yaml' })
})
