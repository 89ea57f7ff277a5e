import { describe, expect, test } from '@jest/globals'
import { imagesOf, pinImages, repositoryOf } from '../../../src/rollout/set/pin.ts'
import { deployment, object } from '../../support/objects.ts'

const digest = `sha256:${'a'.repeat(64)}`
const image = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@${digest}`

describe('pinning images by digest', () => {
  test.each([
    ['shop/api', 'shop/api'],
    ['shop/api:1.2', 'shop/api'],
    [image, 'shop/api'],
    ['localhost:5000/shop/api:1', 'shop/api'],
    ['registry.example.com/nginx', 'nginx'],
    ['nginx', 'nginx'],
  ])('%s is repository %s', (given, expected) => {
    expect(repositoryOf(given)).toBe(expected)
  })

  test('pins every container of the repository and leaves the others alone', () => {
    const job = {
      ...object('CronJob', 'cleanup', {}, 'batch/v1'),
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                initContainers: [{ name: 'wait', image: 'shop/api:old' }],
                containers: [{ name: 'run', image: 'busybox' }],
              },
            },
          },
        },
      },
    }
    const { objects, pinned } = pinImages([deployment('api'), job], [image])
    expect(imagesOf(objects)).toEqual([image, 'busybox'])
    expect(pinned.map(({ object: name, container, from }) => [name, container, from])).toEqual([
      ['Deployment api', 'api', 'shop/api'],
      ['CronJob cleanup', 'wait', 'shop/api:old'],
    ])
  })

  test('does not change the objects it was given', () => {
    const given = deployment('api')
    pinImages([given], [image])
    expect(imagesOf([given])).toEqual(['shop/api'])
  })

  test('two digests of one repository are refused: a container could get either', () => {
    const other = image.replaceAll('a'.repeat(64), 'b'.repeat(64))
    expect(() => pinImages([deployment('api')], [image, other])).toThrow(
      'input "images": there are two images of shop/api.',
    )
  })

  test('an image that no container uses is refused by name', () => {
    expect(() => pinImages([deployment('web', 'shop/web:3')], [image])).toThrow(
      'input "images": no container of the manifests uses shop/api.',
    )
  })
})
