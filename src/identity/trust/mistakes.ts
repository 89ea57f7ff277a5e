import { conditionClaims, subjectForms, type Claims } from '../claims.ts'
import type { ConditionVerdict } from './conditions.ts'
import { operatorOf } from './conditions.ts'
import { likePlainly } from './patterns.ts'

/** What people get wrong in trust policies, and what to change: each function answers for one part of a statement. */

/** For a principal that is not the provider `wanted`. */
export function adviseOnPrincipal(principals: Readonly<Record<string, readonly string[]>>, wanted: string): string {
  const federated = principals['Federated'] ?? []
  if (federated.length === 0) {
    const kinds = Object.keys(principals)
    return `The statement is for ${kinds.join(' and ')}; a token of GitHub comes from "Federated": "${wanted}".`
  }
  const near = (change: (arn: string) => string): boolean => federated.some(arn => change(arn) === wanted)
  if (near(arn => arn.replace('oidc-provider/https://', 'oidc-provider/')))
    return 'The ARN of a provider has no "https://": leave it out.'
  if (near(arn => arn.replace(/\/+$/, ''))) return 'The ARN of the provider has no slash at its end: leave it out.'
  if (near(arn => arn.trim())) return 'There is a space at an end of the ARN: remove it.'
  if (federated.some(arn => arn.toLowerCase() === wanted.toLowerCase()))
    return 'Only the case of letters differs: write it as IAM shows it.'
  if (federated.some(arn => accountOf(arn) !== accountOf(wanted) && tailOf(arn) === tailOf(wanted)))
    return `The provider of another account is named; a role trusts the provider of its own account, ${accountOf(wanted)}.`
  if (federated.some(arn => arn.split(':')[1] !== wanted.split(':')[1] && tailOf(arn) === tailOf(wanted)))
    return `The ARN is of another partition: this role is in "${wanted.split(':')[1] ?? ''}".`
  return `Name this provider: "${wanted}".`
}

/** For an action that is not the one that a token is exchanged with. */
export function adviseOnAction(actions: readonly string[]): string {
  const usual = actions.some(action => action.toLowerCase() === 'sts:assumerole')
  return usual
    ? 'sts:AssumeRole is for callers that have AWS credentials; a token needs "sts:AssumeRoleWithWebIdentity".'
    : 'Allow "sts:AssumeRoleWithWebIdentity".'
}

/** For a condition that does not hold; undefined where expected and found say it all. */
export function adviseOnCondition(condition: ConditionVerdict, claims: Claims): string | undefined {
  const operator = operatorOf(condition.operator)
  if (operator === undefined) return `IAM knows no operator "${condition.operator}".`
  const { found } = condition
  if (found === undefined) return adviseOnAbsence(condition, claims)
  if (typeof found !== 'string') return undefined
  if (operator.negated) return 'The condition is negated: it refuses exactly this value.'
  return mistakes.find(({ made }) =>
    condition.values.some(value => made({ value, found, operator: operator.name, claims })),
  )?.advice
}

function adviseOnAbsence({ key }: ConditionVerdict, claims: Claims): string {
  const issuer = claims.iss.replace(/^https:\/\//, '')
  const name = key.slice(key.lastIndexOf(':') + 1)
  if (key.toLowerCase().startsWith('https://')) return `Condition keys have no "https://": write "${issuer}:${name}".`
  if (!key.toLowerCase().startsWith(`${issuer.toLowerCase()}:`)) {
    return isConditionClaim(name.toLowerCase())
      ? `Keys begin with the issuer of this token: write "${issuer}:${name}".`
      : `A token of ${issuer} brings no "${key}".`
  }
  if (name === 'environment')
    return 'The job names no environment: add "environment:" to it, or trust its branch instead.'
  if (isConditionClaim(name)) return `The token of this job has no claim "${name}".`
  return `STS makes no condition key of the claim "${name}": use one of ${conditionClaims.slice(0, 10).join(', ')}.`
}

/** One value that a condition expects, and what was found instead. */
interface Mismatch {
  readonly value: string
  readonly found: string
  /** `stringequals` */
  readonly operator: string
  readonly claims: Claims
}

/** Most telling first. */
const mistakes: readonly { readonly made: (mismatch: Mismatch) => boolean; readonly advice: string }[] = [
  {
    made: ({ value, found, operator }) =>
      operator !== 'stringlike' && /[*?]/.test(value) && likePlainly(found, value, false),
    advice: 'Only StringLike knows "*" and "?"; for this operator they are plain letters: use StringLike.',
  },
  {
    made: ({ value, found }) => value.trim() === found || value.replaceAll(/\s/g, '') === found,
    advice: 'There is a space in the expected value: remove it.',
  },
  {
    made: ({ value, found }) => value.toLowerCase() === found.toLowerCase() || likePlainly(found, value, true),
    advice: 'Only the case of letters differs: GitHub writes names as they are spelt there.',
  },
  {
    made: ({ value, claims, found }) =>
      found === claims.sub && isImmutable(found) && accepts(value, subjectForms(claims)?.legacy),
    advice:
      'The repository has immutable subjects (made, renamed or moved after 2026-07-15): expect the form with ids, as found here.',
  },
  {
    made: ({ value, claims, found }) =>
      found === claims.sub && !isImmutable(found) && accepts(value, subjectForms(claims)?.immutable),
    advice: 'The repository has no immutable subjects yet: expect the form without ids, as found here.',
  },
  {
    made: ({ value, found }) => found.includes('%3A') && accepts(value, found.replaceAll('%3A', ':')),
    advice: 'GitHub writes a colon inside of a name as %3A: expect it so.',
  },
  {
    made: ({ value, found }) => isSubject(found) && !/^repo:[^:]+:./.test(value),
    advice: 'A subject begins with "repo:" and goes on after the repository, for example with ":ref:refs/heads/main".',
  },
  {
    made: ({ value, found }) => isImmutable(value) && isImmutable(found) && plainOf(value) === plainOf(found),
    advice: 'The ids are others: the repository was made anew under the same name.',
  },
  {
    made: ({ value, found }) => /\.ya?ml@/.test(found) && /\.ya?ml(?:@|$)/.test(value),
    advice:
      'job_workflow_ref names the workflow that has the job, a reusable one with its own repository and ref, not the workflow that calls it.',
  },
  {
    made: ({ value, found }) => /:ref:(?!refs\/)/.test(value) && found.includes(':ref:refs/'),
    advice: 'The ref is written in full: "refs/heads/…" for a branch, "refs/tags/…" for a tag.',
  },
  {
    made: ({ value, found }) => found.endsWith(':pull_request') && sameRepository(value, found),
    advice:
      'The job runs for a pull request, whose subject has no branch: run it on the branch, or trust ":pull_request" for a role that may do little.',
  },
  {
    made: ({ value, found }) => /:environment:/.test(found) && /:ref:/.test(value) && sameRepository(value, found),
    advice: 'A job with an environment has it as its subject, not the branch: expect the environment.',
  },
  {
    made: ({ value, found }) => /:ref:/.test(found) && /:environment:/.test(value) && sameRepository(value, found),
    advice:
      'The job names no environment, so that its subject is the ref: add "environment:" to the job, or expect the ref.',
  },
  {
    made: ({ value, found }) =>
      /:environment:/.test(found) && /:environment:/.test(value) && sameRepository(value, found),
    advice: 'The job runs for another environment.',
  },
  {
    made: ({ value, found }) =>
      found.includes(':ref:refs/tags/') && value.includes(':ref:refs/heads/') && sameRepository(value, found),
    advice: 'The job runs for a tag, the policy expects a branch.',
  },
  {
    made: ({ value, found }) =>
      found.includes(':ref:refs/heads/') && value.includes(':ref:refs/tags/') && sameRepository(value, found),
    advice: 'The job runs for a branch, the policy expects a tag.',
  },
  {
    made: ({ value, found }) =>
      found.includes(':ref:refs/heads/') && value.includes(':ref:refs/heads/') && sameRepository(value, found),
    advice: 'The job runs on another branch.',
  },
  {
    made: ({ value, found }) =>
      nameIn(found) !== undefined && nameIn(value) === nameIn(found) && ownerIn(value) !== ownerIn(found),
    advice:
      'The repository belongs to another owner: the organisation was renamed, the repository moved, or this is a fork.',
  },
  {
    made: ({ value, found }) =>
      ownerIn(found) !== undefined && ownerIn(value) === ownerIn(found) && nameIn(value) !== nameIn(found),
    advice: 'This is another repository of the owner.',
  },
  {
    made: ({ value, found, claims }) => found === claims.aud && value !== found,
    advice: 'The audience of the token is another: set the input "audience", or expect this one.',
  },
]

function isConditionClaim(name: string): boolean {
  return conditionClaims.some(claim => claim === name)
}

function isSubject(found: string): boolean {
  return found.startsWith('repo:')
}

/** Without ids. */
function plainOf(sub: string): string {
  return sub.replace(/^repo:([^/:@]+)@\d+\/([^/:@]+)@\d+:/, 'repo:$1/$2:')
}

function isImmutable(sub: string): boolean {
  return /^repo:[^/:@]+@\d+\/[^/:@]+@\d+:/.test(sub)
}

function accepts(value: string, subject: string | undefined): boolean {
  return subject !== undefined && likePlainly(subject, value, false)
}

/** `acme/shop` of a subject in either form, of a repository, or of the ref of a workflow. */
function repositoryIn(text: string): readonly [owner: string, name: string] | undefined {
  const [, owner, name] = /^(?:repo:)?([^/:@]+)(?:@\d+)?\/([^/:@]+)(?:@\d+)?(?=:|$|\/)/.exec(text) ?? []
  return owner === undefined || name === undefined ? undefined : [owner, name]
}

function ownerIn(text: string): string | undefined {
  return repositoryIn(text)?.[0]
}

function nameIn(text: string): string | undefined {
  return repositoryIn(text)?.[1]
}

function sameRepository(a: string, b: string): boolean {
  const [x, y] = [repositoryIn(a), repositoryIn(b)]
  return x !== undefined && y !== undefined && likePlainly(y.join('/'), x.join('/'), false)
}

function accountOf(arn: string): string {
  return arn.split(':')[4] ?? ''
}

function tailOf(arn: string): string {
  return arn.slice(arn.indexOf('oidc-provider/'))
}
