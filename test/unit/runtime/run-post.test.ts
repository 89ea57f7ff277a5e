import { expect, test } from '@jest/globals'

import type { Host } from '../../../src/runtime/host.ts'
import { runPost } from '../../../src/runtime/run-post.ts'
import type { PostHandler } from '../../../src/runtime/run-post.ts'

interface Ran {
  readonly written: string
  readonly appended: string
  readonly codes: readonly number[]
}

/** `lost` is an error that nobody handles while the clean-up runs. */
async function run(cleanUp: PostHandler, { lost }: { readonly lost?: Error } = {}): Promise<Ran> {
  const ran = { written: '', appended: '', codes: [] as number[] }
  const { promise: exited, resolve } = Promise.withResolvers<void>()
  const host: Host = {
    env: { STATE_folder: 'x', GITHUB_ENV: '/env', RUNNER_TEMP: '/tmp/runner' },
    write: text => void (ran.written += text),
    append: (path, text) => void (ran.appended += `${path}: ${text}`),
    onSignal: () => {},
    onUnhandled: listener => void (lost && setImmediate(() => listener(lost))),
    exit: code => {
      ran.codes.push(code)
      resolve()
    },
  }
  void runPost('greet', cleanUp, host)
  await exited
  return ran
}

test('a clean-up gets what main left, and says nothing of its own', async () => {
  const seen: unknown[] = []
  const ran = await run(({ state, tempFolder }) => void seen.push(state.get('folder'), state.get('other'), tempFolder))
  expect(seen).toEqual(['x', undefined, '/tmp/runner'])
  expect(ran).toEqual({ written: '', appended: '', codes: [0] })
})

test('it may set variables for the steps that follow', async () => {
  const ran = await run(({ later }) => later.exportVariable('AWS_PROFILE', 'mine'))
  expect(ran.appended).toMatch(/^\/env: AWS_PROFILE<<(\S+)\nmine\n\1\n$/)
})

test('trouble is a warning and never fails the job', async () => {
  const ran = await run(() => {
    throw new Error('disk full.')
  })
  expect(ran).toMatchObject({
    written: '::warning::greet could not clean up: disk full. The job goes on.\n',
    codes: [0],
  })
})

test('not even trouble that nobody handled', async () => {
  const ran = await run(() => new Promise(() => {}), { lost: new Error('lost.') })
  expect(ran).toMatchObject({
    written: '::warning::greet could not clean up: lost. The job goes on.\n',
    codes: [0],
  })
})
