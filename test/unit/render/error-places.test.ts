import { expect, test } from '@jest/globals'
import { withPlaces } from '../../../src/rollout/render/error-places.ts'
import { DeniedError, UserError } from '../../../src/runtime/errors.ts'
import type { Advice } from '../../../src/runtime/errors.ts'
import { manifestsIn } from '../../support/render.ts'

const manifests = manifestsIn(`apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: side
        image: shop/side
      - name: api
        image: shop/api
        imagePullPolicies: Always
`)

const todo = 'Mend it.'
const placed = (advice: Advice): Promise<unknown> =>
  withPlaces(manifests, 'shop', () => Promise.reject(new UserError('refused', 'No.', advice))).catch(
    (thrown: unknown) => thrown,
  )

test.each([
  ['an object', undefined, 2],
  ['a field by its index', 'spec.template.spec.containers[1].image', 12],
  ['a field of a named item', '.spec.template.spec.containers[name="api"].imagePullPolicies', 13],
  ['a field that is a default', 'spec.strategy.type', 4],
])('an error about %s comes out with its file and line', async (_, field, line) => {
  const about = { object: 'Deployment shop/api', ...(field === undefined ? {} : { field }) }
  expect(await placed({ todo, why: 'Because.', about })).toMatchObject({
    code: 'refused',
    message: `k8s/api.yaml:${line}: No.`,
    why: 'Because.',
    todo,
    place: { file: 'k8s/api.yaml', line },
  })
})

test('a refused permission stays one', async () => {
  const error = new DeniedError('denied', 'No.', { todo, about: { object: 'Deployment shop/api' } })
  await expect(withPlaces(manifests, 'shop', () => Promise.reject(error))).rejects.toMatchObject({
    kind: 'denied',
    message: 'k8s/api.yaml:2: No.',
  })
})

test.each<[string, Advice]>([
  ['about nothing', { todo }],
  ['about an object that is none of ours', { todo, about: { object: 'Service shop/web' } }],
  ['that knows its place', { todo, about: { object: 'Deployment shop/api' }, place: { file: 'a' } }],
])('an error %s stays as it is', async (_, advice) => {
  expect(await placed(advice)).toMatchObject({ message: 'No.' })
})
