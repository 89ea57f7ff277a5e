import { expect, test } from '@jest/globals'
import { tagIsImmutable } from '../../../sandbox/front/images.ts'

test.each([
  { mutability: 'MUTABLE', tag: 'v1', immutable: false },
  { mutability: 'IMMUTABLE', tag: 'v1', immutable: true },
  { mutability: 'IMMUTABLE_WITH_EXCLUSION', tag: 'v1', immutable: true },
  { mutability: 'IMMUTABLE_WITH_EXCLUSION', tag: 'cache-main', immutable: false },
  { mutability: 'MUTABLE_WITH_EXCLUSION', tag: 'v1', immutable: false },
  { mutability: 'MUTABLE_WITH_EXCLUSION', tag: 'cache-main', immutable: true },
  { mutability: 'IMMUTABLE_WITH_EXCLUSION', tag: 'xcache-main', immutable: true },
] as const)('$mutability with exclusion cache-*: $tag immutable = $immutable', ({ mutability, tag, immutable }) => {
  expect(tagIsImmutable({ mutability, exclusions: ['cache-*'], scanOnPush: true }, tag)).toBe(immutable)
})
