import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { cleanUp, folderState, variablesState } from '../../../src/actions/ecr-login.post.ts'
import { recordingLog } from '../../support/context.ts'

/** A job after `ecr-login`, with these variables. */
async function afterLogin(env: (folder: string) => Readonly<Record<string, string>>) {
  const tempFolder = mkdtempSync(join(tmpdir(), 'slipway-post-'))
  const folder = join(tempFolder, 'slipway-docker-1')
  const others = join(tempFolder, 'buildx')
  mkdirSync(folder)
  mkdirSync(others)
  writeFileSync(join(others, 'builder'), '')
  symlinkSync(others, join(folder, 'buildx'))
  writeFileSync(join(folder, 'config.json'), '{}')
  const before = { DOCKER_CONFIG: '/mine', REGISTRY_AUTH_FILE: '' }
  const saved: Readonly<Record<string, string>> = { [folderState]: folder, [variablesState]: JSON.stringify(before) }
  const exported: Record<string, string> = {}
  const log = recordingLog()
  const later = { exportVariable: (name: string, value: string) => void (exported[name] = value) }
  await cleanUp({ state: { get: name => saved[name] }, later, env: env(folder), log, tempFolder })
  return { folder, others, exported, log }
}

test('after the job its folder is gone, and what it linked to is not', async () => {
  const { folder, others, log } = await afterLogin(() => ({}))
  expect([existsSync(folder), existsSync(join(others, 'builder'))]).toEqual([false, true])
  expect(log.lines).toEqual([])
})

test('variables that still lead there get their earlier values; one that somebody changed since stays', async () => {
  const both = await afterLogin(folder => ({
    DOCKER_CONFIG: folder,
    REGISTRY_AUTH_FILE: join(folder, 'config.json'),
  }))
  expect(both.exported).toEqual({ DOCKER_CONFIG: '/mine', REGISTRY_AUTH_FILE: '' })
  const changed = await afterLogin(folder => ({ DOCKER_CONFIG: `${folder}0`, REGISTRY_AUTH_FILE: '/theirs' }))
  expect(changed.exported).toEqual({})
})

test('a main that ended early left nothing to clean up', async () => {
  const exported: string[] = []
  const later = { exportVariable: (name: string) => void exported.push(name) }
  await cleanUp({ state: { get: () => undefined }, later, env: {}, log: recordingLog(), tempFolder: '/none' })
  expect(exported).toEqual([])
})
