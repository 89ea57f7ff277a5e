import { describe, expect, test } from '@jest/globals'
import { inParallel } from '../../../src/runtime/parallel.ts'

/** Work that ends when the test says so, and remembers what began. */
function workshop(): {
  readonly begun: number[]
  readonly work: (item: number) => Promise<string>
  readonly end: (item: number, failure?: Error) => Promise<void>
} {
  const begun: number[] = []
  const ends = new Map<number, PromiseWithResolvers<string>>()
  return {
    begun,
    work: item => {
      begun.push(item)
      const end = Promise.withResolvers<string>()
      ends.set(item, end)
      return end.promise
    },
    end: async (item, failure) => {
      if (failure) ends.get(item)?.reject(failure)
      else ends.get(item)?.resolve(`done ${item}`)
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}

describe('several at once', () => {
  test('no more than the limit, and results in the order of the items', async () => {
    const { begun, work, end } = workshop()
    const all = inParallel([1, 2, 3], 2, work)
    expect(begun).toEqual([1, 2])
    await end(2)
    expect(begun).toEqual([1, 2, 3])
    await end(3)
    await end(1)
    expect(await all).toEqual(['done 1', 'done 2', 'done 3'])
  })

  test('after an error nothing more begins, and it is told when all that had begun has ended', async () => {
    const { begun, work, end } = workshop()
    let told: unknown
    const all = inParallel([1, 2, 3, 4], 2, work).catch((thrown: unknown) => (told = thrown))
    await end(1, new Error('refused'))
    expect([begun, told]).toEqual([[1, 2], undefined])
    await end(2)
    await all
    expect([begun, told]).toEqual([[1, 2], new Error('refused')])
  })
})
