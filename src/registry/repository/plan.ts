import type { DesiredRepository, Encryption, Mutability } from './desired.ts'
import { lifecycleText } from './lifecycle.ts'
import type { LiveRegistry, LiveRepository, RegistryScanning, ReplicationRule } from './live.ts'
import { isObject, type JsonObject } from './mistake.ts'
import {
  replicatedTo,
  sayDestination,
  scanningFor,
  templateFor,
  withReplication,
  withScanning,
  type Adjusted,
} from './registry-wide.ts'
import { policyForm, statementLines, textForm } from './same-document.ts'
import { sayRule, storedRules } from './stored-lifecycle.ts'

/** One thing about a repository that is not as it should be. */
export interface Difference {
  readonly what: 'mutability' | 'encryption' | 'tags' | 'policy' | 'lifecycle' | 'scanning' | 'replication'
  /** `mutable → immutable, but buildcache-*`; absent where the lines say all. */
  readonly says?: string
  /** What goes and what comes: `- …`, `+ …`. */
  readonly lines: readonly string[]
}

/** A call that changes one repository. */
export type Step =
  | { readonly do: 'create'; readonly desired: DesiredRepository }
  | { readonly do: 'mutability'; readonly mutability: Mutability }
  | { readonly do: 'tags'; readonly arn: string; readonly tags: Readonly<Record<string, string>> }
  /** Without a text the document is removed. */
  | { readonly do: 'policy' | 'lifecycle'; readonly text?: string }

export interface RepositoryPlan {
  readonly name: string
  readonly exists: boolean
  readonly differences: readonly Difference[]
  readonly steps: readonly Step[]
  /** Why it cannot become what it should be, a sentence each. With one of them nothing is applied. */
  readonly refusals: readonly string[]
  /** What a person should know. */
  readonly notes: readonly string[]
}

export interface Plan {
  readonly repositories: readonly RepositoryPlan[]
  /** The registry's configurations, where they have to change. */
  readonly scanning?: RegistryScanning
  readonly replication?: readonly ReplicationRule[]
}

/** What an account needs to be as desired. `live` has the repositories that exist. Pure. */
export function planRepositories(
  desired: readonly DesiredRepository[],
  live: ReadonlyMap<string, LiveRepository>,
  registry: LiveRegistry,
): Plan {
  const scanning = adjustAll(registry.scanning, desired, (config, { name, scanning: wanted }) =>
    wanted === undefined ? { config } : withScanning(config, name, wanted),
  )
  const replication = adjustAll(registry.replication, desired, (rules, { name, replication: wanted }) =>
    wanted === undefined ? { config: rules } : withReplication(rules, name, wanted, registry),
  )
  const repositories = desired.map((one): RepositoryPlan => {
    const own = planOne(one, live.get(one.name), registry)
    const wide = registryDifferences(one, registry, { scanning: scanning.config, replication: replication.config })
    return {
      ...own,
      differences: [...own.differences, ...wide],
      refusals: [
        ...own.refusals,
        ...[scanning, replication].flatMap(({ refusals }) => refusals.get(one.name) ?? []),
        ...undoneScanning(one, scanning),
      ],
    }
  })
  return {
    repositories,
    ...(scanning.config === undefined || scanning.config === registry.scanning ? {} : { scanning: scanning.config }),
    ...(replication.config === undefined || replication.config === registry.replication
      ? {}
      : { replication: replication.config }),
  }
}

/** True for a repository that is as it should be. */
export function isSettled({ exists, differences, refusals }: RepositoryPlan): boolean {
  return exists && differences.length === 0 && refusals.length === 0
}

interface AllAdjusted<T> {
  readonly config: T | undefined
  /** By the name of the repository. */
  readonly refusals: ReadonlyMap<string, string>
}

/** One configuration for all repositories: each starts from what the one before left. */
function adjustAll<T>(
  config: T | undefined,
  desired: readonly DesiredRepository[],
  adjust: (config: T, one: DesiredRepository) => Adjusted<T>,
): AllAdjusted<T> {
  const refusals = new Map<string, string>()
  let current = config
  for (const one of desired) {
    if (current === undefined) break
    const adjusted = adjust(current, one)
    if ('refusal' in adjusted) refusals.set(one.name, adjusted.refusal)
    else current = adjusted.config
  }
  return { config: current, refusals }
}

/** A filter that one repository needs may be about another one, too. */
function undoneScanning(
  { name, scanning: wanted }: DesiredRepository,
  { config, refusals }: AllAdjusted<RegistryScanning>,
): readonly string[] {
  if (wanted === undefined || config === undefined || refusals.has(name)) return []
  const { scanning, filter } = scanningFor(config, name)
  return scanning === wanted
    ? []
    : [
        `scanning of ${name} cannot be ${wanted}: the filter "${filter}" for another repository makes it ${scanning}. Filters are about all names that begin so.`,
      ]
}

function planOne(
  desired: DesiredRepository,
  live: LiveRepository | undefined,
  { templates }: LiveRegistry,
): RepositoryPlan {
  const { name } = desired
  const template = templateFor(templates, name)
  const documents = [policyChange(desired, live), lifecycleChange(desired, live)]
  if (live === undefined) {
    return {
      name,
      exists: false,
      differences: [...createdWith(desired), ...documents.flatMap(change => change?.difference ?? [])],
      steps: [{ do: 'create', desired }, ...documents.flatMap(change => change?.step ?? [])],
      refusals: [],
      notes: template === undefined ? [] : [sayTemplate(name, template)],
    }
  }
  const changes = [mutabilityChange(desired, live), tagsChange(desired, live), ...documents]
  const encryption = encryptionRefusal(desired, live)
  return {
    name,
    exists: true,
    differences: [...encryption.differences, ...changes.flatMap(change => change?.difference ?? [])],
    steps: changes.flatMap(change => change?.step ?? []),
    refusals: encryption.refusals,
    notes: encryption.refusals.length === 0 || template === undefined ? [] : [sayTemplate(name, template)],
  }
}

interface Change {
  readonly difference: Difference
  readonly step: Step
}

function createdWith({ mutability, encryption, tags = {} }: DesiredRepository): readonly Difference[] {
  const lines = tagLines({}, tags)
  return [
    ...(mutability === undefined ? [] : [{ what: 'mutability', says: sayMutability(mutability), lines: [] } as const]),
    ...(encryption === undefined ? [] : [{ what: 'encryption', says: sayEncryption(encryption), lines: [] } as const]),
    ...(lines.length === 0 ? [] : [{ what: 'tags', lines } as const]),
  ]
}

function mutabilityChange({ mutability }: DesiredRepository, live: LiveRepository): Change | undefined {
  if (mutability === undefined || textForm(mutability) === textForm(live.mutability)) return undefined
  const says = `${sayMutability(live.mutability)} → ${sayMutability(mutability)}`
  return { difference: { what: 'mutability', says, lines: [] }, step: { do: 'mutability', mutability } }
}

function tagsChange({ tags }: DesiredRepository, live: LiveRepository): Change | undefined {
  if (tags === undefined) return undefined
  const lines = tagLines(live.tags, tags)
  if (lines.length === 0) return undefined
  const changed = Object.entries(tags).filter(([key, value]) => live.tags[key] !== value)
  return { difference: { what: 'tags', lines }, step: { do: 'tags', arn: live.arn, tags: Object.fromEntries(changed) } }
}

function tagLines(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(after)
    .filter(([key, value]) => before[key] !== value)
    .flatMap(([key, value]) => [...(before[key] === undefined ? [] : [`- ${key}=${before[key]}`]), `+ ${key}=${value}`])
}

/** Fixed when a repository is made. */
function encryptionRefusal(
  { name, encryption }: DesiredRepository,
  live: LiveRepository,
): Pick<RepositoryPlan, 'differences' | 'refusals'> {
  const same =
    encryption === undefined ||
    (encryption.type === live.encryption.type && (encryption.key ?? live.encryption.key) === live.encryption.key)
  if (same) return { differences: [], refusals: [] }
  const says = `${sayEncryption(live.encryption)} → ${sayEncryption(encryption)}`
  return {
    differences: [{ what: 'encryption', says, lines: [] }],
    refusals: [
      `encryption of ${name} is ${sayEncryption(live.encryption)}, which ECR fixes when a repository is made: push to a new one, or write what it is.`,
    ],
  }
}

function policyChange({ policy }: DesiredRepository, live: LiveRepository | undefined): Change | undefined {
  if (policy === undefined) return undefined
  const before = live?.policy === undefined ? undefined : readObject(live.policy)
  const after = policy === 'none' ? undefined : policy
  if (before === undefined && after === undefined) return undefined
  if (before && after && textForm(policyForm(before)) === textForm(policyForm(after))) return undefined
  return {
    difference: documentDifference('policy', changedLines(statementLines(before), statementLines(after))),
    step: { do: 'policy', ...(after === undefined ? {} : { text: JSON.stringify(after) }) },
  }
}

function lifecycleChange({ lifecycle }: DesiredRepository, live: LiveRepository | undefined): Change | undefined {
  if (lifecycle === undefined) return undefined
  const text = lifecycle.length === 0 ? undefined : lifecycleText(lifecycle)
  const [before, after] = [storedRules(live?.lifecycle), storedRules(text)]
  if (textForm(before) === textForm(after)) return undefined
  return {
    difference: documentDifference('lifecycle', changedLines(before.map(sayRule), after.map(sayRule))),
    step: { do: 'lifecycle', ...(text === undefined ? {} : { text }) },
  }
}

/** Two documents may differ in what no line shows. */
function documentDifference(what: 'policy' | 'lifecycle', lines: readonly string[]): Difference {
  return { what, ...(lines.length === 0 ? { says: 'changed in a detail' } : {}), lines }
}

/** Lines that go, then lines that come. */
function changedLines(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...before.filter(line => !after.includes(line)).map(line => `- ${line}`),
    ...after.filter(line => !before.includes(line)).map(line => `+ ${line}`),
  ]
}

/** The registry's configurations, where somebody asks for them. */
interface Wide {
  readonly scanning: RegistryScanning | undefined
  readonly replication: readonly ReplicationRule[] | undefined
}

function registryDifferences(
  { name }: DesiredRepository,
  { account, scanning, replication }: LiveRegistry,
  after: Wide,
): readonly Difference[] {
  const found: Difference[] = []
  if (scanning !== undefined && after.scanning !== undefined) {
    const [old, now] = [scanningFor(scanning, name).scanning, scanningFor(after.scanning, name).scanning]
    if (old !== now) found.push({ what: 'scanning', says: `${old} → ${now}`, lines: [] })
  }
  if (replication !== undefined && after.replication !== undefined) {
    const said = (rules: readonly ReplicationRule[]): readonly string[] =>
      replicatedTo(rules, name).map(one => sayDestination(one, account))
    const lines = changedLines(said(replication), said(after.replication))
    if (lines.length > 0) found.push({ what: 'replication', lines })
  }
  return found
}

function sayMutability({ tags, except }: Mutability): string {
  return except.length === 0 ? tags : `${tags}, but ${except.join(', ')}`
}

function sayEncryption({ type, key }: Encryption): string {
  return key === undefined ? type : `${type} with ${key}`
}

function sayTemplate(name: string, { prefix, appliedFor, encryption, mutability }: LiveRegistry['templates'][number]) {
  const brings = [encryption && sayEncryption(encryption), mutability && sayMutability(mutability)].filter(
    one => one !== undefined,
  )
  return `The creation template "${prefix}" of the registry (${appliedFor.join(', ')}) is about ${name}: when ECR makes the repository by itself, it gets what the template says${brings.length === 0 ? '' : ` (${brings.join('; ')})`}. A repository that is made here does not.`
}

function readObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text)
  return isObject(value) ? value : {}
}
