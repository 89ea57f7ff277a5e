import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { makeDockerFolder, withDockerConfig } from '../../../src/registry/docker-folder.ts'
import { host } from '../../support/images.ts'

const login = { host, user: 'AWS', password: 'secret', expiresAt: new Date(0) }
const auth = Buffer.from('AWS:secret').toString('base64')
const none = '/does/not/exist'

function folder(config?: string): string {
  const path = mkdtempSync(join(tmpdir(), 'slipway-docker-'))
  if (config !== undefined) writeFileSync(join(path, 'config.json'), config)
  return path
}

describe('a Docker configuration', () => {
  test('is readable for this user only and gone afterwards', async () => {
    const seen = await withDockerConfig([login], { tempFolder: folder(), existing: none }, path => {
      expect(statSync(path).mode & 0o777).toBe(0o700)
      expect(statSync(join(path, 'config.json')).mode & 0o777).toBe(0o600)
      expect(readFileSync(join(path, 'config.json'), 'utf8')).toContain(auth)
      return Promise.resolve(path)
    })
    expect(existsSync(seen)).toBe(false)
  })

  test('is gone after a failure too', async () => {
    let seen = ''
    const failing = withDockerConfig([login], { tempFolder: folder(), existing: none }, path => {
      seen = path
      return Promise.reject(new Error('build failed'))
    })
    await expect(failing).rejects.toThrow('build failed')
    expect([seen === '', existsSync(seen)]).toEqual([false, false])
  })

  test('shares builders and plug-ins with the user, and never writes the own file of the user', async () => {
    const existing = folder('{"auths":{"ghcr.io":{"auth":"x"}}}')
    mkdirSync(join(existing, 'buildx', 'instances'), { recursive: true })
    await withDockerConfig([login], { tempFolder: folder(), existing }, path => {
      expect(readlinkSync(join(path, 'buildx'))).toBe(join(existing, 'buildx'))
      expect(readFileSync(join(path, 'config.json'), 'utf8')).toContain('ghcr.io')
      return Promise.resolve()
    })
    expect(readFileSync(join(existing, 'config.json'), 'utf8')).toBe('{"auths":{"ghcr.io":{"auth":"x"}}}')
    expect(existsSync(join(existing, 'buildx', 'instances'))).toBe(true)
  })

  test('that was made from one of ours leads to where things really are: the first may go', async () => {
    const existing = folder('{}')
    mkdirSync(join(existing, 'cli-plugins'))
    const first = await makeDockerFolder({}, { tempFolder: folder(), existing })
    const second = await makeDockerFolder({}, { tempFolder: folder(), existing: first })
    rmSync(first, { recursive: true })
    expect(readlinkSync(join(second, 'cli-plugins'))).toBe(join(existing, 'cli-plugins'))
    expect(existsSync(join(second, 'cli-plugins'))).toBe(true)
  })

  test('that is not JSON is the error of a user, and one that does not exist is none', async () => {
    const place = { tempFolder: folder(), existing: folder('{ broken') }
    await expect(withDockerConfig([login], place, () => Promise.resolve())).rejects.toMatchObject({
      kind: 'user',
      code: 'docker-config',
    })
    await expect(
      withDockerConfig([login], { tempFolder: folder(), existing: none }, () => Promise.resolve('ran')),
    ).resolves.toBe('ran')
  })
})
