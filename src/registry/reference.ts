import { UserError } from '../runtime/errors.ts'

/** `host/repository:tag@digest`, taken apart. Docker Hub's short names are not expanded: a registry is always named. */
export interface ImageReference {
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  /** `sha256:…` */
  readonly digest?: string
}

/** The host name of a private ECR registry, taken apart. */
export interface EcrHost {
  readonly accountId: string
  readonly region: string
  readonly partition: string
}

// Grammar of github.com/distribution/reference.
const hostPattern = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?$/
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestPattern = /^sha256:[0-9a-f]{64}$/

// Host names as the ECR credential helper knows them: plain, FIPS and dual-stack, in every partition.
const ecrPattern =
  /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.(amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn|amazonaws\.eu|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/

const partitions: readonly { readonly regions: RegExp; readonly partition: string; readonly suffix: string }[] = [
  { regions: /^cn-/, partition: 'aws-cn', suffix: 'amazonaws.com.cn' },
  { regions: /^us-gov-/, partition: 'aws-us-gov', suffix: 'amazonaws.com' },
  { regions: /^eusc-/, partition: 'aws-eusc', suffix: 'amazonaws.eu' },
  { regions: /^us-isob-/, partition: 'aws-iso-b', suffix: 'sc2s.sgov.gov' },
  { regions: /^us-isof-/, partition: 'aws-iso-f', suffix: 'csp.hci.ic.gov' },
  { regions: /^eu-isoe-/, partition: 'aws-iso-e', suffix: 'cloud.adc-e.uk' },
  { regions: /^us-iso-/, partition: 'aws-iso', suffix: 'c2s.ic.gov' },
]

export function isTag(text: string): boolean {
  return tagPattern.test(text)
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text)
}

/** ECR's rule for names: the OCI grammar, 2 to 256 characters (CreateRepository). */
export function isRepository(text: string): boolean {
  return text.length >= 2 && text.length <= 256 && repositoryPattern.test(text)
}

/** Takes an image reference apart. Throws UserError `input-image` that says which part is wrong. */
export function parseReference(text: string): ImageReference {
  const { name, tag, digest } = cut(text)
  const slash = name.indexOf('/')
  const registry = name.slice(0, Math.max(slash, 0))
  const repository = name.slice(slash + 1)
  // As Docker decides it: the first part is a host only when it could not be a folder.
  if (slash < 1 || !hostPattern.test(registry) || !/[.:]|^localhost$/.test(registry)) {
    throw wrong(text, 'It names no registry host before the first slash.')
  }
  if (!isRepository(repository))
    throw wrong(text, `"${repository}" is no repository name: lower case, digits and . _ - / only.`)
  if (tag !== undefined && !isTag(tag))
    throw wrong(text, `"${tag}" is no tag: at most 128 of A-Z a-z 0-9 _ . -, not starting with . or -.`)
  if (digest !== undefined && !isDigest(digest))
    throw wrong(text, `"${digest}" is no digest: sha256: and 64 hexadecimal digits.`)
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/** The text of a reference: `host/repository:tag@digest`. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** Account, region and partition in the host name of a private ECR registry; undefined for every other host. */
export function parseEcrHost(host: string): EcrHost | undefined {
  const [, accountId, region] = ecrPattern.exec(host) ?? []
  return accountId === undefined || region === undefined
    ? undefined
    : { accountId, region, partition: partitionOf(region).partition }
}

/** Host name of an account's private registry in a region. */
export function ecrHost(accountId: string, region: string): string {
  return `${accountId}.dkr.ecr.${region}.${partitionOf(region).suffix}`
}

/** Host name of ECR's control plane in a region. */
export function ecrApiHost(region: string): string {
  return `api.ecr.${region}.${partitionOf(region).suffix}`
}

function partitionOf(region: string): { readonly partition: string; readonly suffix: string } {
  return partitions.find(({ regions }) => regions.test(region)) ?? { partition: 'aws', suffix: 'amazonaws.com' }
}

function cut(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf('@')
  const digest = at < 0 ? undefined : text.slice(at + 1)
  const rest = at < 0 ? text : text.slice(0, at)
  const colon = rest.lastIndexOf(':')
  // A colon before the last slash belongs to the port of the host.
  const tagged = colon > rest.lastIndexOf('/')
  return { name: tagged ? rest.slice(0, colon) : rest, tag: tagged ? rest.slice(colon + 1) : undefined, digest }
}

function wrong(text: string, why: string): UserError {
  return new UserError('input-image', `"${text}" is no image reference that Slipway can use.`, {
    why,
    todo: 'Give it as host/repository@sha256:…, as the output "image" of build-push has it.',
  })
}
