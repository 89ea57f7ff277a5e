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
  'ecr-repository': { role, region: 'eu-west-1', 'repository-settings': '{"shop/api":{}}' },
  'ecr-login': { role, region: 'eu-west-1' },
  'build-push': { role, region: 'eu-west-1', repository: 'shop/api' },
  scan: { role, region: 'eu-west-1', image },
  deploy: { role, region: 'eu-west-1', cluster: 'prod', namespace: 'shop' },
  rollback: { role, region: 'eu-west-1', cluster: 'prod', namespace: 'shop' },
  verify: { role, region: 'eu-west-1', cluster: 'prod', namespace: 'shop', workloads: 'deployment/api' },
}

const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n'

interface Case {
  readonly what: string
  readonly action: ActionName
  /** Change of the good inputs; undefined takes one away. */
  readonly inputs: Readonly<Record<string, string | undefined>>
  readonly files?: WorkspaceFiles
  readonly env?: Readonly<Record<string, string>>
  /** Must all be in the one error. */
  readonly says: readonly string[]
  /** `app.yaml:4`: the error is an annotation of that line. */
  readonly at?: string
}

const app = 'app.yaml'
const manifests = { manifests: app }
const workload = (image: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: api }\nspec:\n  minReadySeconds: 5\n  template:\n    spec:\n      containers:\n      - name: api\n        image: ${image}\n`

const further = 'arn:aws:iam::444455556666:role/release'

/** Inputs of assume-role that contradict each other. */
const contradictions: readonly Case[] = [
  [
    { 'web-identity-token-file': 'token', source: 'environment' },
    'web-identity-token-file is given, and source is "environment".',
  ],
  [{ audience: 'x', 'web-identity-token-file': 'token' }, 'audience is given, and web-identity-token-file is "token".'],
  [{ audience: 'x', source: 'environment' }, 'audience is given, and source is "environment".'],
  [{ 'role-chain': further, duration: '2h' }, 'duration is more than 1h, and role-chain is given.'],
  [{ 'external-id': 'shop' }, 'external-id is given, but the role is assumed with a web identity token alone.'],
  [{ 'session-tags': 'a=b' }, 'session-tags is given, but the role is assumed with a web identity token alone.'],
  [{ 'role-chain': further, 'transitive-tags': 'a' }, 'transitive-tags names "a", which session-tags does not have.'],
  [
    { 'role-chain': further, 'allowed-account-ids': '111122223333' },
    'is in account 444455556666, which allowed-account-ids does not name.',
  ],
  [{ region: 'cn-north-1' }, 'region "cn-north-1" is not in the partition of the role.'],
  [{ region: 'us-gov-west-1' }, 'region "us-gov-west-1" is not in the partition of the role.'],
  [{ 'managed-session-policies': 'arn:aws:iam::444455556666:policy/x' }, 'is in another account than role'],
].map(([inputs, says], index) => ({
  what: `inputs contradict each other, ${index + 1}`,
  action: 'assume-role' as const,
  inputs: inputs as Readonly<Record<string, string>>,
  says: [says as string],
}))

const cases: readonly Case[] = [
  ...contradictions,
  {
    what: 'there is no file with the trust policy',
    action: 'assume-role',
    inputs: { 'trust-policy': 'infra/trust.json' },
    says: ['trust-policy "infra/trust.json" is no trust policy of a role: there is no such file in the checkout.'],
  },
  {
    what: 'the trust policy is not JSON',
    action: 'deploy',
    inputs: { 'trust-policy': 'trust.json', ...manifests },
    files: { 'trust.json': '{\n  "Statement": [,]\n}', [app]: manifest },
    says: ['trust-policy "trust.json" is no trust policy of a role: it is not JSON', 'is not valid JSON'],
  },
  {
    what: 'the trust policy says what the role may do',
    action: 'scan',
    inputs: { 'trust-policy': 'trust.json' },
    files: { 'trust.json': '{"Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}' },
    says: ['its statement 1 has no "Principal"', 'not of who may assume it'],
  },
  {
    what: 'nothing says what to judge',
    action: 'verify',
    inputs: { workloads: undefined },
    says: ['None of the inputs "workloads", "selector", "helm-release" and "from-manifests" is given.'],
  },
  {
    what: 'two inputs say what to judge',
    action: 'verify',
    inputs: { 'helm-release': 'shop' },
    says: ['2 of the inputs "workloads"', 'Give exactly one'],
  },
  {
    what: 'a workload is of a kind that is misspelt',
    action: 'verify',
    inputs: { workloads: 'deploymnet/api' },
    says: ['the kind "deploymnet" is not known here', 'Did you mean deployment/api?'],
  },
  {
    what: 'a workload has no kind',
    action: 'verify',
    inputs: { workloads: 'api' },
    says: ['workloads "api" is not of the form kind/name.', 'deployment/api'],
  },
  {
    what: 'a selector is empty of labels',
    action: 'verify',
    inputs: { workloads: undefined, selector: ',' },
    says: ['selector "," is not a label selector.'],
  },
  {
    what: 'an expected image has a tag only',
    action: 'verify',
    inputs: { 'expected-images': '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1' },
    says: ['has no digest', 'A tag can be moved'],
  },
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
    what: 'a lifecycle policy is one that ECR refuses',
    action: 'ecr-repository',
    inputs: {
      'repository-settings':
        '{"shop/api":{"lifecycle":[{"rulePriority":1,"selection":{"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}}',
    },
    says: [
      'repository-settings: shop/api.lifecycle[0].selection has tagStatus tagged, and neither tagPatternList nor tagPrefixList.',
    ],
  },
  ...[
    ['{}', 'repository-settings names no repository.'],
    ['{"Shop":{}}', 'repository-settings: Shop is not the name of an ECR repository.'],
    ['{"shop/api":{"mutabilty":"mutable"}}', 'repository-settings: shop/api.mutabilty is not known here'],
  ].map(([settings = '', says = '']) => ({
    what: `repositories are wrong: ${settings}`,
    action: 'ecr-repository' as const,
    inputs: { 'repository-settings': settings },
    says: [says],
  })),
  {
    what: 'slipway.yaml has two rules for any image',
    action: 'ecr-repository',
    inputs: { 'repository-settings': undefined },
    files: {
      'slipway.yaml': `repositories:
  shop/api:
    lifecycle:
      - { rulePriority: 1, selection: { tagStatus: any, countType: imageCountMoreThan, countNumber: 9 }, action: { type: expire } }
      - { rulePriority: 2, selection: { tagStatus: any, countType: imageCountMoreThan, countNumber: 5 }, action: { type: expire } }
`,
    },
    says: [
      'slipway.yaml:4:11: "repositories.shop/api.lifecycle[0].rulePriority" is 1, and a rule for any image comes last: rule 2 comes after it.',
    ],
  },
  {
    what: 'nothing says what the repositories should be',
    action: 'ecr-repository',
    inputs: { 'repository-settings': undefined },
    says: ['Input "repository-settings" is required', 'or in slipway.yaml'],
  },
  {
    what: 'an image to keep is named by its tag',
    action: 'ecr-repository',
    inputs: { 'keep-digests': 'shop/api:1' },
    says: ['keep-digests "shop/api:1" is not the digest of an image.'],
  },
  {
    what: 'a registry is not one of ECR',
    action: 'ecr-login',
    inputs: { registries: 'ghcr.io' },
    says: ['registries "ghcr.io" is no registry of Amazon ECR.', 'public.ecr.aws'],
  },
  {
    what: 'a registry is in a region that does not exist',
    action: 'ecr-login',
    inputs: { registries: '111122223333.dkr.ecr.us-east-l.amazonaws.com' },
    says: ['There is no region "us-east-l".'],
  },
  {
    what: 'a registry is in another partition than the role',
    action: 'ecr-login',
    inputs: { registries: '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn' },
    says: ['is in the partition aws-cn, the role in aws.', 'in a step of its own'],
  },
  {
    what: 'the access is a word that does not exist',
    action: 'ecr-login',
    inputs: { access: 'write' },
    says: ['access "write" is none of pull, push, role.'],
  },
  {
    what: 'repositories are named for all that the role may',
    action: 'ecr-login',
    inputs: { access: 'role', repositories: 'shop/*' },
    says: ['repositories is given, and access is "role".'],
  },
  {
    what: 'a repository is named with its registry',
    action: 'ecr-login',
    inputs: { repositories: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/Shop' },
    says: ['repositories "', 'without the registry'],
  },
  {
    what: 'the image is in another registry than ECR',
    action: 'scan',
    inputs: { image: `ghcr.io/acme/shop@sha256:${'a1'.repeat(32)}` },
    says: ['is not in ECR, and only ECR scans it.'],
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
    says: ['input "manifests": app.yaml:4 is not YAML: '],
    at: 'app.yaml:4',
  },
  {
    what: 'a document of a manifest is no object',
    action: 'deploy',
    inputs: manifests,
    files: { [app]: `${manifest}---\nreplicas: 3\n` },
    says: ['input "manifests": app.yaml:5 is no Kubernetes object.', 'It lacks apiVersion, kind, metadata.name.'],
    at: 'app.yaml:5',
  },
  {
    what: 'an object is in the manifests twice',
    action: 'deploy',
    inputs: { manifests: 'k8s/' },
    files: { 'k8s/a.yaml': manifest, 'k8s/b.yaml': `# again\n${manifest}` },
    says: ['ConfigMap a is there twice, at k8s/a.yaml:2 and k8s/b.yaml:3.', 'Keep one of the two'],
    at: 'k8s/b.yaml:3',
  },
  {
    what: 'a variable in a manifest was not expanded',
    action: 'deploy',
    inputs: manifests,
    files: { [app]: workload('shop/api:${TAG}') },
    says: [
      'app.yaml:10: spec.template.spec.containers[0].image of Deployment api still holds ${TAG}.',
      'let the input "images" set the digest',
    ],
    at: 'app.yaml:10',
  },
  {
    what: 'a template was not filled in',
    action: 'deploy',
    inputs: manifests,
    files: { [app]: workload('{{ .Values.image }}') },
    says: ['input "manifests": app.yaml:10 is a template, not YAML.', 'Name the folder of the Helm chart'],
    at: 'app.yaml:10',
  },
  {
    what: 'an object is for another namespace',
    action: 'deploy',
    inputs: manifests,
    files: { [app]: manifest.replace('{ name: a }', '{ name: a, namespace: kube-system }') },
    says: ['app.yaml:3: ConfigMap a is for namespace "kube-system", this release for "shop".', 'other-namespaces'],
    at: 'app.yaml:3',
  },
  {
    what: 'the soak does not fit into the timeout',
    action: 'deploy',
    inputs: { ...manifests, soak: '5m', timeout: '5m' },
    files: { [app]: manifest },
    says: ['input "soak" is 300 s, and "timeout" only 300 s.'],
  },
  {
    what: 'a manifest leaves the timeout no room',
    action: 'deploy',
    inputs: { ...manifests, soak: '6s', timeout: '10s' },
    files: { [app]: workload('shop/api') },
    says: [
      'app.yaml:5: spec.minReadySeconds of Deployment api is 5 s, and the inputs "timeout" and "soak" are 10 s and 6 s',
    ],
    at: 'app.yaml:5',
  },
  {
    what: 'a folder holds a Kustomize folder that is not named',
    action: 'deploy',
    inputs: { manifests: 'k8s/' },
    files: { 'k8s/prod/kustomization.yaml': 'resources: []\n' },
    says: ['k8s/ holds the Kustomize folder k8s/prod.', 'Name k8s/prod itself'],
  },
  {
    what: 'there is nothing to build a Kustomize folder with',
    action: 'deploy',
    inputs: { manifests: 'k8s' },
    files: { 'k8s/kustomization.yaml': 'resources: []\n' },
    env: { PATH: '' },
    says: ['k8s is a Kustomize folder, and there is neither kustomize nor kubectl here.'],
  },
  {
    what: 'there is nothing to render a Helm chart with',
    action: 'deploy',
    inputs: { manifests: 'chart' },
    files: { 'chart/Chart.yaml': 'name: shop\n' },
    env: { PATH: '' },
    says: ['chart is a Helm chart, and there is no helm here.', 'Install it in a step before'],
  },
  {
    what: 'values are given and there is no chart',
    action: 'deploy',
    inputs: { ...manifests, values: 'prod.yaml' },
    files: { [app]: manifest, 'prod.yaml': '' },
    says: ['input "values" names prod.yaml, and there is no Helm chart among the manifests.'],
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
  test.each(cases)('$action: $what', async ({ action, inputs, files, env, says, at }) => {
    const all = Object.entries({ ...good[action], ...inputs })
    const given = Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined))
    const { code, stdout, stderr, errors, output, summary } = await runBundle(action, given, files, env)
    expect(errors).toHaveLength(1)
    for (const words of says) expect(errors[0]).toContain(words)
    expect(errors[0]).toMatch(/docs\/troubleshooting\.md#[a-z-]+$/)
    expect(code).toBe(1)
    const [file, line] = at?.split(':') ?? []
    if (file !== undefined) expect(stdout).toContain(`::error file=${file},line=${line},title=`)
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
      const { code, stdout, stderr } = await runBundle(name, {}, {}, {}, 'post.js')
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
    },
  )
})
