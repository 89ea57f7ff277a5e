import { describe, expect, test } from '@jest/globals'
import { hostsFile } from '../../../sandbox/inside/network.ts'
import { requireName } from '../../../sandbox/lifecycle/state.ts'
import { addresses, cluster, frontHosts, hosts } from '../../../sandbox/world.ts'

describe('the hosts file', () => {
  const places = new Map(
    hostsFile()
      .trim()
      .split('\n')
      .flatMap(line => {
        const [address = '', ...names] = line.split(' ')
        return names.map(name => [name, address] as const)
      }),
  )

  test('leads every name of AWS and GitHub to the front', () => {
    for (const name of frontHosts) expect(places.get(name)).toBe(addresses.front)
  })

  test('leads the cluster, the database, the cache and the load balancer to their addresses', () => {
    expect(places.get(cluster.host)).toBe(addresses.apiServer)
    expect(places.get(hosts.database)).toBe(addresses.database)
    expect(places.get(hosts.cache)).toBe(addresses.cache)
    expect(places.get(hosts.loadBalancer)).toBe(addresses.loadBalancer)
  })
})

describe("a platform's name", () => {
  test.each(['default', 'two', 'bench-2'])('%s is one', name => {
    expect(() => requireName(name)).not.toThrow()
  })

  test.each(['', '-x', '../x', 'Two', 'a/b', 'x'.repeat(32)])('"%s" is none', name => {
    expect(() => requireName(name)).toThrow("cannot be a platform's name")
  })
})
