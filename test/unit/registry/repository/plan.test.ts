import { describe, expect, test } from '@jest/globals'
import { readRepositories, type DesiredRepository } from '../../../../src/registry/repository/desired.ts'
import { lostTargets } from '../../../../src/registry/repository/kept-images.ts'
import type { LiveRegistry, LiveRepository, RegistryScanning } from '../../../../src/registry/repository/live.ts'
import { isSettled, planRepositories } from '../../../../src/registry/repository/plan.ts'

const account = '111122223333'
const registry: LiveRegistry = { account, region: 'eu-west-1', templates: [] }
const repository: LiveRepository = {
  arn: `arn:aws:ecr:eu-west-1:${account}:repository/shop/api`,
  mutability: { tags: 'mutable', except: [] },
  encryption: { type: 'AES256' },
  tags: { team: 'shop', 'cost-center': '7' },
}
const untagged = {
  rulePriority: 1,
  selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 },
  action: { type: 'expire' },
}
const most = (countNumber: number) => ({
  rulePriority: 9,
  selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber },
  action: { type: 'expire' },
})

function desired(settings: Readonly<Record<string, object>>): readonly DesiredRepository[] {
  const read = readRepositories(settings)
  if ('mistake' in read) throw new Error(JSON.stringify(read.mistake))
  return read.value
}

/** The plan for shop/api as it should be, from what it is; undefined is a repository that does not exist. */
function planOf(settings: object, live: Partial<LiveRepository> | undefined, wide: Partial<LiveRegistry> = {}) {
  const found = live === undefined ? [] : [['shop/api', { ...repository, ...live }] as const]
  const plan = planRepositories(desired({ 'shop/api': settings }), new Map(found), { ...registry, ...wide })
  const [one] = plan.repositories
  if (one === undefined) throw new Error('no plan')
  return { ...plan, one }
}

describe('a repository that does not exist', () => {
  test('is made with what only its creation can set, then gets its documents', () => {
    const { one } = planOf(
      {
        mutability: 'immutable',
        'mutability-exclusions': ['buildcache-*'],
        encryption: 'kms',
        tags: { team: 'shop' },
        policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow' }] },
        lifecycle: [untagged],
      },
      undefined,
    )
    expect(one).toMatchObject({ exists: false, refusals: [], notes: [] })
    expect(one.steps.map(step => step.do)).toEqual(['create', 'policy', 'lifecycle'])
    expect(one.differences).toEqual([
      { what: 'mutability', says: 'immutable, but buildcache-*', lines: [] },
      { what: 'encryption', says: 'KMS', lines: [] },
      { what: 'tags', lines: ['+ team=shop'] },
      { what: 'policy', lines: ['+ {"Effect":"Allow"}'] },
      { what: 'lifecycle', lines: ['+ 1 · untagged: pushed more than 14 days ago → expire'] },
    ])
    expect(isSettled(one)).toBe(false)
  })

  test('is something to do even when nothing else is said of it', () => {
    const { one } = planOf({}, undefined)
    expect([isSettled(one), one.steps.map(step => step.do)]).toEqual([false, ['create']])
  })

  test('asks for no document to be removed that cannot be there', () => {
    expect(planOf({ policy: 'none', lifecycle: [] }, undefined).one.steps.map(step => step.do)).toEqual(['create'])
  })

  test('is said to be about to come from a creation template, the nearest of them', () => {
    const templates = [
      { prefix: 'ROOT', appliedFor: ['REPLICATION'] },
      {
        prefix: 'shop',
        appliedFor: ['CREATE_ON_PUSH'],
        encryption: { type: 'KMS' },
        mutability: { tags: 'immutable', except: [] },
      },
      { prefix: 'shop/apis', appliedFor: ['CREATE_ON_PUSH'] },
    ] as const
    const [note] = planOf({}, undefined, { templates }).one.notes
    expect(note).toMatch(
      /^The creation template "shop" of the registry \(CREATE_ON_PUSH\) is about shop\/api: .*\(KMS; immutable\)/,
    )
  })
})

describe('a repository that exists', () => {
  test('is left alone in everything that is not said', () => {
    const { one, ...rest } = planOf(
      {},
      { lifecycle: JSON.stringify({ rules: [untagged] }), policy: '{"Statement":[]}' },
    )
    expect(isSettled(one)).toBe(true)
    expect([rest.scanning, rest.replication]).toEqual([undefined, undefined])
  })

  test('changes what differs, each by its own call', () => {
    const { one } = planOf(
      { mutability: 'immutable', tags: { team: 'basket', tier: '1' }, policy: 'none', lifecycle: [untagged, most(20)] },
      { policy: '{"Statement":[{"Effect":"Deny"}]}', lifecycle: JSON.stringify({ rules: [most(100), untagged] }) },
    )
    expect(one.differences).toEqual([
      { what: 'mutability', says: 'mutable → immutable', lines: [] },
      { what: 'tags', lines: ['- team=shop', '+ team=basket', '+ tier=1'] },
      { what: 'policy', lines: ['- {"Effect":"Deny"}'] },
      {
        what: 'lifecycle',
        lines: ['- 9 · any image: more than 100 images → expire', '+ 9 · any image: more than 20 images → expire'],
      },
    ])
    expect(one.steps).toEqual([
      { do: 'mutability', mutability: { tags: 'immutable', except: [] } },
      { do: 'tags', arn: repository.arn, tags: { team: 'basket', tier: '1' } },
      { do: 'policy' },
      { do: 'lifecycle', text: JSON.stringify({ rules: [untagged, most(20)] }) },
    ])
  })

  test('keeps its encryption: another one is refused, with what may have made it', () => {
    const templates = [{ prefix: 'shop', appliedFor: ['REPLICATION'], encryption: { type: 'AES256' } }] as const
    const { one } = planOf({ encryption: 'kms' }, {}, { templates })
    expect(one.refusals).toEqual([expect.stringContaining('encryption of shop/api is AES256, which ECR fixes')])
    expect(one.notes).toEqual([expect.stringContaining('template "shop"')])
    expect([one.steps, isSettled(one)]).toEqual([[], false])
  })

  test('is encrypted as wanted by any key where none is named, and by no other where one is', () => {
    const key = (id: string) => `arn:aws:kms:eu-west-1:${account}:key/${id}`
    const live = { encryption: { type: 'KMS', key: key('a') } } as const
    expect(isSettled(planOf({ encryption: 'kms' }, live).one)).toBe(true)
    expect(isSettled(planOf({ encryption: 'kms', 'kms-key': key('a') }, live).one)).toBe(true)
    expect(planOf({ encryption: 'kms', 'kms-key': key('b') }, live).one.refusals).toHaveLength(1)
  })

  test('has the same policy in other words: order, lists of one, an account for its root', () => {
    const policy = {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'pull', Effect: 'Allow', Principal: { AWS: [account] }, Action: ['ecr:BatchGetImage', 'ecr:A'] },
        { Sid: 'deny', Effect: 'Deny', Principal: '*', Action: 'ecr:PutImage' },
      ],
    }
    const stored = {
      Statement: [
        { Action: ['ecr:PutImage'], Effect: 'Deny', Principal: '*', Sid: 'deny' },
        {
          Action: ['ecr:A', 'ecr:BatchGetImage'],
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Effect: 'Allow',
          Sid: 'pull',
        },
      ],
      Version: '2012-10-17',
    }
    expect(isSettled(planOf({ policy }, { policy: JSON.stringify(stored) }).one)).toBe(true)
    const other = JSON.stringify({ ...stored, Version: '2008-10-17' })
    expect(planOf({ policy }, { policy: other }).one.differences).toEqual([
      { what: 'policy', says: 'changed in a detail', lines: [] },
    ])
  })

  test('has the same lifecycle policy in other words: order, and the class that rules are about by default', () => {
    const stored = { rules: [most(5), { ...untagged, selection: { storageClass: 'standard', ...untagged.selection } }] }
    expect(isSettled(planOf({ lifecycle: [untagged, most(5)] }, { lifecycle: JSON.stringify(stored) }).one)).toBe(true)
  })
})

describe('scanning, which is one configuration for the whole registry,', () => {
  const basic = (...filters: readonly string[]): RegistryScanning => ({
    type: 'BASIC',
    rules: filters.length === 0 ? [] : [{ frequency: 'SCAN_ON_PUSH', filters }],
  })

  test('gets a filter for the repository beside those of others', () => {
    const { one, scanning } = planOf({ scanning: 'on-push' }, {}, { scanning: basic('infra/*') })
    expect(one.differences).toEqual([{ what: 'scanning', says: 'manual → on-push', lines: [] }])
    expect(scanning).toEqual(basic('infra/*', 'shop/api*'))
  })

  test.each(['shop/*', 'api', '*/api', 'shop/api*'])('is left alone where the filter %s does it already', filter => {
    const { one, scanning } = planOf({ scanning: 'on-push' }, {}, { scanning: basic(filter) })
    expect([isSettled(one), scanning]).toEqual([true, undefined])
  })

  test.each(['shop/web', 'api/*', 'pi'.repeat(3)])('is not done by the filter %s', filter => {
    expect(planOf({ scanning: 'on-push' }, {}, { scanning: basic(filter) }).scanning).toBeDefined()
  })

  test('loses its own filter, and a rule that it leaves empty', () => {
    expect(planOf({ scanning: 'manual' }, {}, { scanning: basic('shop/api*') }).scanning).toEqual(basic())
  })

  test('cannot be less for one repository than a filter of others makes it', () => {
    const { one, scanning } = planOf({ scanning: 'manual' }, {}, { scanning: basic('shop/*') })
    expect(one.refusals).toEqual([expect.stringContaining('is on-push by the filter "shop/*"')])
    expect([isSettled(one), scanning]).toEqual([false, undefined])
  })

  test('is not switched to the enhanced way, which costs money, by the way', () => {
    const { one } = planOf({ scanning: 'continuous' }, {}, { scanning: basic() })
    expect(one.refusals).toEqual([expect.stringContaining('the registry scans in the basic way')])
  })

  test('moves its filter from one frequency to the other', () => {
    const enhanced = { ...basic('shop/api*', 'infra/*'), type: 'ENHANCED' } as const
    expect(planOf({ scanning: 'continuous' }, {}, { scanning: enhanced }).scanning).toEqual({
      type: 'ENHANCED',
      rules: [
        { frequency: 'SCAN_ON_PUSH', filters: ['infra/*'] },
        { frequency: 'CONTINUOUS_SCAN', filters: ['shop/api*'] },
      ],
    })
  })

  test('is refused for a repository that the filter of another one is about, too', () => {
    const both = desired({ 'shop/api': { scanning: 'on-push' }, 'shop/api-jobs': { scanning: 'manual' } })
    const { repositories } = planRepositories(both, new Map(), { ...registry, scanning: basic() })
    expect(repositories.map(({ refusals }) => refusals)).toEqual([
      [],
      [expect.stringContaining('scanning of shop/api-jobs is on-push by the filter "shop/api*"')],
    ])
    const turned = planRepositories(both.toReversed(), new Map(), { ...registry, scanning: basic() })
    expect(turned.repositories.flatMap(({ refusals }) => refusals)).toEqual([
      expect.stringContaining('the filter "shop/api*" for another repository makes it on-push'),
    ])
  })
})

describe('replication, which is one configuration for the whole registry,', () => {
  const to = (...regions: readonly string[]) => regions.map(region => ({ region, account }))
  const rule = (prefix: string, ...regions: readonly string[]) => ({
    destinations: to(...regions),
    prefixes: prefix === '' ? [] : [prefix],
  })
  const wanted = { replication: ['eu-central-1', { region: 'us-east-1', account: '444455556666' }] }

  test('gets a rule for what no rule copies yet', () => {
    const others = [rule('', 'eu-central-1'), rule('infra/', 'us-east-1')]
    const { one, replication } = planOf(wanted, {}, { replication: others })
    expect(one.differences).toEqual([{ what: 'replication', lines: ['+ 444455556666/us-east-1'] }])
    expect(replication).toEqual([
      ...others,
      { destinations: [{ region: 'us-east-1', account: '444455556666' }], prefixes: ['shop/api'] },
    ])
  })

  test('loses what is not wanted any more, and the rule with its last destination', () => {
    const others = [rule('infra/', 'us-east-1')]
    const own = rule('shop/api', 'eu-north-1', 'eu-central-1')
    const { one, replication } = planOf({ replication: ['eu-north-1'] }, {}, { replication: [own, ...others] })
    expect(one.differences).toEqual([{ what: 'replication', lines: ['- eu-central-1'] }])
    expect(replication).toEqual([...others, rule('shop/api', 'eu-north-1')])
    expect(planOf({ replication: [] }, {}, { replication: [own, ...others] }).replication).toEqual(others)
  })

  test('is left alone when it does more by broader rules', () => {
    const { one, replication } = planOf({ replication: [] }, {}, { replication: [rule('shop/', 'us-east-1')] })
    expect([isSettled(one), replication]).toEqual([true, undefined])
  })

  test('does not go to where it starts', () => {
    const { one } = planOf({ replication: ['eu-west-1'] }, {}, { replication: [] })
    expect(one.refusals).toEqual(['replication of shop/api to eu-west-1 would be to where it is.'])
  })
})

test('an image that somebody may roll back to is named with who needs it, whether it expires or is archived', () => {
  const digest = (letter: string) => `sha256:${letter.repeat(64)}`
  const selected = [
    { digest: digest('a'), tags: ['v1', 'stable'], action: 'expire', rule: 9 },
    { digest: digest('b'), tags: [], action: 'archive', rule: 2 },
    { digest: digest('c'), tags: [], action: 'expire', rule: 1 },
    { digest: digest('d'), tags: [], action: 'expire', rule: 1 },
  ] as const
  const kept = [
    { digest: digest('a'), repository: 'shop/api', because: 'release r12 of shop in prod/shop' },
    { digest: digest('a'), because: 'the input keep-digests' },
    { digest: digest('b'), because: 'the input keep-digests' },
    { digest: digest('d'), repository: 'shop/web', because: 'release r12 of shop in prod/shop' },
  ]
  expect(lostTargets('shop/api', selected, kept)).toEqual([
    `lifecycle of shop/api would expire shop/api@${digest('a')} (v1, stable) by its rule 9; it is needed by release r12 of shop in prod/shop, the input keep-digests.`,
    `lifecycle of shop/api would archive shop/api@${digest('b')} by its rule 2; it is needed by the input keep-digests.`,
  ])
})
