import { describe, expect, test } from '@jest/globals'
import { loginTargets, registries } from '../../../src/registry/login-targets.ts'

const place = { partition: 'aws', region: 'eu-west-1', account: '111122223333' }
const hostsOf = (text: string, where = place): readonly string[] =>
  loginTargets(text === '' ? [] : registries.parse(text, 'registries'), where).map(({ host }) => host)

describe('the registries to log in to', () => {
  test.each([
    { given: '', are: ['111122223333.dkr.ecr.eu-west-1.amazonaws.com'] },
    { given: '444455556666', are: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com'] },
    { given: 'public.ecr.aws', are: ['public.ecr.aws'] },
    {
      given: '444455556666.dkr.ecr.us-east-1.amazonaws.com, 111122223333\n 444455556666.dkr-ecr.us-east-1.on.aws',
      are: [
        '444455556666.dkr.ecr.us-east-1.amazonaws.com',
        '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
        '444455556666.dkr-ecr.us-east-1.on.aws',
      ],
    },
    {
      given: '111122223333,111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      are: ['111122223333.dkr.ecr.eu-west-1.amazonaws.com'],
    },
  ])('"$given" are $are', ({ given, are }) => {
    expect(hostsOf(given)).toEqual(are)
  })

  test.each([
    { partition: 'aws-cn', region: 'cn-north-1', host: '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn' },
    { partition: 'aws-us-gov', region: 'us-gov-west-1', host: '111122223333.dkr.ecr.us-gov-west-1.amazonaws.com' },
    { partition: 'aws-eusc', region: 'eusc-de-east-1', host: '111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu' },
    { partition: 'aws-iso-b', region: 'us-isob-east-1', host: '111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov' },
  ])('in $partition', ({ host, ...where }) => {
    expect(hostsOf('', { ...place, ...where })).toEqual([host])
    expect(loginTargets(registries.parse(host, 'registries'), { ...place, ...where })).toMatchObject([where])
  })
})

describe('is refused, in one sentence:', () => {
  test.each([
    { what: 'a registry of somebody else', given: 'ghcr.io', why: undefined },
    { what: 'a region that does not exist', given: '111122223333.dkr.ecr.us-east-l.amazonaws.com', why: 'us-east-l' },
    { what: 'an account id that YAML took for a number', given: '12345678901', why: '12 digits, not 11' },
    { what: 'a URL', given: 'https://111122223333.dkr.ecr.eu-west-1.amazonaws.com', why: 'leave the scheme out' },
    { what: 'a repository', given: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop', why: 'names a repository' },
    { what: 'a look-alike', given: '111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example', why: undefined },
  ])('$what', ({ given, why }) => {
    expect(() => hostsOf(given)).toThrow(
      expect.objectContaining({
        code: 'input-registries',
        message: `registries "${given}" is no registry of Amazon ECR.`,
        why: why === undefined ? undefined : expect.stringContaining(why),
      }),
    )
  })

  test.each([
    { given: 'public.ecr.aws', role: 'aws-cn', of: 'aws' },
    { given: '111122223333.dkr.ecr.us-gov-west-1.amazonaws.com', role: 'aws', of: 'aws-us-gov' },
  ])('$given for a role of $role', ({ given, role, of }) => {
    expect(() => hostsOf(given, { ...place, partition: role, region: 'cn-north-1' })).toThrow(
      `registries "${given}" is in the partition ${of}, the role in ${role}.`,
    )
  })
})
