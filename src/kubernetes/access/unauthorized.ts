import type { EksCluster } from '../../identity/eks-cluster.ts'
import type { StsWord } from '../../identity/token-check.ts'
import type { Instant } from '../../runtime/clock.ts'
import { DeniedError } from '../../runtime/errors.ts'
import { toPaste } from './paste.ts'
import { said } from './unreachable.ts'

/** What is known when an API server did not accept a token that was just signed. */
export interface RefusalFacts {
  readonly cluster: EksCluster
  readonly roleArn: string
  readonly partition: string
  readonly accountId: string
  readonly region: string
  /** What STS says of the same token; undefined when it did not answer. */
  readonly sts: StsWord | undefined
  /** Principals with an access entry; undefined when that cannot be known. */
  readonly entries: readonly string[] | undefined
  /** When the token was signed, which is its X-Amz-Date, by the clock of the runner. */
  readonly signedAt: Instant
  /** The API server's clock at its answer. */
  readonly answeredAt: Instant | undefined
  /** Namespace to which rights are to be given. */
  readonly namespace: string | undefined
  /** False for a step that only reads. */
  readonly writes: boolean
  readonly cause: unknown
}

/** The authenticator accepts a token until 15 minutes after its date; a date to come STS accepts up to 5 minutes. */
const [oldestMs, newestMs] = [15 * 60_000, 5 * 60_000]
/** Dates of answers have whole seconds, and the answer took its time. */
const slackMs = 5_000

/** Group that the suggested mappings give to the role. */
export const suggestedGroup = 'slipway-deploy'

/** Names why a cluster does not accept a role: its session, the clock, or that it does not know the role. Pure. */
export function explainUnauthorized(facts: RefusalFacts): DeniedError {
  const { sts } = facts
  if (sts?.accepted === false && sts.code.startsWith('ExpiredToken')) return sessionOver(facts)
  const behindMs = (facts.answeredAt ?? facts.signedAt) - facts.signedAt
  if (behindMs > oldestMs - slackMs || behindMs < slackMs - newestMs) return wrongClock(facts, behindMs)
  if (sts?.accepted === false) return badToken(facts, sts)
  if (facts.cluster.authenticationMode === 'CONFIG_MAP') return noMapping(facts)
  return facts.entries?.includes(facts.roleArn) === true ? staleEntry(facts) : noEntry(facts)
}

function sessionOver({ cluster, roleArn, region, cause }: RefusalFacts): DeniedError {
  return new DeniedError('session-expired', `Cluster "${cluster.name}" does not accept ${roleArn} any more.`, {
    why: `The session of the role has ended: STS in ${region} says that its credentials are expired, and the cluster's token ends with them.`,
    todo: 'Run the step again; a role that is assumed with the OIDC token of the job (`id-token: write`) renews its session by itself, credentials from elsewhere end when they end.',
    cause,
  })
}

function wrongClock({ cluster, signedAt, answeredAt, cause }: RefusalFacts, behindMs: number): DeniedError {
  const minutes = Math.round(Math.abs(behindMs) / 60_000)
  const how = `${minutes} min ${behindMs > 0 ? 'behind' : 'ahead'}`
  return new DeniedError(
    'clock-skew',
    `The clock of this runner is ${how}: cluster "${cluster.name}" does not accept its token.`,
    {
      why: `The token is dated ${said(signedAt)} (X-Amz-Date) and the API server's clock said ${said(answeredAt ?? signedAt)}; a token is good for 15 minutes from its date.`,
      todo: 'Set the clock of the runner by NTP (chronyc makestep, or timedatectl set-ntp true).',
      cause,
    },
  )
}

function badToken(
  { cluster, roleArn, region, cause }: RefusalFacts,
  { code, message }: Extract<StsWord, { accepted: false }>,
): DeniedError {
  return new DeniedError('eks-token-refused', `Cluster "${cluster.name}" does not accept the token of ${roleArn}.`, {
    why: `The token is a signed question to STS in ${region}, which refuses it: ${message} (${code}).`,
    todo: 'Run the step again; when it persists, look for something that changes requests on their way to STS, and for policies of the organisation on sts:GetCallerIdentity.',
    cause,
  })
}

/** aws-auth knows roles without the path of their ARN: with it an entry matches nobody. */
function noMapping(facts: RefusalFacts): DeniedError {
  const { cluster, roleArn, cause } = facts
  const arn = withoutPath(facts)
  return new DeniedError('cluster-access', `Cluster "${cluster.name}" does not accept ${roleArn}.`, {
    why: 'Its authentication mode is CONFIG_MAP and no entry of the ConfigMap aws-auth maps the role; ARNs stand there without the path of the role.',
    todo: `Add to mapRoles (kubectl -n kube-system edit configmap aws-auth): - {rolearn: "${arn}", username: "slipway:{{SessionName}}", groups: ["${suggestedGroup}"]}`,
    details: toPaste('yaml', mapRolesEntry(arn), 'For `mapRoles` in the ConfigMap `aws-auth`:'),
    cause,
  })
}

function mapRolesEntry(arn: string): string {
  return [`- rolearn: ${arn}`, '  username: slipway:{{SessionName}}', `  groups: [${suggestedGroup}]`].join('\n')
}

function noEntry(facts: RefusalFacts): DeniedError {
  const { entries, cluster, roleArn, region, cause } = facts
  const what = `Cluster "${cluster.name}" does not accept ${roleArn}.`
  const orMap = cluster.authenticationMode === 'API_AND_CONFIG_MAP' ? ', nor is the role in the ConfigMap aws-auth' : ''
  const details = toPaste('sh', commandsFor(facts), 'To give it access to the namespace:')
  const todo = `Create its access entry: aws eks create-access-entry --cluster-name ${cluster.name} --region ${region} --principal-arn ${roleArn} --kubernetes-groups ${suggestedGroup}; then give it rights (docs/access.md).`
  if (entries === undefined) {
    const sure = facts.sts === undefined ? 'most likely' : 'as STS accepts the token'
    return new DeniedError('cluster-access', what, {
      why: `The cluster does not know the role, ${sure}: it has no access entry${orMap} (the role may not look that up: eks:ListAccessEntries).`,
      todo,
      details,
      cause,
    })
  }
  const alike = entries.filter(arn => withoutPath({ ...facts, roleArn: arn }) === withoutPath(facts))
  const near = alike.length === 0 ? '' : `; ${alike.join(', ')} is another principal`
  return new DeniedError('cluster-access', what, {
    why: `None of the cluster's access entries (${entries.length}) is for ${roleArn}${near}${orMap}.`,
    todo,
    details,
    cause,
  })
}

/** An entry remembers the id of the role (EKS API reference, AccessEntry.principalArn). */
function staleEntry({ cluster, roleArn, region, cause }: RefusalFacts): DeniedError {
  const name = `--cluster-name ${cluster.name} --region ${region} --principal-arn ${roleArn}`
  return new DeniedError('cluster-access', `Cluster "${cluster.name}" does not accept ${roleArn}.`, {
    why: 'The role has an access entry: either it was made a moment ago, or for an earlier role of the same name, which has been deleted since; an entry belongs to the id of a role, not to its name.',
    todo: `Run again in a minute; when it persists, make the entry anew: aws eks delete-access-entry ${name} && aws eks create-access-entry ${name} --kubernetes-groups ${suggestedGroup}`,
    cause,
  })
}

/** Access policies know no leases, which the lock of a release needs: the group is for the Role that gives them. */
function commandsFor({ cluster, roleArn, partition, region, namespace, writes }: RefusalFacts): string {
  const name = `--cluster-name ${cluster.name} --region ${region} --principal-arn ${roleArn}`
  const policy = `arn:${partition}:eks::aws:cluster-access-policy/${writes ? 'AmazonEKSEditPolicy' : 'AmazonEKSViewPolicy'}`
  return [
    `aws eks create-access-entry ${name} --kubernetes-groups ${suggestedGroup}`,
    `aws eks associate-access-policy ${name} --policy-arn ${policy} --access-scope type=namespace,namespaces=${namespace ?? 'NAMESPACE'}`,
  ].join('\n')
}

function withoutPath({ roleArn, partition }: Pick<RefusalFacts, 'roleArn' | 'partition'>): string {
  const [, account = '', name = roleArn] = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? []
  return account === '' ? roleArn : `arn:${partition}:iam::${account}:role/${name}`
}
