/** A trust policy that refuses a job, and what its author has to be told. */
export interface TrustMistake {
  readonly name: string
  /** Claims of the job, over those of a push to main of acme/shop. */
  readonly claims?: Readonly<Record<string, string | undefined>>
  readonly policy: { readonly Version: string; readonly Statement: readonly object[] }
  /** What the explanation names. */
  readonly part: string
  readonly expected: string
  /** Undefined when the job has nothing of the kind. */
  readonly found: string | undefined
  /** What the advice must say. */
  readonly advice: RegExp
}

export const issuer = 'token.actions.githubusercontent.com'
export const account = '123456789012'
const provider = `arn:aws:iam::${account}:oidc-provider/${issuer}`
const main = 'repo:acme/shop:ref:refs/heads/main'
const immutable = 'repo:acme@91000000/shop@910000001:ref:refs/heads/main'
const subKey = `${issuer}:sub`
const audKey = `${issuer}:aud`

type Condition = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function statement(condition: Condition, changes: object = {}): object {
  return {
    Effect: 'Allow',
    Principal: { Federated: provider },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: condition,
    ...changes,
  }
}

function policy(...statements: readonly object[]): TrustMistake['policy'] {
  return { Version: '2012-10-17', Statement: statements }
}

const aud = { [audKey]: 'sts.amazonaws.com' }
const wholly = (sub: unknown): Condition => ({ StringEquals: { ...aud, [subKey]: sub } })
const likewise = (sub: unknown): Condition => ({ StringEquals: aud, StringLike: { [subKey]: sub } })

/** Another subject than that of the policy. */
function subject(
  name: string,
  expected: string,
  found: string,
  advice: RegExp,
  { like = false, claims = {} }: { readonly like?: boolean; readonly claims?: TrustMistake['claims'] } = {},
): TrustMistake {
  return {
    name,
    claims: { sub: found, ...claims },
    policy: policy(statement(like ? likewise(expected) : wholly(expected))),
    part: `${like ? 'StringLike' : 'StringEquals'} ${subKey}`,
    expected,
    found,
    advice,
  }
}

/** A claim besides the subject that is not as the policy wants it. */
function claim(
  name: string,
  operator: string,
  key: string,
  expected: string,
  found: string | undefined,
  advice: RegExp,
  claims: TrustMistake['claims'] = {},
): TrustMistake {
  const condition =
    operator === 'StringEquals'
      ? { StringEquals: { ...wholly(main)['StringEquals'], [key]: expected } }
      : { ...wholly(main), [operator]: { [key]: expected } }
  return { name, claims, policy: policy(statement(condition)), part: `${operator} ${key}`, expected, found, advice }
}

function principal(name: string, given: object, expected: string, advice: RegExp): TrustMistake {
  return {
    name,
    policy: policy(statement(wholly(main), { Principal: given })),
    part: 'Principal',
    expected,
    found: `Federated: ${provider}`,
    advice,
  }
}

/** Each is what somebody wrote in a policy or a workflow, and was then refused by STS without a word of why. */
export const trustMistakes: readonly TrustMistake[] = [
  subject('another repository', 'repo:acme/api:ref:refs/heads/main', main, /another repository of the owner/),
  subject(
    'another owner: the organisation was renamed',
    'repo:acme-old/shop:ref:refs/heads/main',
    main,
    /another owner/,
  ),
  subject('another branch', 'repo:acme/shop:ref:refs/heads/release', main, /another branch/),
  subject('main, and the branch is master', main, 'repo:acme/shop:ref:refs/heads/master', /another branch/, {
    claims: { ref: 'refs/heads/master' },
  }),
  subject('a pattern for other branches', 'repo:acme/shop:ref:refs/heads/release/*', main, /another branch/, {
    like: true,
  }),
  subject('a branch without refs/heads', 'repo:acme/shop:ref:main', main, /written in full/),
  subject('only the repository, without what follows', 'repo:acme/shop', main, /goes on after the repository/),
  subject('no "repo:" in front', 'acme/shop:ref:refs/heads/main', main, /begins with "repo:"/),
  subject(
    'a branch, and the job has an environment',
    main,
    'repo:acme/shop:environment:prod',
    /environment as its subject|has it as its subject/,
    { claims: { environment: 'prod' } },
  ),
  subject('an environment, and the job names none', 'repo:acme/shop:environment:prod', main, /names no environment/),
  subject(
    'another environment',
    'repo:acme/shop:environment:prod',
    'repo:acme/shop:environment:staging',
    /another environment/,
    { claims: { environment: 'staging' } },
  ),
  subject(
    'an environment with a colon',
    'repo:acme/shop:environment:prod:eu',
    'repo:acme/shop:environment:prod%3Aeu',
    /%3A/,
    { claims: { environment: 'prod:eu' } },
  ),
  subject('a branch, and the job is of a pull request', main, 'repo:acme/shop:pull_request', /pull request/, {
    claims: { ref: 'refs/pull/7/merge', event_name: 'pull_request' },
  }),
  subject(
    'any branch, and the job is of a pull request',
    'repo:acme/shop:ref:refs/heads/*',
    'repo:acme/shop:pull_request',
    /pull request/,
    { like: true, claims: { ref: 'refs/pull/7/merge' } },
  ),
  subject('a branch, and the job runs for a tag', main, 'repo:acme/shop:ref:refs/tags/v1.2.3', /for a tag/, {
    claims: { ref: 'refs/tags/v1.2.3' },
  }),
  subject('a tag, and the job runs on a branch', 'repo:acme/shop:ref:refs/tags/v1.2.3', main, /for a branch/),
  subject('StringEquals with a star', 'repo:acme/shop:*', main, /use StringLike/),
  subject('StringEquals with a star at the branch', 'repo:acme/shop:ref:refs/heads/*', main, /use StringLike/),
  subject('other letters of the owner', 'repo:Acme/shop:ref:refs/heads/main', main, /case of letters/),
  subject('other letters in a pattern', 'repo:acme/Shop:*', main, /case of letters/, { like: true }),
  subject(
    'other letters of the environment',
    'repo:acme/shop:environment:Prod',
    'repo:acme/shop:environment:prod',
    /case of letters/,
    { claims: { environment: 'prod' } },
  ),
  subject('a space at the end', `${main} `, main, /a space/),
  subject('without ids, and the repository has immutable subjects', main, immutable, /immutable subjects/),
  subject(
    'a pattern without ids, and the repository has immutable subjects',
    'repo:acme/shop:*',
    immutable,
    /immutable subjects/,
    { like: true },
  ),
  subject('with ids, and the repository has none yet', immutable, main, /no immutable subjects yet/),
  subject(
    'the ids of the repository before it was made anew',
    'repo:acme@91000000/shop@1:ref:refs/heads/main',
    immutable,
    /ids are others/,
  ),
  {
    name: 'a list without this branch',
    policy: policy(statement(wholly(['repo:acme/shop:ref:refs/heads/dev', 'repo:acme/shop:ref:refs/heads/qa']))),
    part: `StringEquals ${subKey}`,
    expected: 'repo:acme/shop:ref:refs/heads/dev',
    found: main,
    advice: /another branch/,
  },
  {
    name: 'ForAnyValue with a star under StringEquals',
    policy: policy(statement({ StringEquals: aud, 'ForAnyValue:StringEquals': { [subKey]: 'repo:acme/*' } })),
    part: `ForAnyValue:StringEquals ${subKey}`,
    expected: 'repo:acme/*',
    found: main,
    advice: /use StringLike/,
  },
  {
    name: 'ForAllValues over a claim that is another',
    policy: policy(
      statement({ 'ForAllValues:StringEquals': { ...aud, [subKey]: 'repo:acme/api:ref:refs/heads/main' } }),
    ),
    part: `ForAllValues:StringEquals ${subKey}`,
    expected: 'repo:acme/api:ref:refs/heads/main',
    found: main,
    advice: /another repository/,
  },
  {
    name: 'IfExists over a claim that exists and is another',
    policy: policy(
      statement({ StringEquals: aud, StringEqualsIfExists: { [subKey]: 'repo:acme/shop:ref:refs/heads/dev' } }),
    ),
    part: `StringEqualsIfExists ${subKey}`,
    expected: 'repo:acme/shop:ref:refs/heads/dev',
    found: main,
    advice: /another branch/,
  },
  {
    name: 'a negated condition that hits',
    policy: policy(statement({ StringEquals: aud, StringNotLike: { [subKey]: 'repo:acme/shop:*' } })),
    part: `StringNotLike ${subKey}`,
    expected: 'repo:acme/shop:*',
    found: main,
    advice: /negated/,
  },
  claim('another audience', 'StringEquals', audKey, 'https://github.com/acme', 'sts.amazonaws.com', /audience/),
  claim('the audience of China', 'StringEquals', audKey, 'sts.amazonaws.com.cn', 'sts.amazonaws.com', /audience/),
  claim(
    'a condition key with https://',
    'StringLike',
    `https://${issuer}:sub`,
    'repo:acme/shop:*',
    undefined,
    /no "https:\/\/"/,
  ),
  claim(
    'the condition key of another issuer',
    'StringLike',
    'token.actions.example.com:sub',
    'repo:acme/shop:*',
    undefined,
    /begin with the issuer/,
  ),
  claim(
    'a claim that STS makes no key of',
    'StringEquals',
    `${issuer}:repository_owner`,
    'acme',
    undefined,
    /makes no condition key/,
  ),
  claim(
    'the claim of an environment, and the job names none',
    'StringEquals',
    `${issuer}:environment`,
    'prod',
    undefined,
    /names no environment/,
  ),
  claim('another environment by its claim', 'StringEquals', `${issuer}:environment`, 'prod', 'staging', /^/, {
    environment: 'staging',
    sub: main,
  }),
  claim(
    'another repository by its claim',
    'StringEquals',
    `${issuer}:repository`,
    'acme/api',
    'acme/shop',
    /another repository/,
  ),
  claim('another actor', 'StringEquals', `${issuer}:actor`, 'ada', 'grace', /^/, { actor: 'grace' }),
  claim('another id of the repository', 'StringEquals', `${issuer}:repository_id`, '1', '910000001', /^/),
  claim('another ref by its claim', 'StringEquals', `${issuer}:ref`, 'refs/heads/release', 'refs/heads/main', /^/),
  claim(
    'the calling workflow, and the job is in a reusable one',
    'StringLike',
    `${issuer}:job_workflow_ref`,
    'acme/shop/.github/workflows/ci.yml@*',
    'acme/platform/.github/workflows/ship.yml@refs/tags/v1',
    /reusable/,
    { job_workflow_ref: 'acme/platform/.github/workflows/ship.yml@refs/tags/v1' },
  ),
  claim(
    'a reusable workflow at another ref',
    'StringEquals',
    `${issuer}:job_workflow_ref`,
    'acme/platform/.github/workflows/ship.yml@refs/heads/main',
    'acme/platform/.github/workflows/ship.yml@refs/tags/v1',
    /reusable/,
    { job_workflow_ref: 'acme/platform/.github/workflows/ship.yml@refs/tags/v1' },
  ),
  claim('an operator that IAM does not know', 'StringMatches', subKey, 'repo:acme/.*', main, /no operator/),
  principal(
    'the provider of another account',
    { Federated: `arn:aws:iam::111122223333:oidc-provider/${issuer}` },
    `Federated: arn:aws:iam::111122223333:oidc-provider/${issuer}`,
    /another account/,
  ),
  principal(
    'the provider of another partition',
    { Federated: `arn:aws-cn:iam::${account}:oidc-provider/${issuer}` },
    `Federated: arn:aws-cn:iam::${account}:oidc-provider/${issuer}`,
    /another partition/,
  ),
  principal(
    'https:// in the ARN of the provider',
    { Federated: `arn:aws:iam::${account}:oidc-provider/https://${issuer}` },
    `Federated: arn:aws:iam::${account}:oidc-provider/https://${issuer}`,
    /no "https:\/\/"/,
  ),
  principal('a slash at the end of the ARN', { Federated: `${provider}/` }, `Federated: ${provider}/`, /no slash/),
  principal(
    'other letters of the provider',
    { Federated: provider.replace('token', 'Token') },
    `Federated: ${provider.replace('token', 'Token')}`,
    /case of letters/,
  ),
  principal(
    'the provider of another forge',
    { Federated: `arn:aws:iam::${account}:oidc-provider/gitlab.com` },
    `Federated: arn:aws:iam::${account}:oidc-provider/gitlab.com`,
    /Name this provider/,
  ),
  principal(
    'a service instead of a provider',
    { Service: 'ec2.amazonaws.com' },
    'Service: ec2.amazonaws.com',
    /for Service/,
  ),
  principal(
    'the account instead of a provider',
    { AWS: `arn:aws:iam::${account}:root` },
    `AWS: arn:aws:iam::${account}:root`,
    /for AWS/,
  ),
  {
    name: 'the action for callers that have credentials',
    policy: policy(statement(wholly(main), { Action: 'sts:AssumeRole' })),
    part: 'Action',
    expected: 'sts:AssumeRole',
    found: 'sts:AssumeRoleWithWebIdentity',
    advice: /needs "sts:AssumeRoleWithWebIdentity"/,
  },
  {
    name: 'only the action for tags',
    policy: policy(statement(wholly(main), { Action: ['sts:TagSession'] })),
    part: 'Action',
    expected: 'sts:TagSession',
    found: 'sts:AssumeRoleWithWebIdentity',
    advice: /Allow "sts:AssumeRoleWithWebIdentity"/,
  },
  {
    name: 'a Deny for pull requests',
    claims: { sub: 'repo:acme/shop:pull_request' },
    policy: policy(
      statement(likewise('repo:acme/shop:*')),
      statement({ StringLike: { [subKey]: 'repo:*:pull_request' } }, { Effect: 'Deny' }),
    ),
    part: `StringLike ${subKey}`,
    expected: 'repo:*:pull_request',
    found: 'repo:acme/shop:pull_request',
    advice: /Deny wins/,
  },
  {
    name: 'a Deny for all but one branch',
    policy: policy(
      statement(likewise('repo:acme/shop:*')),
      statement(
        { StringNotEquals: { [subKey]: 'repo:acme/shop:ref:refs/heads/release' } },
        { Effect: 'Deny', Sid: 'OnlyRelease' },
      ),
    ),
    part: `StringNotEquals ${subKey}`,
    expected: 'repo:acme/shop:ref:refs/heads/release',
    found: main,
    advice: /Deny wins/,
  },
  {
    name: 'of several statements none, and the nearest is told',
    policy: policy(
      statement(wholly('repo:acme/api:environment:prod'), {
        Principal: { Service: 'ec2.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
      statement(wholly('repo:acme/shop:ref:refs/heads/dev'), { Sid: 'Dev' }),
      statement({ StringEquals: { [audKey]: 'x', [subKey]: 'repo:acme/api:pull_request' } }),
    ),
    part: `StringEquals ${subKey}`,
    expected: 'repo:acme/shop:ref:refs/heads/dev',
    found: main,
    advice: /another branch/,
  },
]
