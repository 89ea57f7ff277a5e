import { describe, expect, test } from '@jest/globals'
import type { RepositoryAccount } from '../../../../src/registry/repository/account.ts'
import type { DesiredRepository } from '../../../../src/registry/repository/desired.ts'
import { ensureRepositories, type Mode } from '../../../../src/registry/repository/ensure.ts'
import type { LiveRegistry, LiveRepository, SelectedImage } from '../../../../src/registry/repository/live.ts'
import { recordingLog } from '../../../support/context.ts'

const digest = `sha256:${'a'.repeat(64)}`
const live: LiveRepository = {
  arn: 'arn:aws:ecr:eu-west-1:111122223333:repository/shop/api',
  mutability: { tags: 'mutable', except: [] },
  encryption: { type: 'AES256' },
  tags: {},
}
const immutable: DesiredRepository = { name: 'shop/api', mutability: { tags: 'immutable', except: [] } }
const fewer: DesiredRepository = {
  name: 'shop/api',
  lifecycle: [
    {
      rulePriority: 1,
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 2 },
      action: { type: 'expire' },
    },
  ],
}

/** An account that answers the n-th reading with the n-th state, then with the last; steps are heard. */
function account(states: readonly (LiveRepository | undefined)[], exists: readonly boolean[] = []) {
  const heard: string[] = []
  let readings = 0
  let creations = 0
  const registry: LiveRegistry = {
    account: '111122223333',
    region: 'eu-west-1',
    templates: [],
    replication: [],
    scanning: { type: 'BASIC', rules: [] },
  }
  const port: RepositoryAccount = {
    async read() {
      const state = states[Math.min(readings++, states.length - 1)]
      return { live: new Map(state === undefined ? [] : [['shop/api', state]]), registry }
    },
    async take(name, step) {
      heard.push(`${name} ${step.do}`)
      return step.do === 'create' && exists[creations++] === true ? 'exists' : 'done'
    },
    putScanning: async () => void heard.push('scanning'),
    putReplication: async () => void heard.push('replication'),
  }
  const previewed: string[] = []
  const asked: string[] = []
  const log = recordingLog()
  const ensure = (
    desired: readonly DesiredRepository[],
    mode: Mode,
    selected: readonly SelectedImage[] = [],
    kept = [{ digest, because: 'the input keep-digests' }],
    indexes: Readonly<Record<string, readonly string[]>> = {},
  ) =>
    ensureRepositories(
      { desired, mode, kept },
      {
        account: port,
        preview: async (name, text) => {
          previewed.push(`${name} ${text.length}`)
          return selected
        },
        children: async (_, digests) => {
          asked.push(...digests)
          return new Map(Object.entries(indexes))
        },
        log,
      },
    )
  return { ensure, heard, previewed, asked, log }
}

const lost: SelectedImage = { digest, tags: ['v1'], action: 'expire', rule: 1 }
const other: SelectedImage = { ...lost, digest: `sha256:${'b'.repeat(64)}` }

describe('repositories', () => {
  test('that differ are written by apply alone', async () => {
    for (const [mode, verdict, writes] of [
      ['plan', 'planned', []],
      ['drift', 'drifted', []],
      ['apply', 'applied', ['shop/api mutability']],
    ] as const) {
      const { ensure, heard } = account([live, { ...live, ...immutable } as LiveRepository])
      expect(await ensure([immutable], mode)).toMatchObject({ verdict })
      expect(heard).toEqual(writes)
    }
  })

  test('that are as they should be are left alone in every way', async () => {
    for (const mode of ['plan', 'drift', 'apply'] as const) {
      const { ensure, heard } = account([live])
      expect(await ensure([{ name: 'shop/api' }], mode)).toMatchObject({ verdict: 'unchanged' })
      expect(heard).toEqual([])
    }
  })

  test('set what is the registry’s once, after all of them', async () => {
    const { ensure, heard } = account([live])
    const desired: DesiredRepository = { ...immutable, scanning: 'on-push', replication: [{ region: 'eu-central-1' }] }
    await ensure([desired], 'apply')
    expect(heard).toEqual(['shop/api mutability', 'scanning', 'replication'])
  })

  test('that somebody makes at the same time are looked at again and brought to what they should be', async () => {
    const { ensure, heard } = account([undefined, live, { ...live, ...immutable } as LiveRepository], [true])
    expect(await ensure([immutable], 'apply')).toMatchObject({ verdict: 'applied', repositories: [{ exists: true }] })
    expect(heard).toEqual(['shop/api create', 'shop/api mutability'])
  })

  test('that come and go without end are an error of the remote', async () => {
    const { ensure } = account([undefined], [true, true, true])
    await expect(ensure([immutable], 'apply')).rejects.toMatchObject({ code: 'ecr-repository-contended' })
  })

  test('that ECR keeps in another form than it took are worth a warning, not a failure', async () => {
    const { ensure, log } = account([live])
    expect(await ensure([immutable], 'apply')).toMatchObject({ verdict: 'applied' })
    expect(log.lines).toContain('warning: shop/api: ECR still says something else than was just written (mutability).')
  })
})

describe('a new lifecycle policy', () => {
  test.each(['plan', 'apply'] as const)('that takes an image which has to stay is refused (%s)', async mode => {
    const { ensure, heard } = account([live])
    const { verdict, repositories } = await ensure([fewer], mode, [other, lost])
    expect(verdict).toBe('refused')
    expect(repositories[0]?.refusals).toEqual([expect.stringContaining(`would expire shop/api@${digest} (v1)`)])
    expect(heard).toEqual([])
  })

  test('that takes an index which holds an image that has to stay is refused, too', async () => {
    const { ensure, heard } = account([live])
    const kept = [{ digest, because: 'the input keep-digests' }]
    const { verdict, repositories } = await ensure([fewer], 'apply', [other], kept, { [other.digest]: [digest] })
    expect([verdict, heard]).toEqual(['refused', []])
    expect(repositories[0]?.refusals).toEqual([
      `lifecycle of shop/api would expire shop/api@${other.digest} (v1), which holds ${digest}, by its rule 1; it is needed by the input keep-digests.`,
    ])
  })

  test('is not looked into where nothing has to stay', async () => {
    const { ensure, asked } = account([live])
    const elsewhere = [{ digest, repository: 'shop/web', because: 'the input keep-digests' }]
    expect(await ensure([fewer], 'plan', [lost], elsewhere)).toMatchObject({ verdict: 'planned' })
    expect(asked).toEqual([])
  })

  test('that takes others only is written, and says which', async () => {
    const { ensure, heard } = account([live])
    expect(await ensure([fewer], 'apply', [other])).toMatchObject({
      verdict: 'applied',
      repositories: [{ selected: [other] }],
    })
    expect(heard).toEqual(['shop/api lifecycle'])
  })

  test('is not previewed for a repository without images, when it goes, or when nothing is written anyway', async () => {
    const absent = account([undefined])
    await absent.ensure([fewer], 'plan')
    const going = account([{ ...live, lifecycle: '{"rules":[{"rulePriority":1}]}' }])
    expect(await going.ensure([{ name: 'shop/api', lifecycle: [] }], 'plan')).toMatchObject({ verdict: 'planned' })
    const drifting = account([live])
    await drifting.ensure([fewer], 'drift', [lost])
    expect([absent.previewed, going.previewed, drifting.previewed]).toEqual([[], [], []])
  })
})
