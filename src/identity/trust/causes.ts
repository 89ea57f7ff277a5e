import { subjectForms, type Claims } from '../claims.ts'
import type { Role } from '../role.ts'

/**
 * What usually stands behind a refusal, most likely first by what the claims show; a sentence each. For when the trust
 * policy cannot be read.
 */
export function usualCauses(claims: Claims, role: Role): readonly string[] {
  const { sub, ref = '', environment, repository, jobWorkflowRef = '' } = claims
  const forms = subjectForms(claims)
  const found: string[] = []
  if (forms === undefined)
    found.push(`The organisation makes subjects of its own ("${sub}"): a policy for "repo:…" does not fit.`)
  if (forms?.immutable === sub)
    found.push(`The repository has immutable subjects: a policy that expects "${forms.legacy}" refuses it.`)
  if (sub.endsWith(':pull_request')) found.push('The job runs for a pull request: a policy for a branch refuses it.')
  if (environment !== undefined)
    found.push(`The job has the environment "${environment}" as its subject: a policy for a branch refuses it.`)
  if (ref.startsWith('refs/tags/')) found.push('The job runs for a tag: a policy for a branch refuses it.')
  if (repository !== undefined && jobWorkflowRef !== '' && !jobWorkflowRef.startsWith(`${repository}/`))
    found.push(
      "The job is in a reusable workflow of another repository: sub and repository are the caller's, job_workflow_ref is not.",
    )
  if (environment === undefined && ref.startsWith('refs/heads/') && !/\/(?:main|master)$/.test(ref))
    found.push(`The job runs on "${ref}": a policy for the main branch refuses it.`)
  if (environment === undefined && !sub.endsWith(':pull_request'))
    found.push('The job names no environment: a policy for an environment refuses it.')
  return [
    ...found,
    `The role ${role.name} does not exist in account ${role.accountId}, or is in another path: STS answers the same.`,
    'The policy expects another repository, owner or case of letters: "StringEquals" is exact, and only "StringLike" knows "*".',
    'A policy of the organisation (SCP or RCP) refuses it.',
  ]
}
