/**
 * The world that the local platform plays: one AWS account, one region, one EKS cluster, one GitHub repository.
 * Names and addresses live here only; hosts file, certificates, DNS, front and tests derive from them.
 */
export const account = '123456789012'
export const region = 'us-east-1'
export const partition = 'aws'
export const kubernetesVersion = '1.36.4'

export const cluster = {
  name: 'prod',
  /** Host name of the API server as EKS would give it. */
  host: 'A1B2C3D4E5F60718293A4B5C6D7E8F90.gr7.us-east-1.eks.amazonaws.com',
} as const

/** Every address stands on the loopback device of the platform's own network namespace. */
export const addresses = {
  node: '10.200.0.2',
  apiServer: '10.200.0.3',
  /** TLS front: AWS, GitHub and the OIDC issuer, all on port 443. */
  front: '10.200.0.4',
  database: '10.200.0.10',
  cache: '10.200.0.11',
  loadBalancer: '10.200.0.20',
  /** Address of the cluster's DNS Service. No kube-proxy: CoreDNS itself listens here. */
  dns: '10.96.0.10',
} as const

export const podSubnet = '10.201.0.0/24'
export const serviceSubnet = '10.96.0.0/16'

/** Ports on 127.0.0.1 of the namespace, for the platform's own use. Actions never see them. */
export const ports = {
  etcd: 2379,
  etcdPeer: 2380,
  registry: 5000,
  moto: 5001,
  control: 5002,
  authenticator: 21362,
  kwok: 10247,
  packages: 5003,
} as const

export const hosts = {
  registry: `${account}.dkr.ecr.${region}.amazonaws.com`,
  /** The same registry, for clients with IPv6 too. */
  registryDualStack: `${account}.dkr-ecr.${region}.on.aws`,
  database: `shop.cluster-c0ffee123456.${region}.rds.amazonaws.com`,
  cache: 'master.shop.c0ffee.use1.cache.amazonaws.com',
  loadBalancer: `shop-1234567890.${region}.elb.amazonaws.com`,
  issuer: 'token.actions.githubusercontent.com',
} as const

/** AWS services that the front answers, by the first label of their regional host name. */
export const awsServices = [
  'sts',
  'eks',
  'api.ecr',
  'api.ecr-public',
  'iam',
  'elasticloadbalancing',
  'secretsmanager',
  'rds',
  'elasticache',
  'monitoring',
  'ec2',
  'inspector2',
  'acm',
  's3',
  'kms',
] as const

/** Everything that resolves to the front. */
export const frontHosts: readonly string[] = [
  ...awsServices.map(service => `${service}.${region}.amazonaws.com`),
  'iam.amazonaws.com',
  'sts.amazonaws.com',
  hosts.registry,
  hosts.registryDualStack,
  hosts.issuer,
  'api.github.com',
  'uploads.github.com',
  /** Registry of public base images: served from the local registry. */
  'public.ecr.aws',
]

/** The sample application's repository on GitHub, and ours as its workflow names it. */
export const github = {
  repository: 'acme/shop',
  repositoryId: '910000001',
  owner: 'acme',
  ownerId: '91000000',
  slipway: 'OWNER/slipway',
} as const

/** Roles that exist from the start, with least-privilege trust in the sample's main branch. */
export const roles = {
  build: `arn:aws:iam::${account}:role/shop-build`,
  deploy: `arn:aws:iam::${account}:role/shop-deploy`,
} as const

export const repositories = ['shop/api'] as const

/** First part of the names of the account's own public repositories: `public.ecr.aws/acme/shop`. */
export const publicAlias = 'acme'

/** Base image of the sample, as its Dockerfile names it. */
export const baseImage = 'public.ecr.aws/docker/library/python:3.11-slim-bookworm'
