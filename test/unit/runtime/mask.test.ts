import { expect, test } from '@jest/globals'

import { createMasker } from '../../../src/runtime/mask.ts'

test('hides a secret, its base64 form and its form in a URL', () => {
  const masker = createMasker()
  masker.add('pass/word+1')
  const base64 = Buffer.from('pass/word+1').toString('base64')
  expect(masker.apply(`a pass/word+1 b ${base64} c pass%2Fword%2B1`)).toBe('a *** b *** c ***')
})

test('hides each line of a secret of several lines', () => {
  const masker = createMasker()
  masker.add('first line\nsecond line')
  expect(masker.apply('second line')).toBe('***')
})

test('hides the longer of two secrets that contain each other as a whole', () => {
  const masker = createMasker()
  masker.add('abcd')
  masker.add('abcdefgh')
  expect(masker.apply('abcdefgh')).toBe('***')
})

test('leaves texts alone that are too short to be a secret', () => {
  const heard: string[] = []
  const masker = createMasker(secret => heard.push(secret))
  masker.add('')
  masker.add('a')
  expect(masker.apply('a banana')).toBe('a banana')
  expect(heard.every(secret => secret.length >= 4)).toBe(true)
})

test('tells of each form once', () => {
  const heard: string[] = []
  const masker = createMasker(secret => heard.push(secret))
  masker.add('hunter22')
  masker.add('hunter22')
  expect(heard).toEqual(['hunter22', Buffer.from('hunter22').toString('base64')])
})

test('hides a secret inside a JSON text, where quotes and line breaks look different', () => {
  const masker = createMasker()
  masker.add('pass"word\\1')
  expect(masker.apply(JSON.stringify({ password: 'pass"word\\1' }))).toBe('{"password":"***"}')
})
