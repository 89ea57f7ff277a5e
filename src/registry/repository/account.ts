import type { Session } from '../../identity/model.ts'
import { inParallel } from '../../runtime/parallel.ts'
import { awsJson, type JsonPorts } from '../aws-json.ts'
import { awsErrorName, explainEcr } from '../ecr-errors.ts'
import { ecrApiHost } from '../reference.ts'
import type { DesiredRepository, Encryption, Mutability } from './desired.ts'
import type { CreationTemplate, LiveRegistry, LiveRepository, RegistryScanning, ReplicationRule } from './live.ts'
import type { Step } from './plan.ts'

const parallelReads = 4

/** The account's repositories and what their registry says of all of them (port; the adapter asks ECR). */
export interface RepositoryAccount {
  /** What is there of what is desired; nothing is asked that nobody wants to know. */
  read(desired: readonly DesiredRepository[]): Promise<{
    readonly live: ReadonlyMap<string, LiveRepository>
    readonly registry: LiveRegistry
  }>
  /** `exists` for a repository that somebody made since it was looked for. */
  take(repository: string, step: Step): Promise<'done' | 'exists'>
  putScanning(config: RegistryScanning): Promise<void>
  putReplication(rules: readonly ReplicationRule[]): Promise<void>
}

/** Calls an operation of ECR; `missing` names the errors that mean "there is none". */
export type EcrCall = <T>(operation: string, input: object, missing?: readonly string[]) => Promise<T | undefined>

/** ECR's control plane as a session sees it. Throws UserError, DeniedError or RemoteError. */
export function ecrCall(session: Session, ports: JsonPorts): EcrCall {
  const { region, accountId, roleArn } = session
  const target = 'AmazonEC2ContainerRegistry_V20150921'
  const service = { service: 'ecr', region, hostname: ecrApiHost(region), target }
  return async <T>(operation: string, input: object, missing: readonly string[] = []): Promise<T | undefined> => {
    try {
      // The answers of a service are what its model says; each is read with care below.
      return (await awsJson(operation, input, service, session, ports)) as T
    } catch (thrown) {
      ports.signal.throwIfAborted()
      if (missing.includes(awsErrorName(thrown) ?? '')) return undefined
      const repository = 'repositoryName' in input ? { repository: String(input.repositoryName) } : {}
      throw explainEcr(thrown, { action: `ecr:${operation}`, region, accountId, roleArn, ...repository })
    }
  }
}

export function repositoryAccount(session: Session, call: EcrCall): RepositoryAccount {
  return {
    async read(desired) {
      const found = await inParallel(desired, parallelReads, one => repositoryOf(one, call))
      const live = new Map(
        desired.flatMap(({ name }, index) => {
          const one = found[index]
          return one === undefined ? [] : [[name, one] as const]
        }),
      )
      return { live, registry: await registryOf(desired, session, call) }
    },
    take: (repository, step) => take(repository, step, call),
    async putScanning({ type, rules }) {
      await call('PutRegistryScanningConfiguration', {
        scanType: type,
        rules: rules.map(({ frequency, filters }) => ({
          scanFrequency: frequency,
          repositoryFilters: filters.map(filter => ({ filter, filterType: 'WILDCARD' })),
        })),
      })
    },
    async putReplication(rules) {
      const written = rules.map(({ destinations, prefixes }) => ({
        destinations: destinations.map(({ region, account }) => ({ region, registryId: account })),
        ...(prefixes.length === 0
          ? {}
          : { repositoryFilters: prefixes.map(filter => ({ filter, filterType: 'PREFIX_MATCH' })) }),
      }))
      await call('PutReplicationConfiguration', { replicationConfiguration: { rules: written } })
    },
  }
}

interface ExclusionFilter {
  readonly filter: string
}

/** Fields that repositories and their templates share. */
interface Described {
  readonly repositoryArn?: string
  readonly imageTagMutability?: string
  readonly imageTagMutabilityExclusionFilters?: readonly ExclusionFilter[]
  readonly encryptionConfiguration?: { readonly encryptionType?: Encryption['type']; readonly kmsKey?: string }
}

async function repositoryOf(desired: DesiredRepository, call: EcrCall): Promise<LiveRepository | undefined> {
  const { name } = desired
  const described = await call<{ readonly repositories?: readonly Described[] }>(
    'DescribeRepositories',
    { repositoryNames: [name] },
    ['RepositoryNotFoundException'],
  )
  const [repository] = described?.repositories ?? []
  if (repository === undefined) return undefined
  const arn = repository.repositoryArn ?? ''
  const tags = desired.tags === undefined ? {} : await tagsOf(arn, call)
  const policy = desired.policy === undefined ? undefined : await policyOf(name, call)
  const lifecycle = desired.lifecycle === undefined ? undefined : await lifecycleOf(name, call)
  return {
    arn,
    mutability: mutabilityOf(repository),
    encryption: encryptionOf(repository),
    tags,
    ...(policy === undefined ? {} : { policy }),
    ...(lifecycle === undefined ? {} : { lifecycle }),
  }
}

function mutabilityOf({
  imageTagMutability = 'MUTABLE',
  imageTagMutabilityExclusionFilters = [],
}: Described): Mutability {
  return {
    tags: imageTagMutability.startsWith('IMMUTABLE') ? 'immutable' : 'mutable',
    except: imageTagMutabilityExclusionFilters.map(({ filter }) => filter).toSorted(),
  }
}

function encryptionOf({ encryptionConfiguration: { encryptionType = 'AES256', kmsKey } = {} }: Described): Encryption {
  return { type: encryptionType, ...(kmsKey === undefined ? {} : { key: kmsKey }) }
}

async function tagsOf(arn: string, call: EcrCall): Promise<Readonly<Record<string, string>>> {
  const answer = await call<{ readonly tags?: readonly { readonly Key: string; readonly Value: string }[] }>(
    'ListTagsForResource',
    { resourceArn: arn },
  )
  return Object.fromEntries((answer?.tags ?? []).map(({ Key, Value }) => [Key, Value]))
}

async function policyOf(repositoryName: string, call: EcrCall): Promise<string | undefined> {
  const none = ['RepositoryPolicyNotFoundException']
  return (await call<{ readonly policyText?: string }>('GetRepositoryPolicy', { repositoryName }, none))?.policyText
}

async function lifecycleOf(repositoryName: string, call: EcrCall): Promise<string | undefined> {
  const none = ['LifecyclePolicyNotFoundException']
  const answer = await call<{ readonly lifecyclePolicyText?: string }>('GetLifecyclePolicy', { repositoryName }, none)
  return answer?.lifecyclePolicyText
}

async function registryOf(
  desired: readonly DesiredRepository[],
  { accountId: account, region }: Session,
  call: EcrCall,
): Promise<LiveRegistry> {
  const scanning = desired.some(one => one.scanning !== undefined) ? await scanningOf(call) : undefined
  const replication = desired.some(one => one.replication !== undefined) ? await replicationOf(call) : undefined
  return {
    account,
    region,
    templates: await templatesOf(call),
    ...(scanning === undefined ? {} : { scanning }),
    ...(replication === undefined ? {} : { replication }),
  }
}

async function scanningOf(call: EcrCall): Promise<RegistryScanning> {
  const answer = await call<{
    readonly scanningConfiguration?: {
      readonly scanType?: RegistryScanning['type']
      readonly rules?: readonly {
        readonly scanFrequency: RegistryScanning['rules'][number]['frequency']
        readonly repositoryFilters?: readonly ExclusionFilter[]
      }[]
    }
  }>('GetRegistryScanningConfiguration', {})
  const { scanType = 'BASIC', rules = [] } = answer?.scanningConfiguration ?? {}
  return {
    type: scanType,
    rules: rules.map(({ scanFrequency, repositoryFilters = [] }) => ({
      frequency: scanFrequency,
      filters: repositoryFilters.map(({ filter }) => filter),
    })),
  }
}

async function replicationOf(call: EcrCall): Promise<readonly ReplicationRule[]> {
  const answer = await call<{
    readonly replicationConfiguration?: {
      readonly rules?: readonly {
        readonly destinations: readonly { readonly region: string; readonly registryId: string }[]
        readonly repositoryFilters?: readonly ExclusionFilter[]
      }[]
    }
  }>('DescribeRegistry', {})
  return (answer?.replicationConfiguration?.rules ?? []).map(({ destinations, repositoryFilters = [] }) => ({
    destinations: destinations.map(({ region, registryId }) => ({ region, account: registryId })),
    prefixes: repositoryFilters.map(({ filter }) => filter),
  }))
}

async function templatesOf(call: EcrCall): Promise<readonly CreationTemplate[]> {
  const found: CreationTemplate[] = []
  let nextToken: string | undefined
  do {
    const page = await call<{
      readonly nextToken?: string
      readonly repositoryCreationTemplates?: readonly (Described & {
        readonly prefix?: string
        readonly appliedFor?: readonly string[]
      })[]
    }>('DescribeRepositoryCreationTemplates', { maxResults: 100, ...(nextToken === undefined ? {} : { nextToken }) })
    for (const one of page?.repositoryCreationTemplates ?? [])
      found.push({
        prefix: one.prefix ?? 'ROOT',
        appliedFor: one.appliedFor ?? [],
        ...(one.encryptionConfiguration === undefined ? {} : { encryption: encryptionOf(one) }),
        ...(one.imageTagMutability === undefined ? {} : { mutability: mutabilityOf(one) }),
      })
    nextToken = page?.nextToken
  } while (nextToken !== undefined)
  return found
}

async function take(repositoryName: string, step: Step, call: EcrCall): Promise<'done' | 'exists'> {
  switch (step.do) {
    case 'create': {
      const made = await call('CreateRepository', creation(step.desired), ['RepositoryAlreadyExistsException'])
      return made === undefined ? 'exists' : 'done'
    }
    case 'mutability':
      await call('PutImageTagMutability', { repositoryName, ...mutabilityInput(step.mutability) })
      break
    case 'tags':
      await call('TagResource', { resourceArn: step.arn, tags: tagList(step.tags) })
      break
    case 'policy':
      if (step.text === undefined)
        await call('DeleteRepositoryPolicy', { repositoryName }, ['RepositoryPolicyNotFoundException'])
      else await call('SetRepositoryPolicy', { repositoryName, policyText: step.text })
      break
    case 'lifecycle':
      if (step.text === undefined)
        await call('DeleteLifecyclePolicy', { repositoryName }, ['LifecyclePolicyNotFoundException'])
      else await call('PutLifecyclePolicy', { repositoryName, lifecyclePolicyText: step.text })
      break
  }
  return 'done'
}

function creation({ name, mutability, encryption, tags }: DesiredRepository): object {
  return {
    repositoryName: name,
    ...(mutability === undefined ? {} : mutabilityInput(mutability)),
    ...(encryption === undefined
      ? {}
      : {
          encryptionConfiguration: {
            encryptionType: encryption.type,
            ...(encryption.key === undefined ? {} : { kmsKey: encryption.key }),
          },
        }),
    ...(tags === undefined ? {} : { tags: tagList(tags) }),
  }
}

function mutabilityInput({ tags, except }: Mutability): object {
  const word = tags === 'immutable' ? 'IMMUTABLE' : 'MUTABLE'
  if (except.length === 0) return { imageTagMutability: word }
  return {
    imageTagMutability: `${word}_WITH_EXCLUSION`,
    imageTagMutabilityExclusionFilters: except.map(filter => ({ filterType: 'WILDCARD', filter })),
  }
}

function tagList(tags: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}
