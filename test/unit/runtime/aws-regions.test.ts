import { pathToFileURL } from 'node:url'

import { expect, test } from '@jest/globals'

import { dnsSuffixOf, regionsByPartition } from '../../../src/runtime/aws-regions.ts'

interface SdkPartition {
  readonly id: string
  readonly regions: Readonly<Record<string, unknown>>
  readonly outputs: { readonly dnsSuffix: string }
}

/** The list inside the AWS SDK; no public export, hence the path. */
const listOfTheSdk = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'

test('every region that the AWS SDK knows is in our list, in the same partition', async () => {
  const sdk: { readonly partitionsInfo: { readonly partitions: readonly SdkPartition[] } } = await import(
    pathToFileURL(listOfTheSdk).href
  )
  const theirs = sdk.partitionsInfo.partitions.map(({ id, regions }) => [
    id,
    Object.keys(regions).filter(region => !region.endsWith('-global')),
  ])
  expect(regionsByPartition).toEqual(Object.fromEntries(theirs))
})

test('so is the DNS suffix of every partition', async () => {
  const sdk: { readonly partitionsInfo: { readonly partitions: readonly SdkPartition[] } } = await import(
    pathToFileURL(listOfTheSdk).href
  )
  const theirs = sdk.partitionsInfo.partitions.map(({ id, outputs }) => [id, outputs.dnsSuffix])
  expect(theirs).toEqual(theirs.map(([id = '']) => [id, dnsSuffixOf(id)]))
})
