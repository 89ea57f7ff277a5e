import { account, cluster, github, hosts, kubernetesVersion, partition, region, repositories, roles } from '../world.ts'
import { nodeRole } from './node-credentials.ts'

export interface SeedRole {
  readonly name: string
  readonly trust: unknown
  readonly policies: Readonly<Record<string, unknown>>
  readonly maxSession?: number
}

export interface SeedRepository {
  readonly name: string
  readonly mutability?: string
  readonly scanOnPush?: boolean
}

/** What an account gets; POST /seed of the control API takes the same shape. */
export interface Seed {
  readonly providers?: readonly { readonly url: string; readonly clientIds: readonly string[] }[]
  readonly roles?: readonly SeedRole[]
  readonly repositories?: readonly SeedRepository[]
  readonly clusters?: readonly {
    readonly name: string
    readonly version: string
    readonly roleArn: string
    readonly endpoint: string
    /** Base64 of the PEM. */
    readonly certificateAuthority: string
  }[]
  readonly loadBalancers?: readonly { readonly name: string; readonly dnsName: string }[]
}

export const clusterArn = `arn:${partition}:eks:${region}:${account}:cluster/${cluster.name}`
export const repositoryArn = (name: string): string => `arn:${partition}:ecr:${region}:${account}:repository/${name}`

/** The account as it is at the start and after every reset, from world.ts. */
export function initialWorld(certificateAuthority: string): Seed {
  return {
    providers: [{ url: `https://${hosts.issuer}`, clientIds: ['sts.amazonaws.com'] }],
    roles: [
      { name: nameOf(roles.build), trust: trustInMain, policies: { build: buildPolicy }, maxSession: 3600 },
      { name: nameOf(roles.deploy), trust: trustInMain, policies: { deploy: deployPolicy }, maxSession: 7200 },
      { name: nodeRole.name, trust: serviceTrust('ec2'), policies: { pull: nodePolicy } },
      { name: 'eks-cluster', trust: serviceTrust('eks'), policies: {} },
    ],
    repositories: repositories.map(name => ({ name, mutability: 'IMMUTABLE', scanOnPush: true })),
    clusters: [
      {
        name: cluster.name,
        version: kubernetesVersion.split('.').slice(0, 2).join('.'),
        roleArn: `arn:${partition}:iam::${account}:role/eks-cluster`,
        endpoint: `https://${cluster.host}`,
        certificateAuthority: Buffer.from(certificateAuthority).toString('base64'),
      },
    ],
    loadBalancers: [{ name: 'shop', dnsName: hosts.loadBalancer }],
  }
}

const nameOf = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf('/') + 1)

/** Runs of the sample's main branch, by the legacy `sub` and by the immutable one of repositories made since July 2026. */
const trustInMain = policy({
  Effect: 'Allow',
  Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${hosts.issuer}` },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: {
    StringEquals: {
      [`${hosts.issuer}:aud`]: 'sts.amazonaws.com',
      [`${hosts.issuer}:sub`]: [
        `repo:${github.repository}:ref:refs/heads/main`,
        `repo:${github.owner}@${github.ownerId}/shop@${github.repositoryId}:ref:refs/heads/main`,
      ],
    },
  },
})

const pull = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability']
const look = ['ecr:DescribeImages', 'ecr:DescribeRepositories', 'ecr:ListImages', 'ecr:ListImageReferrers']
const push = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage']
const scan = ['ecr:StartImageScan', 'ecr:DescribeImageScanFindings', 'ecr:BatchGetRepositoryScanningConfiguration']
const pushPublic = ['ecr:BatchCheckLayerAvailability', ...push].map(action => action.replace('ecr:', 'ecr-public:'))
const judge = [
  'elasticloadbalancing:DescribeTargetGroups',
  'elasticloadbalancing:DescribeTargetHealth',
  'cloudwatch:DescribeAlarms',
]
const shop = repositoryArn('shop/*')

const buildPolicy = policy(
  allow(['ecr:GetAuthorizationToken', 'ecr:GetRegistryScanningConfiguration'], '*'),
  allow([...pull, ...look, ...push, ...scan], shop),
  allow(['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'], '*'),
  allow(pushPublic, `arn:${partition}:ecr-public::${account}:repository/shop/*`),
)

const deployPolicy = policy(
  allow(['eks:DescribeCluster', 'eks:ListAccessEntries'], clusterArn),
  allow(['ecr:GetAuthorizationToken'], '*'),
  allow([...pull, ...look, 'ecr:DescribeImageScanFindings'], shop),
  allow(judge, '*'),
)

/** As AmazonEC2ContainerRegistryPullOnly: what an EKS node role carries. */
/** Everything that an EKS node may pull, except what a scenario needs to be refused. */
const nodePolicy = policy(allow(['ecr:GetAuthorizationToken', ...pull], '*'), {
  Effect: 'Deny',
  Action: 'ecr:*',
  Resource: repositoryArn('restricted/*'),
})

function policy(...statements: readonly object[]): unknown {
  return { Version: '2012-10-17', Statement: statements }
}

function allow(actions: readonly string[], resource: string): object {
  return { Effect: 'Allow', Action: actions, Resource: resource }
}

function serviceTrust(service: string): unknown {
  return policy({ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: 'sts:AssumeRole' })
}
