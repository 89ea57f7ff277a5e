import { regions } from '../runtime/aws-regions.ts'
import { UserError } from '../runtime/errors.ts'
import type { Parser } from '../runtime/inputs.ts'
import { refuse, splitList } from '../runtime/parsers.ts'
import { ecrHost, parseEcrHost } from './reference.ts'

/** Host of the registry that everybody may pull from. */
export const publicHost = 'public.ecr.aws'

/** A registry of Amazon ECR to log in to. */
export type LoginTarget =
  | { readonly kind: 'public'; readonly host: typeof publicHost }
  | {
      readonly kind: 'private'
      readonly host: string
      readonly account: string
      readonly region: string
      readonly partition: string
    }

/** A registry as a user names it. */
export type NamedRegistry = { readonly host: string } | { readonly account: string }

/** Host names of ECR registries and account ids. What they mean together with the role and the region: `loginTargets`. */
export const registries: Parser<readonly NamedRegistry[]> = {
  accepts: 'host names of ECR registries, `public.ecr.aws`, or account ids (lines or commas)',
  parse: (value, name) => splitList(value).map(one => named(one, name)),
}

function named(one: string, name: string): NamedRegistry {
  if (/^\d{12}$/.test(one)) return { account: one }
  if (one === publicHost) return { host: one }
  const region = parseEcrHost(one)?.region
  if (region !== undefined && regions.includes(region)) return { host: one }
  throw refuse(
    name,
    `${name} "${one}" is no registry of Amazon ECR.`,
    `Give a host name such as 111122223333.dkr.ecr.eu-west-1.amazonaws.com, ${publicHost}, or an account id.`,
    whyNot(one, region),
  )
}

function whyNot(one: string, region: string | undefined): string | undefined {
  if (region !== undefined) return `There is no region "${region}".`
  if (/^\d+$/.test(one)) return `An account id has 12 digits, not ${one.length}; in YAML it stands in quotes.`
  if (one.includes('://')) return 'It is a URL: leave the scheme out.'
  if (one.includes('/')) return 'It names a repository: leave out what follows the host.'
  return undefined
}

/** What a login is asked with. */
export interface LoginPlace {
  readonly account: string
  readonly region: string
  readonly partition: string
}

/**
 * The registries to log in to, each once: those that are named (an account id means its registry in `place.region`),
 * else that of the role. Throws UserError for one that credentials of the role cannot open.
 */
export function loginTargets(given: readonly NamedRegistry[], place: LoginPlace): readonly LoginTarget[] {
  const wanted: readonly NamedRegistry[] = given.length === 0 ? [{ account: place.account }] : given
  const targets = wanted.map(one => ('host' in one ? one.host : ecrHost(one.account, place.region))).map(targetOf)
  const foreign = targets.find(target => partitionOf(target) !== place.partition)
  if (foreign) {
    throw new UserError(
      'input-registries',
      `registries "${foreign.host}" is in the partition ${partitionOf(foreign)}, the role in ${place.partition}.`,
      { why: 'Credentials do not cross partitions.', todo: 'Log in to it in a step of its own, with a role of there.' },
    )
  }
  return [...new Map(targets.map(target => [target.host, target])).values()]
}

function targetOf(host: string): LoginTarget {
  const known = parseEcrHost(host)
  if (!known) return { kind: 'public', host: publicHost }
  const { accountId: account, region, partition } = known
  return { kind: 'private', host, account, region, partition }
}

/** Public ECR is in the partition of the commercial regions. */
function partitionOf(target: LoginTarget): string {
  return target.kind === 'public' ? 'aws' : target.partition
}
