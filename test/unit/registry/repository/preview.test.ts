import { expect, test } from '@jest/globals'
import type { EcrCall } from '../../../../src/registry/repository/account.ts'
import { indexChildren, lifecyclePreview } from '../../../../src/registry/repository/preview.ts'

const text = '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any"}}]}'
const result = (letter: string, type = 'EXPIRE') => ({
  imageDigest: letter,
  imageTags: [`v${letter}`],
  action: { type },
  appliedRulePriority: 1,
})
const selected = (letter: string, action = 'expire') => ({ digest: letter, tags: [`v${letter}`], action, rule: 1 })
const complete = (lifecyclePolicyText: string, more: object = {}) => ({
  status: 'COMPLETE',
  lifecyclePolicyText,
  ...more,
})
const running = { status: 'IN_PROGRESS', lifecyclePolicyText: text }

/** ECR that answers starts and pages in their order; undefined is the error that the call says to be no error. */
function scene(starts: readonly (object | undefined)[], pages: readonly (object | undefined)[]) {
  const calls: string[] = []
  let now = 0
  const rest = { start: [...starts], page: [...pages] }
  const call = (async (operation: string, input: { nextToken?: string }) => {
    calls.push(`${operation.startsWith('Start') ? 'start' : 'page'}${input.nextToken ?? ''}`)
    return operation.startsWith('Start') ? rest.start.shift() : rest.page.length > 1 ? rest.page.shift() : rest.page[0]
  }) as EcrCall
  const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) }
  const preview = lifecyclePreview(call, { clock, signal: new AbortController().signal })
  return { calls, preview: preview('shop/api', text), waited: () => now }
}

test('a preview is started, waited for, and read to its last page', async () => {
  const { preview, calls } = scene(
    [{}],
    [
      running,
      complete(text, { previewResults: [result('a')], nextToken: '2' }),
      complete(text, { previewResults: [result('b', 'TRANSITION')] }),
    ],
  )
  expect(await preview).toEqual([selected('a'), selected('b', 'archive')])
  expect(calls).toEqual(['start', 'page', 'page', 'page2'])
})

test('that of somebody else is waited for, and not taken for ours', async () => {
  const theirs = '{"rules":[]}'
  const { preview, calls } = scene(
    [undefined, {}, {}],
    [{ ...running, lifecyclePolicyText: theirs }, complete(theirs), complete(theirs), running, complete(text)],
  )
  expect(await preview).toEqual([])
  // Ours was replaced by theirs once more in between.
  expect(calls).toEqual(['start', 'page', 'page', 'start', 'page', 'start', 'page', 'page'])
})

test('the text that ECR gives back may have another form', async () => {
  expect(await scene([{}], [complete(JSON.stringify(JSON.parse(text), undefined, 2))]).preview).toEqual([])
})

test('a preview that fails, or does not end, is an error of the remote; nothing is believed to be safe', async () => {
  await expect(scene([{}], [{ status: 'FAILED' }]).preview).rejects.toMatchObject({
    kind: 'remote',
    code: 'ecr-preview',
  })
  const endless = scene([{}], [running])
  await expect(endless.preview).rejects.toMatchObject({ code: 'ecr-preview', why: 'It took longer than 5 minutes.' })
  expect(endless.waited()).toBe(300_000)
})

test('images of an index are read, a hundred at a time; what is no index holds nothing', async () => {
  const sizes: number[] = []
  const call = (async (_: string, input: { imageIds: readonly { imageDigest: string }[] }) => {
    sizes.push(input.imageIds.length)
    const images = input.imageIds.map(imageId => ({
      imageId,
      imageManifest: JSON.stringify(
        imageId.imageDigest === 'i7' ? { manifests: [{ digest: 'amd64' }] } : { layers: [] },
      ),
    }))
    return { images }
  }) as unknown as EcrCall
  const digests = Array.from({ length: 150 }, (_, index) => `i${index}`)
  expect(await indexChildren(call)('shop/api', digests)).toEqual(new Map([['i7', ['amd64']]]))
  expect(sizes).toEqual([100, 50])
})
