import { expect, test } from '@jest/globals'
import { secretValues } from '../../../src/rollout/set/secrets.ts'
import { object } from '../../support/objects.ts'

test('the values of Secrets are known as text, whole and by line; short ones are no secrets', () => {
  const encoded = Buffer.from('line one of a key\nline two').toString('base64')
  const set = [
    { ...object('Secret', 'a'), data: { key: encoded }, stringData: { url: 'postgres://shop:pw@db', flag: 'true' } },
    { ...object('ConfigMap', 'b'), data: { plain: 'not a secret at all' } },
  ]
  expect(secretValues(set)).toEqual([
    'postgres://shop:pw@db',
    'line one of a key\nline two',
    'line one of a key',
    'line two',
  ])
})
