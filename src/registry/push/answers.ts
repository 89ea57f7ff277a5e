import { DeniedError, RemoteError, type SlipwayError, UserError, messageOf } from '../../runtime/errors.ts'
import { repositoryMissing } from '../ecr-errors.ts'
import { parseEcrHost } from '../reference.ts'
import type { RegistryAnswer } from './connection.ts'

/** An answer that is no success, with the registry's own code and words (distribution-spec, "Error codes"). */
export class Refusal extends Error {
  readonly answer: RegistryAnswer
  readonly code: string
  readonly says: string
  constructor(answer: RegistryAnswer) {
    const { code, message } = errorIn(answer.body)
    super(wordsOf(answer.status, code, message))
    this.answer = answer
    this.code = code
    this.says = message
  }
}

/** An answer that says it worked, and did something else. */
export class WrongAnswer extends Error {}

function errorIn(body: string): { readonly code: string; readonly message: string } {
  try {
    const { errors } = JSON.parse(body) as { errors?: readonly { code?: string; message?: string }[] }
    const [first] = errors ?? []
    return { code: first?.code ?? '', message: first?.message ?? '' }
  } catch {
    // A proxy's page, or nothing.
    return {
      code: '',
      message: body
        .replaceAll(/<[^>]*>|\s+/g, ' ')
        .trim()
        .slice(0, 300),
    }
  }
}

/** Statuses alone say little: the registry's words come first, where it has any. */
function wordsOf(status: number, code: string, message: string): string {
  const end = `(HTTP ${status}${code === '' ? '' : `, ${code}`})`
  return message === '' ? `no words ${end}` : `${message} ${end}`
}

/** What was to be done, for the sentence of an error. */
export interface Doing {
  readonly host: string
  readonly repository: string
  /** `store the layer sha256:…`, `store the manifest of v1` */
  readonly what: string
}

/** The last word of a registry, for people. Our own errors pass unchanged. */
export function explainRefusal(thrown: unknown, { host, repository, what }: Doing): SlipwayError {
  if (thrown instanceof UserError || thrown instanceof DeniedError || thrown instanceof RemoteError) return thrown
  if (thrown instanceof Refusal) {
    const { status } = thrown.answer
    if (thrown.code === 'NAME_UNKNOWN') return noRepository(host, repository)
    if (status === 401 || status === 403) {
      return new DeniedError('registry-denied', `${host} refuses to ${what} in "${repository}".`, {
        why: `It says: ${thrown.message}.`,
        todo: 'Allow the role to push: ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload, ecr:PutImage and ecr:BatchGetImage; check the repository policy too.',
        cause: thrown,
      })
    }
    return new RemoteError('registry-answer', `${host} did not ${what} in "${repository}".`, {
      why: `It says: ${thrown.message}.`,
      todo:
        status === 429 || status >= 500
          ? 'Run the job again: what is stored already is not sent twice.'
          : 'Look up what it says; run the job again when it has passed.',
      cause: thrown,
    })
  }
  if (thrown instanceof WrongAnswer) {
    return new RemoteError('registry-wrong-answer', `${host} did not ${what} in "${repository}": ${thrown.message}.`, {
      why: 'Something between the runner and the registry may have answered, or changed what was sent.',
      todo: 'Run the job again; on a self-hosted runner check its proxies.',
      cause: thrown,
    })
  }
  return new RemoteError('registry-unreachable', `${host} gave no answer when it was to ${what} in "${repository}".`, {
    why: messageOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown),
    todo: 'Check that the runner reaches it on port 443, and run the job again: what is stored already is not sent twice.',
    cause: thrown,
  })
}

function noRepository(host: string, repository: string): UserError {
  const home = parseEcrHost(host)
  if (home !== undefined) return repositoryMissing(repository, home.accountId, home.region)
  return new UserError('registry-repository-missing', `The repository "${repository}" does not exist in ${host}.`, {
    todo: 'Create it first, or correct its name.',
  })
}
