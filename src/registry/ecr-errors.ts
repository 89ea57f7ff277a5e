import { DeniedError, RemoteError, SlipwayError, UserError, messageOf } from '../runtime/errors.ts'

/** What a call was about, for the sentence of its error. */
export interface EcrSubject {
  /** IAM action of the call: `ecr:BatchGetImage`. */
  readonly action: string
  readonly repository?: string
  readonly image?: string
  readonly region: string
  readonly accountId: string
  readonly roleArn: string
}

type Explain = (subject: EcrSubject, text: string) => SlipwayError

/** One entry per error code of the ECR API (botocore service model 2015-09-21) and of AWS's common ones. */
const known: Readonly<Record<string, Explain>> = {
  RepositoryNotFoundException: ({ repository, region, accountId }) =>
    repositoryMissing(repository ?? '', accountId, region),
  ImageNotFoundException: ({ image, repository, region }) =>
    new UserError(
      'ecr-image-missing',
      `${image ?? 'The image'} is not in the ECR repository "${repository ?? ''}" of ${region}.`,
      {
        why: 'It was never pushed there, or a lifecycle rule expired it.',
        todo: 'Build and push it again, and check the region.',
      },
    ),
  AccessDeniedException: denied,
  ImageTagAlreadyExistsException: ({ image, repository }) => tagTaken(image ?? 'The tag', repository ?? ''),
  ImageArchivedException: ({ image }) =>
    new UserError('ecr-image-archived', `${image ?? 'The image'} is archived in ECR.`, {
      why: 'A lifecycle rule moved it to the archive storage class, which cannot be pulled or scanned.',
      todo: 'Restore it in ECR, or push it again.',
    }),
  BlockedByOrganizationPolicyException: ({ action }, text) =>
    new DeniedError('ecr-organization-policy', `A policy of the organization blocks ${action}.`, {
      why: text,
      todo: 'Ask who owns the AWS organization.',
    }),
  LimitExceededException: ({ action }, text) =>
    new RemoteError('ecr-limit', `${action} hit a limit of this account.`, {
      why: text,
      todo: 'Delete what is not needed, or raise the quota in Service Quotas.',
    }),
  KmsException: ({ repository }, text) =>
    new DeniedError('ecr-kms', `The KMS key of the ECR repository "${repository ?? ''}" cannot be used.`, {
      why: text,
      todo: 'Enable the key and let the role use it (kms:Decrypt, kms:GenerateDataKey).',
    }),
  InvalidParameterException: invalid,
  ValidationException: invalid,
}

const expired = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
])

/** Error code of the AWS SDK in whatever was thrown; undefined when it is no answer of a service. */
export function awsErrorName(thrown: unknown): string | undefined {
  return thrown instanceof Error && '$metadata' in thrown ? thrown.name : undefined
}

/** Turns what an ECR call threw into an error for people. Aborts and our own errors pass unchanged. */
export function explainEcr(thrown: unknown, subject: EcrSubject): unknown {
  if (thrown instanceof SlipwayError || (thrown instanceof Error && thrown.name === 'AbortError')) return thrown
  const name = awsErrorName(thrown)
  const explain = name === undefined ? undefined : known[name]
  if (explain !== undefined) return explain(subject, messageOf(thrown))
  if (name !== undefined && expired.has(name)) {
    return new DeniedError('aws-credentials', `AWS refuses the credentials of ${subject.roleArn}.`, {
      why: messageOf(thrown),
      todo: 'Run the job again; check that the clock of the runner is right.',
      cause: thrown,
    })
  }
  return new RemoteError('ecr-unavailable', `${subject.action} in ${subject.region} failed.`, {
    why: messageOf(thrown),
    todo: 'Run the job again; check the region and that the runner reaches ECR.',
    cause: thrown,
  })
}

/** A repository that does not exist, by the control plane or by the registry itself. */
export function repositoryMissing(repository: string, accountId: string, region: string): UserError {
  return new UserError(
    'ecr-repository-missing',
    `The ECR repository "${repository}" does not exist in account ${accountId}, ${region}.`,
    {
      todo: 'Create it first, or correct the inputs repository and region.',
    },
  )
}

/** A tag that an immutable repository will not move. */
export function tagTaken(tag: string, repository: string): UserError {
  return new UserError(
    'ecr-tag-immutable',
    `The tag ${tag} exists in the ECR repository "${repository}" and names another image.`,
    {
      why: 'Tags of this repository are immutable.',
      todo: 'Use a tag that names this commit, or exclude the tag from immutability.',
    },
  )
}

function denied({ action, repository, roleArn }: EcrSubject, text: string): DeniedError {
  return new DeniedError(
    'ecr-denied',
    `${roleArn} may not ${action}${repository === undefined ? '' : ` on the repository "${repository}"`}.`,
    {
      why: text,
      todo:
        repository === undefined
          ? `Allow ${action} on "*" in the role's policy: it knows no narrower resource.`
          : `Allow ${action} in the role's policy, and check the repository's own policy.`,
    },
  )
}

function invalid({ action, image, repository }: EcrSubject, text: string): UserError {
  return new UserError('ecr-invalid', `ECR does not accept ${image ?? repository ?? 'the request'} (${action}).`, {
    why: text,
    todo: 'Correct the inputs of the step, or what slipway.yaml says for them.',
  })
}
