import { expect, test } from '@jest/globals'
import { imagesOfRecords } from '../../../src/actions/kept-images.ts'
import type { ReleaseRecord } from '../../../src/rollout/model.ts'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const registry = '111122223333.dkr.ecr.eu-west-1.amazonaws.com'
const record = (revision: number, images: readonly string[], verdict?: ReleaseRecord['verdict']): ReleaseRecord => ({
  revision,
  application: 'shop',
  images,
  objects: [],
  startedAt: revision,
  ...(verdict === undefined ? {} : { verdict }),
})

test('a rollback may lead to releases that went well or have no verdict yet; images of other registries are not ours', () => {
  const records = [
    record(4, [`${registry}/shop/api@${digest('d')}`]),
    record(3, [`${registry}/shop/api@${digest('c')}`], 'failed'),
    record(2, [`${registry}/shop/api:v2@${digest('b')}`, `docker.io/library/redis@${digest('e')}`, 'redis'], 'healthy'),
    record(1, [`${registry}/shop/api@${digest('a')}`, `${registry}/shop/web:tag`], 'healthy-partial'),
  ]
  expect(imagesOfRecords(records, 'shop in prod/shop')).toEqual([
    { digest: digest('d'), repository: 'shop/api', because: 'release r4 of shop in prod/shop' },
    { digest: digest('b'), repository: 'shop/api', because: 'release r2 of shop in prod/shop' },
    { digest: digest('a'), repository: 'shop/api', because: 'release r1 of shop in prod/shop' },
  ])
})
