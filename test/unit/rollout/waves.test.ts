import { expect, test } from '@jest/globals'
import { object } from '../../support/objects.ts'
import { maps, shop } from '../../support/releases.ts'

test('a release tells its waves, one after the other, from its first write to when all was ready', async () => {
  const { deploy } = shop()
  const ingress = object('Ingress', 'web', {}, 'networking.k8s.io/v1')
  const { result } = await deploy([ingress, ...maps('a'), object('Namespace', 'shop')])
  const { waves = [], startedAt, readyAt } = result ?? {}
  expect(waves.map(({ name }) => name)).toEqual(['foundation', 'configuration', 'routes'])
  const instants = [startedAt, ...waves.flatMap(({ from, to }) => [from, to]), readyAt]
  expect(instants).toEqual(instants.toSorted((a = 0, b = 0) => a - b))
})
