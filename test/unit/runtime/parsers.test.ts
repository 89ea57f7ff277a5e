import { describe, expect, test } from '@jest/globals'

import * as aws from '../../../src/runtime/aws-parsers.ts'
import { UserError } from '../../../src/runtime/errors.ts'
import type { Parser } from '../../../src/runtime/inputs.ts'
import * as kubernetes from '../../../src/runtime/kubernetes-parsers.ts'
import { boolean, durationBetween, integer, keyValueLines, oneOf, path, paths } from '../../../src/runtime/parsers.ts'

const digest = `sha256:${'a1'.repeat(32)}`

function refusal(parser: Parser<unknown>, value: string): UserError {
  try {
    parser.parse(value, 'it')
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown
    throw thrown
  }
  throw new Error(`"${value}" was accepted`)
}

const accepted: readonly (readonly [string, Parser<unknown>, string, unknown])[] = [
  ['duration', durationBetween('0s', '6h'), '15m', 900_000],
  ['duration', durationBetween('0s', '6h'), '1h30m', 5_400_000],
  ['duration', durationBetween('0s', '6h'), '500ms', 500],
  ['duration', durationBetween('0s', '6h'), '0s', 0],
  ['boolean', boolean, 'FALSE', false],
  ['integer', integer(1, 20), '20', 20],
  ['word', oneOf('profile', 'env'), 'Env', 'env'],
  ['lines', paths, 'k8s/\n\n  base.yaml \r\n', ['k8s/', 'base.yaml']],
  ['pairs', keyValueLines, 'A=1\nURL=http://x?a=b\nEMPTY=', { A: '1', URL: 'http://x?a=b', EMPTY: '' }],
  [
    'role',
    aws.roleArn,
    'arn:aws:iam::111122223333:role/team/ci/deploy',
    'arn:aws:iam::111122223333:role/team/ci/deploy',
  ],
  ['role', aws.roleArn, 'arn:aws-us-gov:iam::111122223333:role/x', 'arn:aws-us-gov:iam::111122223333:role/x'],
  ['region', aws.region, 'eusc-de-east-1', 'eusc-de-east-1'],
  ['repository', aws.repositoryName, 'shop/api-2.x_y', 'shop/api-2.x_y'],
  [
    'image',
    aws.imageReference,
    `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@${digest}`,
    `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@${digest}`,
  ],
  ['image', aws.imageReference, `localhost:5000/a/b:v1@${digest}`, `localhost:5000/a/b:v1@${digest}`],
  ['image', aws.imageReference, 'localhost:5000/a/b:v1', 'localhost:5000/a/b:v1'],
  ['images', aws.pinnedImages, `a/b@${digest}, c/d:2@${digest}`, [`a/b@${digest}`, `c/d:2@${digest}`]],
  ['tags', aws.imageTags, 'v1.2.3,main-4f2c9ab', ['v1.2.3', 'main-4f2c9ab']],
  ['platforms', aws.platforms, 'linux/amd64\nlinux/arm/v7', ['linux/amd64', 'linux/arm/v7']],
  ['cluster', kubernetes.clusterName, 'Prod_1', 'Prod_1'],
  ['namespace', kubernetes.namespace, 'shop-1', 'shop-1'],
]

test.each(accepted)('%s: accepts %#', (_, parser, value, expected) => {
  expect(parser.parse(value, 'it')).toEqual(expected)
})

const refused: readonly (readonly [Parser<unknown>, string, string])[] = [
  [durationBetween('0s', '6h'), '15', 'It has no unit. Write it: 15s or it: 15m.'],
  [durationBetween('0s', '6h'), '15 minutes', 'Write it like 90s, 15m or 1h30m.'],
  [durationBetween('15m', '12h'), '5m', 'Set it to a duration from 15m to 12h.'],
  [boolean, '1', 'Set it to true or false.'],
  [integer(1, 20), '1.5', 'Set it to a number such as 1.'],
  [integer(1, 20), '21', 'Set it to a number such as 1.'],
  [oneOf('profile', 'env', 'none'), 'profil', 'Did you mean profile?'],
  [oneOf('profile', 'env', 'none'), 'everything', 'Set it to one of them.'],
  [keyValueLines, 'A=1\nhunter2', 'Write it as one NAME=value per line.'],
  [path, 'a\nb', 'Give one path as it.'],
  [aws.roleArn, 'deploy', 'It does not start with "arn:".'],
  [aws.roleArn, 'arn:aws:sts::111122223333:assumed-role/a/b', 'It names a session, not the role itself.'],
  [aws.roleArn, 'arn:aws:iam::111122223333:user/bob', 'It names a user.'],
  [aws.roleArn, 'arn:aws:iam::1111:role/deploy', 'An account id has 12 digits.'],
  [aws.region, 'us-east-l', 'It ends in the letter l, not a digit. Use us-east-1.'],
  [aws.region, 'EU-West-1', 'Region codes are in lower case. Use eu-west-1.'],
  [aws.region, 'eu-west-1a', 'It is an availability zone. Use eu-west-1.'],
  [aws.region, 'eu-wset-1', 'Use eu-west-1.'],
  [aws.region, 'frankfurt', 'Use the code of an AWS region, for example eu-west-1.'],
  [aws.repositoryName, 'Shop/API', 'Give the name only, in lower case, for example shop/api.'],
  [aws.repositoryName, '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api', 'It contains the registry'],
  [aws.imageReference, `shop/api@${digest.slice(0, -1)}`, 'A SHA-256 digest has 64 hexadecimal digits'],
  [aws.imageReference, 'shop/api latest', 'Give the output "image" of build-push'],
  [
    aws.pinnedImages,
    `shop/api@${digest}\n111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/worker:v1`,
    'A tag can be moved to another image; a digest cannot. Give the output "image" of build-push',
  ],
  [aws.imageTags, 'v 1', 'Use up to 128'],
  [aws.platforms, 'amd64', 'Use os/architecture'],
  [aws.sessionName, 'a b', 'Use 2 to 64'],
  [aws.alarmNames, 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-5xx', 'Give the name of the alarm, shop-5xx.'],
  [aws.alarmNames, Array.from({ length: 101 }, (_, i) => `a${i}`).join('\n'), 'composite alarm'],
  [kubernetes.clusterName, 'arn:aws:eks:eu-west-1:111122223333:cluster/prod', 'It is an ARN.'],
  [kubernetes.namespace, 'Shop', 'It has capital letters.'],
  [kubernetes.namespace, 'a'.repeat(64), 'Use up to 63'],
]

describe('what is refused', () => {
  test.each(refused)('%#: %j is refused, with what to do', (parser, value, advice) => {
    const { code, message, why, todo } = refusal(parser, value)
    expect(code).toBe('input-it')
    expect(message).toMatch(/\bit\b/)
    expect(`${why ?? ''} ${todo}`).toContain(advice)
  })

  test('a line that is no pair is not repeated: it may be a secret', () => {
    const { message, why, todo } = refusal(keyValueLines, 'hunter2')
    expect(`${message} ${why ?? ''} ${todo}`).not.toContain('hunter2')
  })
})
