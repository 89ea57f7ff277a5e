import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exposeSession } from '../../../src/identity/expose.ts'
import type { Session } from '../../../src/identity/model.ts'

const session: Session = {
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  accountId: '111122223333',
  partition: 'aws',
  region: 'eu-west-1',
  credentials: async () => ({
    accessKeyId: 'AKIA',
    secretAccessKey: 'secret',
    sessionToken: 'session',
    expiration: new Date(0),
  }),
}
let tempFolder: string
beforeEach(async () => {
  tempFolder = await mkdtemp(join(tmpdir(), 'expose-test-'))
})
afterEach(() => rm(tempFolder, { recursive: true }))

function exporting(failAt = Number.POSITIVE_INFINITY): {
  values: Record<string, string>
  exportVariable(name: string, value: string): void
} {
  const values: Record<string, string> = {}
  let count = 0
  return {
    values,
    exportVariable(name, value) {
      if (++count === failAt) throw new Error('disk full')
      values[name] = value
    },
  }
}

describe('giving credentials to later steps', () => {
  test('none gives nothing, not even a region', async () => {
    const later = exporting()
    expect(await exposeSession(session, 'none', { later, tempFolder, profile: 'x' })).toEqual([])
    expect([later.values, await readdir(tempFolder)]).toEqual([{}, []])
  })

  test('env exports credentials and region', async () => {
    const later = exporting()
    await exposeSession(session, 'env', { later, tempFolder, profile: 'x' })
    expect(later.values).toEqual({
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
    })
  })

  test('profile writes files that only this user can read, and exports their names, not the credentials', async () => {
    const later = exporting()
    const files = await exposeSession(session, 'profile', { later, tempFolder, profile: 'shop' })
    const { AWS_CONFIG_FILE: config = '', AWS_SHARED_CREDENTIALS_FILE: credentials = '' } = later.values
    expect(later.values).toEqual({
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: credentials,
      AWS_PROFILE: 'shop',
    })
    expect(files.toSorted()).toEqual([config, credentials].toSorted())
    expect(await readFile(config, 'utf8')).toBe('[profile shop]\nregion = eu-west-1\n')
    expect(await readFile(credentials, 'utf8')).toContain('[shop]\naws_access_key_id = AKIA\n')
    for (const file of files) {
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700)
    }
  })

  test('an export that fails half-way leaves no half set behind', async () => {
    const later = exporting(3)
    await expect(exposeSession(session, 'env', { later, tempFolder, profile: 'x' })).rejects.toThrow('disk full')
    expect(later.values).toEqual({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' })
  })

  test('credentials that cannot be had export nothing', async () => {
    const later = exporting()
    const broken = { ...session, credentials: () => Promise.reject(new Error('expired')) }
    await expect(exposeSession(broken, 'env', { later, tempFolder, profile: 'x' })).rejects.toThrow('expired')
    expect(later.values).toEqual({})
  })
})
