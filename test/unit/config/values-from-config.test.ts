import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from '@jest/globals'

import { assumeRole } from '../../../src/actions/assume-role.contract.ts'
import { deploy } from '../../../src/actions/deploy.contract.ts'
import { scan } from '../../../src/actions/scan.contract.ts'
import { verify } from '../../../src/actions/verify.contract.ts'
import { valuesFromConfig } from '../../../src/config/values-from-config.ts'

let workspace = ''
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'slipway-config-'))
})
afterEach(() => rmSync(workspace, { recursive: true }))

const read = (env: Readonly<Record<string, string>> = {}): ReturnType<typeof valuesFromConfig> =>
  valuesFromConfig(deploy, { GITHUB_WORKSPACE: workspace, ...env })

const file = (text: string, name = 'slipway.yaml'): void => writeFileSync(join(workspace, name), text)

const environment = '{ role: arn:aws:iam::111122223333:role/d, region: eu-west-1, cluster: prod, namespace: shop }'

test('the usual file need not be there', async () => {
  expect(await read()).toEqual({})
  expect(await read({ INPUT_CONFIG: 'slipway.yaml' })).toEqual({})
})

test('what it says becomes inputs', async () => {
  file(`environments: { prod: ${environment} }\ngate: { timeout: 5m }`)
  expect(await read()).toMatchObject({ cluster: 'prod', region: 'eu-west-1', timeout: '5m' })
})

test('its alarms come one per line, and an empty list names none', async () => {
  file(`environments: { prod: ${environment} }\ngate: { alarms: ['shop-5xx', 'shop, slow'] }`)
  expect(await read()).toMatchObject({ alarms: 'shop-5xx\nshop, slow' })
  file(`environments: { prod: ${environment} }\ngate: { alarms: [] }`)
  expect(await read()).not.toHaveProperty('alarms')
})

test('verify takes the place and the gate from it, and needs no service to be chosen', async () => {
  file(
    `services: { a: { repository: a/a }, b: { repository: b/b } }\nenvironments: { prod: ${environment} }\ngate: { soak: 5s }`,
  )
  const values = await valuesFromConfig(verify, { GITHUB_WORKSPACE: workspace })
  expect(values).toEqual(expect.objectContaining({ cluster: 'prod', namespace: 'shop', soak: '5s' }))
})

test('a file that is named must be there', async () => {
  await expect(read({ INPUT_CONFIG: 'ci/slipway.yaml' })).rejects.toMatchObject({
    code: 'input-config',
    message: 'config "ci/slipway.yaml" cannot be read.',
  })
})

test('so must the usual one when an environment of it is named', async () => {
  await expect(read({ INPUT_ENVIRONMENT: 'prod' })).rejects.toMatchObject({ code: 'input-config' })
})

test('a mistake in it is one sentence', async () => {
  file('environments: [')
  await expect(read()).rejects.toMatchObject({ kind: 'user', code: 'config-no-yaml' })
})

test('an action without the input reads no file', async () => {
  file('environments: [')
  expect(await valuesFromConfig(assumeRole, { GITHUB_WORKSPACE: workspace })).toEqual({})
})

test('a file that cannot be read is not taken for one that says nothing', async () => {
  mkdirSync(join(workspace, 'slipway.yaml'))
  await expect(read()).rejects.toMatchObject({
    code: 'input-config',
    message: expect.stringMatching(/cannot be read: .*directory/),
  })
})

test('an empty list of what fails the scan stops nothing', async () => {
  file('build: { role: r, region: eu-west-1 }\nscan: { fail-on: [] }')
  expect(await valuesFromConfig(scan, { GITHUB_WORKSPACE: workspace })).toMatchObject({ 'fail-on': 'none' })
})

test('values files of a service come before those of its environment, which win over them', async () => {
  const prod = environment.replace('}', ', values: deploy/prod.yaml }')
  file(`services: { api: { repository: shop/api, values: [a.yaml, b.yaml] } }\nenvironments: { prod: ${prod} }`)
  expect(await read()).toMatchObject({ values: 'a.yaml\nb.yaml\ndeploy/prod.yaml' })
})

test('no values are no input', async () => {
  file(`environments: { prod: ${environment} }`)
  expect(await read()).not.toHaveProperty('values')
})
