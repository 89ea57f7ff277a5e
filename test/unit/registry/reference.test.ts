import { describe, expect, test } from '@jest/globals'
import {
  ecrHost,
  formatReference,
  isRepository,
  parseEcrHost,
  parseReference,
} from '../../../src/registry/reference.ts'

const digest = `sha256:${'a'.repeat(64)}`
const host = '123456789012.dkr.ecr.us-east-1.amazonaws.com'

describe('an image reference', () => {
  test.each([
    [`${host}/shop/api:4f2c9ab`, { registry: host, repository: 'shop/api', tag: '4f2c9ab' }],
    [`${host}/shop/api@${digest}`, { registry: host, repository: 'shop/api', digest }],
    [`${host}/shop/api:v1@${digest}`, { registry: host, repository: 'shop/api', tag: 'v1', digest }],
    ['localhost:5000/api', { registry: 'localhost:5000', repository: 'api' }],
    ['localhost:5000/api:v1', { registry: 'localhost:5000', repository: 'api', tag: 'v1' }],
    [
      'public.ecr.aws/docker/library/python:3.11-slim',
      { registry: 'public.ecr.aws', repository: 'docker/library/python', tag: '3.11-slim' },
    ],
  ])('%s is read and written back', (text, parts) => {
    expect(parseReference(text)).toEqual(parts)
    expect(formatReference(parseReference(text))).toBe(text)
  })

  test.each([
    ['nginx', /no registry host/],
    ['library/nginx', /no registry host/],
    [`${host}/Shop/api`, /no repository name/],
    [`${host}/shop//api`, /no repository name/],
    [`${host}/shop/api:`, /no tag/],
    [`${host}/shop/api:-v1`, /no tag/],
    [`${host}/shop/api:${'x'.repeat(129)}`, /no tag/],
    [`${host}/shop/api@sha256:abc`, /no digest/],
    [`${host}/shop/api@sha512:${'a'.repeat(64)}`, /no digest/],
    ['', /no registry host/],
  ])('"%s" is refused with the part that is wrong', (text, why) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'input-image', why: expect.stringMatching(why) }),
    )
  })
})

describe('the host of a private ECR registry', () => {
  test.each([
    [host, 'us-east-1', 'aws'],
    ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1', 'aws-us-gov'],
    ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1', 'aws-cn'],
    ['123456789012.dkr-ecr.eu-west-1.on.aws', 'eu-west-1', 'aws'],
    ['123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1', 'aws-eusc'],
  ])('%s names account, region and partition', (name, region, partition) => {
    expect(parseEcrHost(name)).toEqual({ accountId: '123456789012', region, partition })
  })

  test.each([
    'public.ecr.aws',
    'ghcr.io',
    '12345.dkr.ecr.us-east-1.amazonaws.com',
    `${host}.evil.example`,
    `evil-${host}`,
  ])('%s is none', name => {
    expect(parseEcrHost(name)).toBeUndefined()
  })

  test.each(['us-east-1', 'cn-northwest-1', 'us-gov-east-1', 'eusc-de-east-1', 'us-isob-east-1'])(
    'in %s is written as it is read',
    region => {
      expect(parseEcrHost(ecrHost('123456789012', region))).toMatchObject({ accountId: '123456789012', region })
    },
  )
})

test('names of repositories follow the rule of ECR', () => {
  expect(['shop/api', 'a1', 'shop__x/api-v2', 'shop.internal/api'].filter(name => !isRepository(name))).toEqual([])
  expect(['a', 'Shop', 'shop/', '/shop', 'shop api', 'shop..x', 'x'.repeat(257)].filter(isRepository)).toEqual([])
})
