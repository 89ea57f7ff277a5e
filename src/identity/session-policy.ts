import { UserError } from '../runtime/errors.ts'
import type { PolicyDocument, PolicyStatement } from './model.ts'
import type { JsonPolicy } from './session-request.ts'

/** Where resources live whose ARNs a preset renders. */
export interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
}

export interface RepositoriesOf extends Place {
  /** Names of ECR repositories: `shop/api`. */
  readonly repositories: readonly string[]
}

/** Plain text limit of AssumeRoleWithWebIdentity, in characters (IAM quotas). */
const longestPolicy = 2_048

/** To push images by layers, read them back and look at the repository. The registry login is not scoped by IAM. */
export function ecrPush(place: RepositoriesOf): PolicyDocument {
  return policy(login, {
    Effect: 'Allow',
    Action: [
      'ecr:BatchCheckLayerAvailability',
      'ecr:BatchGetImage',
      'ecr:CompleteLayerUpload',
      'ecr:DescribeImages',
      'ecr:DescribeRepositories',
      'ecr:GetDownloadUrlForLayer',
      'ecr:InitiateLayerUpload',
      'ecr:PutImage',
      'ecr:UploadLayerPart',
    ],
    Resource: repositoryArns(place),
  })
}

/**
 * To read scan findings of images, start a scan where none ran, and read the manifests that name the platforms.
 * How the registry scans is asked too: without that answer an empty result must be watched for longer to be believed.
 */
export function ecrScan(place: RepositoriesOf): PolicyDocument {
  // The configuration of a registry knows no resource.
  const settings: PolicyStatement = { Effect: 'Allow', Action: 'ecr:GetRegistryScanningConfiguration', Resource: '*' }
  return policy(settings, {
    Effect: 'Allow',
    Action: [
      'ecr:BatchGetImage',
      'ecr:BatchGetRepositoryScanningConfiguration',
      'ecr:DescribeImageScanFindings',
      'ecr:DescribeImages',
      'ecr:DescribeRepositories',
      'ecr:StartImageScan',
    ],
    Resource: repositoryArns(place),
  })
}

export interface DeployTo extends RepositoriesOf {
  readonly cluster: string
  /** True when CloudWatch alarms are to be watched. */
  readonly alarms?: boolean
}

/**
 * To reach a cluster (what may be done inside is for its access entries and RBAC), to check that images exist, and to
 * read what load balancers and alarms say of a release. Those reads know no resource, or, for composite alarms, none
 * but all.
 */
export function eksDeploy({ cluster, alarms = false, ...place }: DeployTo): PolicyDocument {
  const reach: PolicyStatement = {
    Effect: 'Allow',
    // Its access entries are looked up when it does not know the role.
    Action: ['eks:DescribeCluster', 'eks:ListAccessEntries'],
    Resource: `arn:${place.partition}:eks:${place.region}:${place.account}:cluster/${cluster}`,
  }
  const targets = ['elasticloadbalancing:DescribeTargetGroups', 'elasticloadbalancing:DescribeTargetHealth']
  const judge: PolicyStatement = {
    Effect: 'Allow',
    Action: alarms ? ['cloudwatch:DescribeAlarms', ...targets] : targets,
    Resource: '*',
  }
  if (place.repositories.length === 0) return policy(reach, judge)
  return policy(reach, judge, {
    Effect: 'Allow',
    Action: ['ecr:BatchGetImage', 'ecr:DescribeImages'],
    Resource: repositoryArns(place),
  })
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
      todo: 'Use fewer repositories in one step.',
    },
  )
}

/** `ecr:GetAuthorizationToken` knows no resource. */
const login: PolicyStatement = { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }

function policy(...statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement: statements }
}

function repositoryArns({ partition, region, account, repositories }: RepositoriesOf): readonly string[] {
  return repositories.map(name => `arn:${partition}:ecr:${region}:${account}:repository/${name}`)
}
