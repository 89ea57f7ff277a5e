import { describe, expect, test } from '@jest/globals'
import { buildInputs } from '../../../src/image/build-inputs.ts'
import type { BuildRequest, BuildSource } from '../../../src/image/model.ts'

const usual: BuildSource = { folder: '/checkout', file: '/checkout/Dockerfile' }

function inputs(request: Partial<BuildRequest> = {}, source: Partial<BuildSource> = {}) {
  return buildInputs(
    { repository: 'shop/api', ...request },
    { ...usual, ...source },
    { workspace: '/checkout', sha: 'c0ffee' },
  )
}

describe('the inputs of a build', () => {
  test('that are the defaults need no suffix, also when they are written out', () => {
    expect(inputs()).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(inputs({ buildArgs: {}, labels: {}, platforms: [], provenance: 'max' })).toEqual(inputs())
  })

  test.each<[string, Partial<BuildRequest>, Partial<BuildSource>]>([
    ['target', { target: 'worker' }, {}],
    ['Dockerfile', {}, { file: '/checkout/api/Dockerfile' }],
    ['context', {}, { folder: '/checkout/api' }],
    ['build argument', { buildArgs: { VARIANT: 'slim' } }, {}],
    ['platform', { platforms: ['linux/arm64'] }, {}],
    ['label', { labels: { team: 'checkout' } }, {}],
    ['provenance', { provenance: 'off' }, {}],
    ['secret', { secrets: { npm: 'x' } }, {}],
  ])('are others with another %s', (_, request, source) => {
    const { hash, suffix } = inputs(request, source)
    expect(hash).not.toBe(inputs().hash)
    expect(suffix).toBe(hash.slice(0, 8))
  })

  test('do not depend on the order, the place of the checkout or the value of a secret', () => {
    const request = { buildArgs: { A: '1', B: '2' }, platforms: ['linux/arm64', 'linux/amd64'], secrets: { npm: 'x' } }
    const reordered = {
      buildArgs: { B: '2', A: '1' },
      platforms: ['linux/amd64', 'linux/arm64/v8'],
      secrets: { npm: 'y' },
    }
    const elsewhere = { folder: '/other', file: '/other/Dockerfile' }
    expect(inputs(request)).toEqual(
      buildInputs({ repository: 'shop/web', ...reordered }, elsewhere, { workspace: '/other', sha: 'c0ffee' }),
    )
  })

  test('are not the commit, handed to the build as an argument', () => {
    expect(inputs({ buildArgs: { COMMIT: 'c0ffee' } })).toEqual(inputs())
  })

  test('are not what only speeds a build up, or names it', () => {
    expect(inputs({ cacheFrom: ['type=gha'], cacheTo: ['type=gha'], tags: ['v1'], reuse: false })).toEqual(inputs())
  })
})
