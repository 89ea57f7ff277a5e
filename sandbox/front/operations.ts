import { account, partition, region } from '../world.ts'
import type { Protocol } from './aws-errors.ts'
import { isRecord } from './http.ts'
import { clusterArn, repositoryArn } from './seed.ts'
import type { RawRequest } from './sigv4.ts'

/** An AWS call, understood as far as IAM must. */
export interface Operation {
  /** IAM service prefix: `ecr`. */
  readonly service: string
  /** `DescribeImages` */
  readonly name: string
  readonly protocol: Protocol
  /** Resources that the permission is asked for; all must be allowed. */
  readonly resources: readonly string[]
  /** Parameters of the body or the query; strings only for query services. */
  readonly input: Readonly<Record<string, unknown>>
}

interface Service {
  readonly iam: string
  readonly protocol: Protocol
}

/** By the labels of the host name before the region. */
const services: Readonly<Record<string, Service>> = {
  sts: { iam: 'sts', protocol: 'query' },
  eks: { iam: 'eks', protocol: 'rest-json' },
  'api.ecr': { iam: 'ecr', protocol: 'json' },
  'api.ecr-public': { iam: 'ecr-public', protocol: 'json' },
  iam: { iam: 'iam', protocol: 'query' },
  elasticloadbalancing: { iam: 'elasticloadbalancing', protocol: 'query' },
  secretsmanager: { iam: 'secretsmanager', protocol: 'json' },
  rds: { iam: 'rds', protocol: 'query' },
  elasticache: { iam: 'elasticache', protocol: 'query' },
  monitoring: { iam: 'cloudwatch', protocol: 'query' },
  ec2: { iam: 'ec2', protocol: 'ec2' },
  inspector2: { iam: 'inspector2', protocol: 'rest-json' },
  acm: { iam: 'acm', protocol: 'json' },
  s3: { iam: 's3', protocol: 's3' },
  kms: { iam: 'kms', protocol: 'json' },
}

export function serviceOf(host: string): Service | undefined {
  return services[host.replace(/\.amazonaws\.com$/, '').replace(new RegExp(`\\.${region}$`), '')]
}

/** CloudWatch speaks several protocols; a request shows which one its sender does. */
export function protocolOf({ protocol }: Service, { headers }: Pick<RawRequest, 'headers'>): Protocol {
  return protocol === 'query' && headers['x-amz-target'] !== undefined ? 'json' : protocol
}

/** undefined when the call is none that the front knows. */
export function operationOf(host: string, raw: RawRequest): Operation | undefined {
  const service = serviceOf(host)
  if (!service) return undefined
  const named = nameAndInput(service, raw)
  if (!named) return undefined
  return {
    service: service.iam,
    protocol: protocolOf(service, raw),
    ...named,
    resources: resourcesOf(service.iam, named.name, named.input),
  }
}

interface Named {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

function nameAndInput(service: Service, raw: RawRequest): Named | undefined {
  if (service.iam === 's3') return { name: s3Operation(raw), input: { bucket: raw.url.pathname.split('/')[1] ?? '' } }
  if (service.protocol === 'rest-json') return restOperation(service.iam, raw)
  const target = raw.headers['x-amz-target']
  if (typeof target === 'string') return { name: target.slice(target.lastIndexOf('.') + 1), input: parsed(raw.body) }
  const rpc = /\/operation\/(\w+)$/.exec(raw.url.pathname)
  if (rpc?.[1]) return { name: rpc[1], input: {} }
  const parameters = formOf(raw)
  const name = parameters.get('Action')
  return name === null ? undefined : { name, input: Object.fromEntries(parameters) }
}

/** Parameters of a query service: the body's, or the URL's for a GET. */
export function formOf(raw: RawRequest): URLSearchParams {
  return raw.method === 'GET' ? raw.url.searchParams : new URLSearchParams(raw.body.toString())
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString() || '{}')
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/** REST services name the operation by method and path; these are the ones that a delivery asks. */
const routes: Readonly<Record<string, readonly (readonly [method: string, path: RegExp, name: string])[]>> = {
  eks: [
    ['GET', /^\/clusters$/, 'ListClusters'],
    ['GET', /^\/clusters\/(?<name>[^/]+)$/, 'DescribeCluster'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/node-groups$/, 'ListNodegroups'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/node-groups\/[^/]+$/, 'DescribeNodegroup'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/updates$/, 'ListUpdates'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/access-entries$/, 'ListAccessEntries'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/access-entries\/[^/]+$/, 'DescribeAccessEntry'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/addons$/, 'ListAddons'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/addons\/[^/]+$/, 'DescribeAddon'],
    ['GET', /^\/clusters\/(?<name>[^/]+)\/pod-identity-associations$/, 'ListPodIdentityAssociations'],
  ],
  inspector2: [
    ['POST', /^\/findings\/list$/, 'ListFindings'],
    ['POST', /^\/coverage\/list$/, 'ListCoverage'],
  ],
}

function restOperation(service: string, raw: RawRequest): Named | undefined {
  for (const [method, path, name] of routes[service] ?? []) {
    const match = method === raw.method ? path.exec(decodeURIComponent(raw.url.pathname)) : null
    if (match) return { name, input: { ...parsed(raw.body), ...match.groups } }
  }
  return undefined
}

function s3Operation(raw: RawRequest): string {
  const object = raw.url.pathname.split('/').length > 2 && !raw.url.pathname.endsWith('/')
  const verb = { GET: 'Get', HEAD: 'Get', PUT: 'Put', POST: 'Put', DELETE: 'Delete' }[raw.method] ?? 'Get'
  return object ? `${verb}Object` : verb === 'Get' ? 'ListBucket' : `${verb}Bucket`
}

const arn = (service: string, rest: string): string => `arn:${partition}:${service}:${region}:${account}:${rest}`

/** Operations that IAM knows for `*` only. */
const ecrAccountWide =
  /^(GetAuthorizationToken|.*Registry(Policy|ScanningConfiguration)?|.*AccountSetting|PutReplicationConfiguration|.*CreationTemplates?)$/

function resourcesOf(service: string, name: string, input: Readonly<Record<string, unknown>>): readonly string[] {
  const text = (key: string): string | undefined => (typeof input[key] === 'string' ? input[key] : undefined)
  switch (service) {
    case 'ecr': {
      if (ecrAccountWide.test(name)) return ['*']
      const tagged = text('resourceArn')
      if (tagged !== undefined) return [tagged]
      const many = Array.isArray(input.repositoryNames) ? input.repositoryNames.map(String) : []
      return (many.length > 0 ? many : [text('repositoryName') ?? '*']).map(repositoryArn)
    }
    case 'eks':
      return [input.name === undefined ? '*' : clusterArn.replace(/[^/]+$/, text('name') ?? '')]
    case 'secretsmanager': {
      const id = text('SecretId')
      return [id === undefined ? '*' : id.startsWith('arn:') ? id : arn(service, `secret:${id}-AbCdEf`)]
    }
    case 'rds':
      return [arn(service, `db:${text('DBInstanceIdentifier') ?? '*'}`)]
    case 'elasticache':
      return [arn(service, `replicationgroup:${text('ReplicationGroupId') ?? '*'}`)]
    case 's3':
      return [`arn:${partition}:s3:::${String(input.bucket)}${name.endsWith('Object') ? '/-' : ''}`]
    case 'iam': {
      const role = text('RoleName')
      return [role === undefined ? '*' : `arn:${partition}:iam::${account}:role/${role}`]
    }
    default:
      return ['*']
  }
}
