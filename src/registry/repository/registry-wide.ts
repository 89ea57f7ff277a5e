import type { ReplicateTo, Scanning } from './desired.ts'
import type { CreationTemplate, Frequency, RegistryScanning, ReplicationRule } from './live.ts'

const frequencies = { manual: 'MANUAL', 'on-push': 'SCAN_ON_PUSH', continuous: 'CONTINUOUS_SCAN' } as const

/** ECR's word → ours. */
function scanningOf(frequency: Frequency): Scanning {
  return frequency === 'CONTINUOUS_SCAN' ? 'continuous' : frequency === 'SCAN_ON_PUSH' ? 'on-push' : 'manual'
}

interface Matched {
  readonly scanning: Scanning
  /** The filter that says so; absent where none does. */
  readonly filter?: string
}

/** How images of a repository are scanned under a configuration. Of several rules, the one that scans more counts. */
export function scanningFor(config: RegistryScanning, repository: string): Matched {
  for (const frequency of ['CONTINUOUS_SCAN', 'SCAN_ON_PUSH'] as const) {
    const filters = config.rules.filter(rule => rule.frequency === frequency).flatMap(rule => rule.filters)
    const filter = filters.find(one => matches(one, repository))
    if (filter !== undefined) return { scanning: scanningOf(frequency), filter }
  }
  return { scanning: 'manual' }
}

/** A filter without a wildcard is about all names that hold it (user guide: "Filters to choose which repositories are scanned"). */
function matches(filter: string, repository: string): boolean {
  if (!filter.includes('*')) return repository.includes(filter)
  const pattern = filter.split('*').map(part => part.replaceAll(/[.\\+?^${}()|[\]]/g, String.raw`\$&`))
  return new RegExp(`^${pattern.join('.*')}$`).test(repository)
}

export type Adjusted<T> = { readonly config: T } | { readonly refusal: string }

/**
 * The configuration with which `repository` is scanned as wanted. Only the filter `<repository>*` is ours: no filter
 * of ECR is about a single name, and what others wrote there stays.
 */
export function withScanning(
  config: RegistryScanning,
  repository: string,
  wanted: Scanning,
): Adjusted<RegistryScanning> {
  if (scanningFor(config, repository).scanning === wanted) return { config }
  if (wanted === 'continuous' && config.type === 'BASIC')
    return {
      refusal: `scanning of ${repository} cannot be continuous: the registry scans in the basic way. Enhanced scanning is switched on for a whole registry, and costs money.`,
    }
  const own = `${repository}*`
  const without = config.rules.map(rule => ({ ...rule, filters: rule.filters.filter(filter => filter !== own) }))
  const rules = addFilter(without, frequencies[wanted], own).filter(({ filters }) => filters.length > 0)
  const adjusted = { ...config, rules }
  const found = scanningFor(adjusted, repository)
  if (found.scanning === wanted) return { config: adjusted }
  return {
    refusal: `scanning of ${repository} is ${found.scanning} by the filter "${found.filter}" of the registry, which is about more than this repository.`,
  }
}

function addFilter(rules: RegistryScanning['rules'], frequency: Frequency, filter: string): RegistryScanning['rules'] {
  if (frequency === 'MANUAL') return rules
  const known = rules.find(rule => rule.frequency === frequency)
  if (known === undefined) return [...rules, { frequency, filters: [filter] }]
  return rules.map(rule => (rule === known ? { ...rule, filters: [...rule.filters, filter] } : rule))
}

type Destination = ReplicationRule['destinations'][number]

/** `eu-central-1`, `444455556666/eu-central-1` */
export function sayDestination({ region, account }: Destination, own: string): string {
  return account === own ? region : `${account}/${region}`
}

const key = ({ region, account }: Destination): string => `${account}/${region}`

/** Where images of a repository are copied to under these rules, each place once. */
export function replicatedTo(rules: readonly ReplicationRule[], repository: string): readonly Destination[] {
  const about = rules.filter(
    ({ prefixes }) => prefixes.length === 0 || prefixes.some(prefix => repository.startsWith(prefix)),
  )
  const all = about.flatMap(({ destinations }) => destinations)
  return [...new Map(all.map(one => [key(one), one])).values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** The rule that is ours: its one prefix is the whole name. */
function isOwn({ prefixes }: ReplicationRule, repository: string): boolean {
  return prefixes.length === 1 && prefixes[0] === repository
}

/**
 * The rules with which images of `repository` are copied to all that is wanted. What broader rules copy, they go on
 * copying; our own rule has the rest, and goes when there is none.
 */
export function withReplication(
  rules: readonly ReplicationRule[],
  repository: string,
  wanted: readonly ReplicateTo[],
  home: Destination,
): Adjusted<readonly ReplicationRule[]> {
  const all = wanted.map(({ region, account = home.account }): Destination => ({ region, account }))
  if (all.some(one => key(one) === key(home)))
    return { refusal: `replication of ${repository} to ${home.region} would be to where it is.` }
  const others = rules.filter(rule => !isOwn(rule, repository))
  const covered = new Set(replicatedTo(others, repository).map(key))
  const missing = replicatedTo([{ destinations: all, prefixes: [] }], repository).filter(one => !covered.has(key(one)))
  const own = replicatedTo(
    rules.filter(rule => isOwn(rule, repository)),
    repository,
  )
  if (missing.map(key).join() === own.map(key).join()) return { config: rules }
  return { config: missing.length === 0 ? others : [...others, { destinations: missing, prefixes: [repository] }] }
}

/** The template by which ECR would make a repository of that name: the one with the longest prefix. */
export function templateFor(templates: readonly CreationTemplate[], repository: string): CreationTemplate | undefined {
  const about = templates.filter(({ prefix }) => prefix === 'ROOT' || repository.startsWith(`${prefix}/`))
  const length = ({ prefix }: CreationTemplate): number => (prefix === 'ROOT' ? 0 : prefix.length)
  return about.toSorted((a, b) => length(b) - length(a))[0]
}
