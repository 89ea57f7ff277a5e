import { describe, expect, test } from '@jest/globals'
import { buildPush } from '../../../src/actions/build-push.contract.ts'
import { readInputs } from '../../../src/runtime/inputs.ts'

const required = {
  INPUT_ROLE: 'arn:aws:iam::111122223333:role/build',
  INPUT_REGION: 'eu-west-1',
  INPUT_REPOSITORY: 'a/b',
}

function given(env: Readonly<Record<string, string>>) {
  return readInputs(buildPush.inputs, { ...required, ...env })
}

describe('the inputs of build-push', () => {
  test('reuse images and say most about the build unless told otherwise', () => {
    expect(given({})).toMatchObject({ reuse: true, provenance: 'max', secrets: undefined, cacheFrom: undefined })
    expect(given({ INPUT_REUSE: 'false', INPUT_PROVENANCE: 'off' })).toMatchObject({ reuse: false, provenance: 'off' })
  })

  test('take one cache a line, commas and all', () => {
    const lines = 'type=gha\ntype=registry,ref=a/b:cache'
    expect(given({ 'INPUT_CACHE-FROM': lines, 'INPUT_CACHE-TO': lines })).toMatchObject({
      cacheFrom: ['type=gha', 'type=registry,ref=a/b:cache'],
      cacheTo: ['type=gha', 'type=registry,ref=a/b:cache'],
    })
  })

  test('take secrets by id', () => {
    expect(given({ INPUT_SECRETS: 'npm=npm_a=b\npip.conf=x' })).toMatchObject({
      secrets: { npm: 'npm_a=b', 'pip.conf': 'x' },
    })
  })

  test.each([
    ['a value without id', 'hunter2hunter2'],
    ['a key', 'key=-----BEGIN PRIVATE KEY-----\nhunter2hunter2==\n-----END PRIVATE KEY-----'],
    ['base64 of several lines', 'key=aHVudGVyMmh1bnRlcjI\nhunter2hunter2=='],
    ['an id that would be more arguments', 'a,src=/etc/shadow=hunter2hunter2'],
    ['nothing', 'hunter2hunter2='],
  ])('refuse %s as a secret, and do not repeat it', (_, text) => {
    expect(() => given({ INPUT_SECRETS: text })).toThrow(
      expect.objectContaining({
        code: 'input-secrets',
        message: expect.not.stringContaining('hunter2'),
        todo: expect.not.stringContaining('hunter2'),
      }),
    )
  })
})
