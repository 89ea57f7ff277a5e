import { describe, expect, test } from '@jest/globals'
import { contracts } from '../../src/actions/contracts.ts'
import { inputProblems } from '../../src/runtime/inputs.ts'
import { UserError } from '../../src/runtime/errors.ts'

/** Any text may be meant: what it names is looked up later. */
const anyText = 'any text'

const notBoolean = ['yes', '1', 'tru e', 'true\nfalse']
const notDuration = ['15', 'soon', '-5m', '1d', '15 m', '1y']
const notRole = [
  'deploy',
  'arn:aws:iam::1111:role/deploy',
  'arn:aws:iam::111122223333:user/ada',
  'arn:aws:sts::111122223333:assumed-role/a/b',
]
const notPinned = ['shop/api', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1', 'a@sha256:12']
const notName = ['', 'Shop', 'shop_api', '-shop', 'a'.repeat(64), 'shop\napi']

/** Values that each input must refuse, by its name: the same name means the same in every action. */
const refused: Readonly<Record<string, readonly string[] | typeof anyText>> = {
  role: notRole,
  region: ['us-east-l', 'Europe', 'eu-west-1a', 'eu west 1', 'eu-west-1\neu-west-2'],
  'trust-policy': ['a.json\nb.json'],
  source: ['token', 'oidc environment', 'github'],
  'web-identity-token-file': ['a\nb'],
  audience: anyText,
  'role-chain': [...notRole, 'arn:aws:iam::111122223333:role/a,b'],
  'external-id': ['x', 'two words', 'ä'.repeat(3), 'x'.repeat(1_225)],
  'session-policy': ['{', '[]', '{"Version":"2012-10-17"}', 'Allow', '3'],
  'managed-session-policies': ['ReadOnlyAccess', 'arn:aws:iam::aws:role/x', 'arn:aws:iam::12:policy/x'],
  'session-tags': ['team', '=x', 'aws:team=x', 'a=b\nteam', `${'k'.repeat(129)}=v`, `k=${'v'.repeat(257)}`, 'k=a;b'],
  'transitive-tags': anyText,
  'source-identity': anyText,
  'allowed-account-ids': ['1234', '12345678901', '1111-2222-3333', 'prod'],
  'sts-endpoint': ['sts.eu-west-1.amazonaws.com', 'http://sts.eu-west-1.amazonaws.com', 'ftp://x', 'https://'],
  'session-name': ['x', 'two words', 'x'.repeat(65), 'a/b'],
  duration: [...notDuration, '1m', '13h'],
  expose: ['file', 'environment', 'profil e'],
  profile: ['x', 'two words', '[a]'],
  config: ['a\nb'],
  registries: ['docker.io', '1234', 'https://111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'public.ecr.aws/acme'],
  access: ['read', 'push pull', 'admin'],
  repositories: ['Shop', 'a:1', '111122223333.dkr.ecr.eu-west-1.amazonaws.com/A'],
  mode: ['show', 'plan apply', 'check'],
  'repository-settings': ['{', '[]', 'shop/api', '3', 'null', '"shop/api"'],
  'keep-digests': ['latest', 'sha256:12', `shop/api@sha512:${'a'.repeat(64)}`, 'shop/api:1'],
  'keep-releases': ['prod', 'prod/Shop', 'prod/shop/api/1', '/shop'],
  service: anyText,
  repository: [
    'Shop/Api',
    'shop/api:1',
    '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api',
    'x',
    'shop//api',
    'a\nb',
  ],
  context: ['a\nb'],
  dockerfile: ['a\nb'],
  target: anyText,
  'build-args': ['VERSION', '=1', 'A=1\nB'],
  labels: ['team', '=1'],
  platforms: ['amd64', 'linux', 'linux amd64', 'linux/amd64/x'],
  secrets: ['NPM', 'a b=c', '-----BEGIN PRIVATE KEY-----\nx=y', 'npm='],
  'cache-from': anyText,
  'cache-to': anyText,
  provenance: ['true', 'mode=max', 'none'],
  tags: ['a b', '-x', 'v1/2', 'x'.repeat(129), 'shop:1'],
  reuse: notBoolean,
  'on-conflict': ['true', 'rename', 'skip'],
  timeout: [...notDuration, '1s', '7h'],
  image: ['Shop', 'a b', 'shop@sha256:12', 'https://shop'],
  'compare-with': ['Shop', 'a b', 'shop@sha256:12'],
  waivers: ['a\nb'],
  'fail-on': ['severe', 'high:soon', 'critical, none', 'high:epss>=7'],
  reports: [
    'scan.sarif',
    'pdf=a.pdf',
    'json=',
    'json=a.json, json=b.json',
    'json=a, csv=a',
    'json=../a.json',
    'json=/etc/a',
    'json=a/',
  ],
  comment: ['on', 'true', 'never'],
  check: ['on', 'true', 'never'],
  unrated: ['pass', 'error'],
  environment: anyText,
  cluster: ['-prod', 'a b', 'arn:aws:eks:eu-west-1:111122223333:cluster/prod', 'x'.repeat(101)],
  'eks-cluster': ['-prod', 'a b', 'arn:aws:eks:eu-west-1:111122223333:cluster/prod'],
  namespace: notName.slice(1),
  manifests: anyText,
  values: anyText,
  'other-namespaces': ['Shop', 'a b'],
  images: notPinned,
  application: ['Shop!', 'a b', '-x', 'x'.repeat(64)],
  soak: [...notDuration, '2h'],
  alarms: [
    'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-5xx',
    Array.from({ length: 101 }, (_, i) => `a${i}`).join('\n'),
  ],
  'health-rules': ['{', '{}', '[{}]', '["x"]'],
  'require-readiness-gates': notBoolean,
  'environment-url': ['shop.example.com', 'ftp://x', 'https://a b'],
  'github-token': anyText,
  rollback: notBoolean,
  'dry-run': notBoolean,
  'force-conflicts': notBoolean,
  'take-ownership': notBoolean,
  to: ['0', '-1', 'last', '1.5', '1000001'],
  workloads: ['api', 'deploymnet/api', 'deployment/', '/api', 'deployment/A b'],
  selector: [',', 'a b', '=x'],
  'helm-release': ['Shop', 'a b', 'x'.repeat(54)],
  'from-manifests': anyText,
  'expected-images': notPinned,
}

const inputs = contracts.flatMap(contract =>
  Object.entries(contract.inputs).map(([name, one]) => ({ contract, name, one })),
)

test('every input of every action has values that it refuses, or takes any text', () => {
  const names = new Set(inputs.map(({ name }) => name))
  expect([...names].filter(name => !(name in refused))).toEqual([])
  expect(Object.keys(refused).filter(name => !names.has(name))).toEqual([])
})

describe('a wrong value is refused by one sentence that names the input, before anything else happens:', () => {
  const cases = inputs.flatMap(({ contract, name, one }) => {
    const values = refused[name] ?? []
    return values === anyText ? [] : values.map(value => [contract.name, name, value, one] as const)
  })
  test.each(cases)('%s: %s is %j', (_, name, value, one) => {
    const problems = inputProblems({ [name]: one }, { [`INPUT_${name.toUpperCase()}`]: value })
    expect(problems).toHaveLength(1)
    const [problem] = problems
    expect(problem).toBeInstanceOf(UserError)
    expect(problem?.code).toBe(`input-${name}`)
    expect(problem?.message).toMatch(/^[^\n]+\.$/)
    expect(problem?.message).toMatch(new RegExp(`(?:^|\\W)${name}\\W`))
    expect(problem?.todo).toMatch(/^[^\n]+[.?]$/)
  })
})

describe('a required input that is empty is said to be missing:', () => {
  const required = inputs.filter(({ one }) => one.required)
  test.each(required.map(({ contract, name, one }) => [contract.name, name, one] as const))(
    '%s: %s',
    (_, name, one) => {
      for (const value of ['', ' ', '\n'])
        expect(inputProblems({ [name]: one }, { [`INPUT_${name.toUpperCase()}`]: value })).toEqual([
          expect.objectContaining({ code: 'input-missing', message: `Input "${name}" is required and was not given.` }),
        ])
    },
  )
})

test('an input that is empty and not required counts as not given', () => {
  for (const { name, one } of inputs.filter(({ one: input }) => !input.required))
    expect(inputProblems({ [name]: one }, { [`INPUT_${name.toUpperCase()}`]: '  ' })).toEqual([])
})
