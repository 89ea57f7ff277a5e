import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { writeOciLayout } from '../../../sandbox/base/oci-layout.ts'

const config = { env: ['LANG=C.UTF-8'], command: ['python3'], labels: { a: 'b' }, created: '2025-01-01T00:00:00.000Z' }

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layout-'))
  await writeFile(join(folder, 'root.tar'), Buffer.alloc(300_000, 'files '))
})
afterEach(() => rm(folder, { recursive: true }))

const write = (name: string) => writeOciLayout(join(folder, name), join(folder, 'root.tar'), config)
const blob = (digest: string) => readFile(join(folder, 'one/blobs/sha256', digest.replace('sha256:', '')))
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const json = async (digest: string) => JSON.parse((await blob(digest)).toString())

describe('an OCI layout of one tar', () => {
  test('every descriptor says the digest and size of the blob that it names', async () => {
    const digest = await write('one')
    const index = JSON.parse(await readFile(join(folder, 'one/index.json'), 'utf8'))
    const manifest = await json(digest)
    expect(index.manifests[0].digest).toBe(digest)
    for (const descriptor of [index.manifests[0], manifest.config, ...manifest.layers]) {
      const bytes = await blob(descriptor.digest)
      expect(sha256(bytes)).toBe(descriptor.digest)
      expect(bytes.length).toBe(descriptor.size)
    }
  })

  test('the configuration names the layer by the digest of the unpacked tar', async () => {
    const manifest = await json(await write('one'))
    const { rootfs, config: runtime } = await json(manifest.config.digest)
    expect(rootfs.diff_ids).toEqual([sha256(gunzipSync(await blob(manifest.layers[0].digest)))])
    expect(runtime).toMatchObject({ Env: config.env, Cmd: config.command, Labels: config.labels })
  })

  test('the same files give the same image', async () => {
    expect(await write('two')).toBe(await write('one'))
  })
})
