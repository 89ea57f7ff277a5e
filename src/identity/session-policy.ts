import type { DesiredRepository } from '../registry/repository/desired.ts'
import { UserError } from '../runtime/errors.ts'
import type { PolicyDocument, PolicyStatement } from './model.ts'
import type { JsonPolicy } from './session-request.ts'

/** Where resources live whose ARNs a preset renders. */
export interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
}

/** An ECR repository, or several by a pattern of IAM: `shop/api`, `shop/*`. */
export interface EcrRepository extends Place {
  readonly name: string
}

/** Plain text limit of AssumeRoleWithWebIdentity, in characters (IAM quotas). */
export const longestPolicy = 2_048

const readImages = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] as const
const pushImages = [
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:CompleteLayerUpload',
  'ecr:GetDownloadUrlForLayer',
  'ecr:InitiateLayerUpload',
  'ecr:PutImage',
  'ecr:UploadLayerPart',
] as const

export interface BuildAndPush {
  readonly push: readonly EcrRepository[]
  /** Read only: base images, caches. */
  readonly pull?: readonly EcrRepository[]
}

/** To push images by layers and read them back. The password of the registry may do what its session may, and no more. */
export function ecrPush({ push, pull = [] }: BuildAndPush): PolicyDocument {
  return policy(login, allow(pushImages, arnsOf(push)), ...(pull.length === 0 ? [] : [allow(readImages, arnsOf(pull))]))
}

/** What later steps may do with the password of a registry: all that it opens is bounded by the session that asked for it. */
export type RegistryAccess = 'pull' | 'push'

export interface LogIn {
  /** Repositories of private registries. */
  readonly repositories: readonly EcrRepository[]
  /** When public ECR is among the registries: names in the account's own part of it. */
  readonly inPublic?: { readonly account: string; readonly names: readonly string[] }
  readonly access: RegistryAccess
}

/** To log in to registries for tools of later steps. `ListImages` is how the registry API lists tags. */
export function ecrLogin({ repositories, inPublic, access }: LogIn): PolicyDocument {
  const actions = access === 'push' ? pushImages : readImages
  const inPrivate =
    repositories.length === 0 ? [] : [login, allow(['ecr:ListImages', ...actions].toSorted(), arnsOf(repositories))]
  return policy(...inPrivate, ...(inPublic === undefined ? [] : publicStatements(inPublic, access)))
}

/** Public ECR is in the partition `aws` only; its repositories have no region. Everybody may pull. */
function publicStatements(
  { account, names }: NonNullable<LogIn['inPublic']>,
  access: RegistryAccess,
): readonly PolicyStatement[] {
  const enter = allow(['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'], '*')
  const upload = [
    'ecr-public:BatchCheckLayerAvailability',
    'ecr-public:CompleteLayerUpload',
    'ecr-public:InitiateLayerUpload',
    'ecr-public:PutImage',
    'ecr-public:UploadLayerPart',
  ]
  const arns = names.map(name => `arn:aws:ecr-public::${account}:repository/${name}`)
  return access === 'pull' ? [enter] : [enter, allow(upload, arns)]
}

/**
 * To read scan findings of images, start a scan where none ran, and read the manifests that name the platforms.
 * How the registry scans is asked too: without that answer an empty result must be watched for longer to be believed.
 */
export function ecrScan(repositories: readonly EcrRepository[]): PolicyDocument {
  // The configuration of a registry knows no resource.
  return policy(
    allow(['ecr:GetRegistryScanningConfiguration'], '*'),
    allow(
      [
        'ecr:BatchGetImage',
        'ecr:BatchGetRepositoryScanningConfiguration',
        'ecr:DescribeImageScanFindings',
        'ecr:StartImageScan',
      ],
      arnsOf(repositories),
    ),
  )
}

export interface KeepRepositories extends Place {
  readonly repositories: readonly EcrRepository[]
  /** What is said of them: nothing is asked or written that nobody mentions. */
  readonly desired: readonly DesiredRepository[]
  readonly mode: 'plan' | 'apply' | 'drift'
  /** Clusters whose records of releases are read. */
  readonly clusters: readonly string[]
  /** True when images have to stay: an index that a lifecycle policy selects is read for what it holds. */
  readonly keeps: boolean
}

/**
 * To compare repositories with what they should be, to preview lifecycle policies, and, to apply, to write what is said
 * of them. Configurations of a registry know no resource.
 */
export function ecrRepository({
  repositories,
  desired,
  mode,
  clusters,
  keeps,
  ...place
}: KeepRepositories): PolicyDocument {
  const says = (key: keyof DesiredRepository): boolean => desired.some(one => one[key] !== undefined)
  const applies = mode === 'apply'
  const { partition, region, account } = place
  const key = `arn:${partition}:kms:${region}:${account}:key/*`
  const keys = desired.flatMap(({ encryption }) =>
    encryption === undefined || encryption.type === 'AES256' ? [] : [encryption.key ?? key],
  )
  return policy(
    allow(
      chosen([
        ['ecr:DescribeRepositoryCreationTemplates'],
        ['ecr:GetRegistryScanningConfiguration', says('scanning')],
        ['ecr:PutRegistryScanningConfiguration', says('scanning') && applies],
        ['ecr:DescribeRegistry', says('replication')],
        ['ecr:PutReplicationConfiguration', says('replication') && applies],
      ]),
      '*',
    ),
    allow(
      chosen([
        ['ecr:DescribeRepositories'],
        ['ecr:CreateRepository', applies],
        ['ecr:PutImageTagMutability', says('mutability') && applies],
        ['ecr:ListTagsForResource', says('tags')],
        ['ecr:TagResource', says('tags') && applies],
        ['ecr:GetRepositoryPolicy', says('policy')],
        ['ecr:SetRepositoryPolicy', applies && desired.some(one => (one.policy ?? 'none') !== 'none')],
        ['ecr:DeleteRepositoryPolicy', applies && desired.some(one => one.policy === 'none')],
        ['ecr:GetLifecyclePolicy', says('lifecycle')],
        ['ecr:StartLifecyclePolicyPreview', says('lifecycle') && mode !== 'drift'],
        ['ecr:GetLifecyclePolicyPreview', says('lifecycle') && mode !== 'drift'],
        ['ecr:BatchGetImage', says('lifecycle') && mode !== 'drift' && keeps],
        ['ecr:PutLifecyclePolicy', applies && desired.some(({ lifecycle = [] }) => lifecycle.length > 0)],
        ['ecr:DeleteLifecyclePolicy', applies && desired.some(({ lifecycle }) => lifecycle?.length === 0)],
      ]),
      arnsOf(repositories),
    ),
    // ECR makes a grant of its own for each repository (user guide: "Encryption at rest").
    ...(applies && keys.length > 0 ? [allow(['kms:CreateGrant', 'kms:DescribeKey', 'kms:RetireGrant'], keys)] : []),
    ...clusters.map(cluster => enterCluster(cluster, place)),
  )
}

/** The actions whose condition holds. */
function chosen(actions: readonly (readonly [action: string, when?: boolean])[]): readonly string[] {
  return actions.filter(([, when = true]) => when).map(([action]) => action)
}

/** Its access entries are looked up when it does not know the role. */
function enterCluster(cluster: string, { partition, region, account }: Place): PolicyStatement {
  return allow(
    ['eks:DescribeCluster', 'eks:ListAccessEntries'],
    `arn:${partition}:eks:${region}:${account}:cluster/${cluster}`,
  )
}

export interface DeployTo extends Place {
  readonly cluster: string
  /** Those of the images whose existence is checked. */
  readonly repositories: readonly EcrRepository[]
  /** True when CloudWatch alarms are to be watched. */
  readonly alarms: boolean
  /** False for a dry run, after which nothing is judged. */
  readonly judged: boolean
}

/**
 * To reach a cluster (what may be done inside is for its access entries and RBAC), to check that images exist, and to
 * read what load balancers and alarms say of a release. Those reads know no resource, or, for composite alarms, none
 * but all.
 */
export function eksDeploy({ cluster, alarms, judged, repositories, ...place }: DeployTo): PolicyDocument {
  const watched = [
    ...(alarms ? ['cloudwatch:DescribeAlarms'] : []),
    ...(judged ? ['elasticloadbalancing:DescribeTargetGroups', 'elasticloadbalancing:DescribeTargetHealth'] : []),
  ]
  return policy(
    enterCluster(cluster, place),
    ...(watched.length === 0 ? [] : [allow(watched, '*')]),
    ...(repositories.length === 0 ? [] : [allow(['ecr:BatchGetImage', 'ecr:DescribeImages'], arnsOf(repositories))]),
  )
}

/**
 * `document` for `repositories`; where that is longer than STS accepts, for whole namespaces instead (`team/*` for
 * `team/api` and `team/web`), the narrowest that fit. Never for more: a name without a namespace stays, and when even
 * that is too long, `renderPolicy` says so.
 */
export function withinLimit(
  repositories: readonly EcrRepository[],
  document: (fitting: readonly EcrRepository[]) => PolicyDocument,
): PolicyDocument {
  const deepest = Math.max(0, ...repositories.map(({ name }) => name.split('/').length - 1))
  for (let depth = deepest + 1; depth >= 1; depth--) {
    const candidate = document(folded(repositories, depth))
    if (JSON.stringify(candidate).length <= longestPolicy) return candidate
  }
  return document(repositories)
}

/** Names of more than `depth` parts, by their first `depth`. */
function folded(repositories: readonly EcrRepository[], depth: number): readonly EcrRepository[] {
  const short = repositories.map(one => {
    const parts = one.name.split('/')
    return parts.length <= depth ? one : { ...one, name: `${parts.slice(0, depth).join('/')}/*` }
  })
  return [...new Map(short.map(one => [arnOf(one), one])).values()]
}

/** Minified JSON. Throws UserError when it is longer than STS accepts. */
export function renderPolicy(document: PolicyDocument | JsonPolicy): string {
  const rendered = JSON.stringify(document)
  if (rendered.length <= longestPolicy) return rendered
  throw new UserError(
    'session-policy',
    `The session policy of this step has ${rendered.length} characters; STS accepts ${longestPolicy}.`,
    {
      why: 'It names every repository of the step.',
      todo: 'Use fewer repositories in one step, or give them a common namespace (team/api, team/web).',
    },
  )
}

/** `ecr:GetAuthorizationToken` knows no resource. */
const login = allow(['ecr:GetAuthorizationToken'], '*')

function policy(...statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements }
}

function allow(actions: readonly string[], resource: string | readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: oneOrAll(actions), Resource: oneOrAll(resource) }
}

/** A list of one is written without brackets: every character counts. */
function oneOrAll(values: string | readonly string[]): string | readonly string[] {
  const [only, ...more] = [values].flat()
  return only !== undefined && more.length === 0 ? only : values
}

function arnsOf(repositories: readonly EcrRepository[]): readonly string[] {
  return [...new Set(repositories.map(arnOf))]
}

function arnOf({ partition, region, account, name }: EcrRepository): string {
  return `arn:${partition}:ecr:${region}:${account}:repository/${name}`
}
