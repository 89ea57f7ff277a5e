/** Claims of a job on main of a repository from before immutable subjects, as GitHub documents them. */
export const mainClaims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme/shop:ref:refs/heads/main',
  aud: 'sts.amazonaws.com',
  repository: 'acme/shop',
  repository_id: '910000001',
  repository_owner_id: '91000000',
  ref: 'refs/heads/main',
  event_name: 'push',
  job_workflow_ref: 'acme/shop/.github/workflows/ship.yml@refs/heads/main',
  repo_property_team: 'private-name',
}

/** A JSON Web Token with these claims; its signature is none. */
export function jwt(claims: Readonly<Record<string, unknown>> = mainClaims): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`
}
