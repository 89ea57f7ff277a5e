import { describe, expect, test } from '@jest/globals'

import { contracts } from '../../src/actions/contracts.ts'
import type { ActionName } from '../../src/actions/contracts.ts'
import { runBundle } from '../support/run-bundle.ts'
import type { WorkspaceFiles } from '../support/run-bundle.ts'

const role = 'arn:aws:iam::111122223333:role/deploy'
const image = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:${'a1'.repeat(32)}`

/** Inputs with which an action goes on to work, as far as it can without AWS. */
const good: Readonly<Record<ActionName, Readonly<Record<string, string>>>> = {
  'assume-role': { role, region: 'eu-west-1' },
  'build-push': { role, region: 'eu-west-1', repository: 'shop/api' },
  scan: { role, region: 'eu-west-1', image },
  deploy: { role, region: 'eu-west-1', cluster: 'prod', namespace: 'shop' },
  rollback: { role, region: 'eu-west-1', cluster: 'prod', namespace: 'shop' },
}

const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n'

interface Case {
  readonly what: string
  readonly action: ActionName
  /** Change of the good inputs; undefined takes one away. */
  readonly inputs: Readonly<Record<string, string | undefined>>
  readonly files?: WorkspaceFiles
  /** Must all be in the one error. */
  readonly says: readonly string[]
}

const cases: readonly Case[] = [
  {
    what: 'a required input is missing',
    action: 'deploy',
    inputs: { cluster: undefined },
    says: ['Input "cluster" is required and was not given.', 'Set "cluster" under "with:"'],
  },
  {
    what: 'a required input is an unset secret',
    action: 'scan',
    inputs: { role: '' },
    says: ['Input "role" is required', 'its secret or variable is empty'],
  },
  {
    what: 'a required input is misspelt',
    action: 'deploy',
    inputs: { cluster: undefined, clsuter: 'prod' },
    says: ['There is no input "clsuter".', 'Write "cluster" under "with:".'],
  },
  {
    what: 'an optional input is misspelt',
    action: 'deploy',
    inputs: { timout: '30m' },
    says: ['There is no input "timout".', '"timeout" misspelt'],
  },
  {
    what: 'the role is no ARN',
    action: 'build-push',
    inputs: { role: 'deploy' },
    says: ['role "deploy" is not the ARN of an IAM role.', 'for example arn:aws:iam::'],
  },
  {
    what: 'the region does not exist',
    action: 'scan',
    inputs: { region: 'us-east-l' },
    says: ['region "us-east-l" does not exist.', 'the letter l, not a digit', 'Use us-east-1.'],
  },
  {
    what: 'a duration has no unit',
    action: 'rollback',
    inputs: { timeout: '15' },
    says: ['timeout "15" is not a duration.', 'timeout: 15m'],
  },
  {
    what: 'the image is no reference',
    action: 'deploy',
    inputs: { images: 'shop api' },
    says: ['images "shop api" is not a reference to an image.'],
  },
  {
    what: 'a threshold is no severity',
    action: 'scan',
    inputs: { 'fail-on': 'huge' },
    says: ['fail-on', '"huge"'],
  },
  {
    what: 'a revision is no number',
    action: 'rollback',
    inputs: { to: 'last' },
    says: ['to "last" is not a whole number'],
  },
  {
    what: 'a word is not one of those offered',
    action: 'assume-role',
    inputs: { expose: 'profiles' },
    says: ['expose "profiles" is none of profile, env, none.', 'Did you mean profile?'],
  },
  {
    what: 'there are no manifests at the path',
    action: 'deploy',
    inputs: { manifests: 'k9s/' },
    says: ['manifests', 'k9s/', 'does not exist'],
  },
  {
    what: 'a manifest is not YAML',
    action: 'deploy',
    inputs: { manifests: 'app.yaml' },
    files: { 'app.yaml': `${manifest}data: { a: [ }\n` },
    says: ['app.yaml', 'YAML'],
  },
  {
    what: 'the manifests hold no object',
    action: 'deploy',
    inputs: { manifests: 'app.yaml' },
    files: { 'app.yaml': '# nothing yet\n' },
    says: ['app.yaml'],
  },
  {
    what: 'the named configuration file is missing',
    action: 'deploy',
    inputs: { config: 'ci/slipway.yaml' },
    says: ['config "ci/slipway.yaml" cannot be read.'],
  },
  {
    what: 'the configuration file is not valid',
    action: 'deploy',
    inputs: {},
    files: { 'slipway.yaml': 'gates: {}\n' },
    says: ['slipway.yaml', 'gates'],
  },
  {
    what: 'the job may not ask for an OIDC token',
    action: 'deploy',
    inputs: { manifests: 'app.yaml' },
    files: { 'app.yaml': manifest },
    says: ['may not ask GitHub for an OIDC token', 'id-token: write'],
  },
]

describe('one clear sentence, exit 1, nothing set, no stack trace:', () => {
  test.each(cases)('$action: $what', async ({ action, inputs, files, says }) => {
    const all = Object.entries({ ...good[action], ...inputs })
    const given = Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined))
    const { code, stdout, stderr, errors, output, summary } = await runBundle(action, given, files)
    expect(errors).toHaveLength(1)
    for (const words of says) expect(errors[0]).toContain(words)
    expect(errors[0]).toMatch(/docs\/troubleshooting\.md#[a-z-]+$/)
    expect(code).toBe(1)
    expect(stdout + stderr).not.toMatch(/^\s+at .+:\d+:\d+/m)
    expect(stderr).toBe('')
    expect(output).toBe('')
    expect(summary).toContain('**Next:**')
  })
})

describe('every bundle', () => {
  test.each(contracts.map(({ name }) => name))(
    '%s is alive: it starts, reads its inputs and reaches its own code',
    async name => {
      const files = { 'app.yaml': manifest, Dockerfile: 'FROM scratch\n' }
      const { code, errors } = await runBundle(
        name,
        { ...good[name], ...(name === 'deploy' ? { manifests: 'app.yaml' } : {}) },
        files,
      )
      expect(errors).toHaveLength(1)
      expect(errors[0]).toContain('oidc-permission')
      expect(code).toBe(1)
    },
  )

  test.each(contracts.filter(contract => 'post' in contract).map(({ name }) => name))(
    '%s cleans up quietly when there is nothing to clean up',
    async name => {
      const { code, errors } = await runBundle(name, {}, {}, { STATE_isPost: 'true' })
      expect(errors).toEqual([])
      expect(code).toBe(0)
    },
  )
})
