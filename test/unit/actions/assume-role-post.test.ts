import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { cleanUp, fingerprintOf, folderState, keyState, variablesState } from '../../../src/actions/assume-role.post.ts'
import { recordingLog } from '../../support/context.ts'

async function afterwards(
  saved: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const exported: Record<string, string> = {}
  const later = { exportVariable: (name: string, value: string) => void (exported[name] = value) }
  await cleanUp({ state: { get: name => saved[name] }, later, env, log: recordingLog(), tempFolder: '' })
  return exported
}

function folderOf(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'slipway-post-')), 'slipway-aws-1')
  mkdirSync(folder)
  writeFileSync(join(folder, 'config'), '')
  return folder
}

test('after the job the folder is gone, and variables that lead there have their earlier values', async () => {
  const folder = folderOf()
  const before = JSON.stringify({ AWS_CONFIG_FILE: '/mine', AWS_PROFILE: '', KUBECONFIG: '' })
  const exported = await afterwards(
    { [folderState]: folder, [variablesState]: before },
    { AWS_CONFIG_FILE: join(folder, 'config'), AWS_PROFILE: 'shop', KUBECONFIG: `${folder}/kubeconfig:/mine` },
  )
  expect(exported).toEqual({ AWS_CONFIG_FILE: '/mine', AWS_PROFILE: '', KUBECONFIG: '' })
  expect(existsSync(folder)).toBe(false)
})

test('variables that a later step changed stay as they are', async () => {
  const folder = folderOf()
  const before = JSON.stringify({ AWS_CONFIG_FILE: '/mine', AWS_PROFILE: '', KUBECONFIG: '' })
  const saved = { [folderState]: folder, [variablesState]: before }
  expect(await afterwards(saved, { AWS_CONFIG_FILE: `${folder}2/config`, KUBECONFIG: '/theirs' })).toEqual({})
})

test('keys are emptied when they are still those of the step', async () => {
  const saved = {
    [variablesState]: JSON.stringify({ AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: '' }),
    [keyState]: await fingerprintOf('ASIA1'),
  }
  expect(await afterwards(saved, { AWS_ACCESS_KEY_ID: 'ASIA1' })).toEqual({
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: '',
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_SESSION_TOKEN: '',
  })
  expect(await afterwards(saved, { AWS_ACCESS_KEY_ID: 'ASIA2' })).toEqual({})
})

test('a step that left nothing has nothing to clean up', async () => {
  expect(await afterwards({}, {})).toEqual({})
})
