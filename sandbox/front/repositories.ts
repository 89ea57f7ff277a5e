import { account } from '../world.ts'
import type { Override } from './aws.ts'
import { awsError } from './aws-errors.ts'
import { isRecord, json, type Answer } from './http.ts'
import { takenBy, type Taken } from './lifecycle.ts'
import type { Moto } from './moto.ts'
import type { Operation } from './operations.ts'

type Input = Operation['input']

/** Milliseconds that a preview takes. */
export const previewTakes = 400

/** What ECR knows of repositories and moto does not: previews, archives in lifecycle policies, replication, templates. */
export interface Repositories {
  readonly override: Override
  /** Creation templates of the registry, as DescribeRepositoryCreationTemplates gives them. */
  templates: readonly Input[]
  clear(): void
}

interface Preview {
  readonly text: string
  readonly readyAt: number
  readonly taken: readonly Taken[]
}

interface Previews {
  start(name: string, text: string): Promise<Answer>
  read(name: string, input: Input): Answer
  clear(): void
}

function createPreviews(moto: Pick<Moto, 'images'>, now: () => number): Previews {
  const previews = new Map<string, Preview>()
  return {
    async start(name: string, text: string): Promise<Answer> {
      const running = previews.get(name)
      if (running !== undefined && now() < running.readyAt)
        return fail(
          'LifecyclePolicyPreviewInProgressException',
          `A lifecycle policy preview is in progress for the repository with name '${name}'`,
        )
      previews.set(name, { text, readyAt: now() + previewTakes, taken: takenBy(text, await moto.images(name), now()) })
      return ok({ ...identity(name), lifecyclePolicyText: text, status: 'IN_PROGRESS' })
    },

    read(name: string, input: Input): Answer {
      const preview = previews.get(name)
      if (preview === undefined) return missing('LifecyclePolicyPreview', name)
      const base = { ...identity(name), lifecyclePolicyText: preview.text }
      if (now() < preview.readyAt) return ok({ ...base, status: 'IN_PROGRESS' })
      const from = Number(input.nextToken ?? 0)
      const to = from + Number(input.maxResults ?? 100)
      return ok({
        ...base,
        status: 'COMPLETE',
        previewResults: preview.taken.slice(from, to).map(resultOf),
        summary: { expiringImageTotalCount: preview.taken.filter(({ action }) => action === 'EXPIRE').length },
        ...(to < preview.taken.length ? { nextToken: String(to) } : {}),
      })
    },
    clear: () => previews.clear(),
  }
}

export function createRepositories(moto: Pick<Moto, 'repository' | 'images'>, now: () => number): Repositories {
  const policies = new Map<string, string>()
  const previews = createPreviews(moto, now)
  let replication: unknown = { rules: [] }

  async function lifecycle({ name: operation, input }: Operation): Promise<Answer | undefined> {
    const name = String(input.repositoryName)
    const stored = policies.get(name)
    // moto says it of a repository that does not exist.
    if (!/LifecyclePolicy/.test(operation) || !(await moto.repository(name))) return undefined
    const text = typeof input.lifecyclePolicyText === 'string' ? input.lifecyclePolicyText : stored
    if (operation === 'GetLifecyclePolicyPreview') return previews.read(name, input)
    if (text === undefined) return missing('LifecyclePolicy', name)
    if (operation === 'StartLifecyclePolicyPreview') return previews.start(name, text)
    if (operation === 'PutLifecyclePolicy') policies.set(name, text)
    if (operation === 'DeleteLifecyclePolicy') policies.delete(name)
    return ok({ ...identity(name), lifecyclePolicyText: text })
  }

  const repositories: Repositories = {
    templates: [],
    override: operation => {
      if (operation.service !== 'ecr') return undefined
      switch (operation.name) {
        case 'DescribeRegistry':
          return ok({ registryId: account, replicationConfiguration: replication })
        case 'PutReplicationConfiguration':
          replication = operation.input.replicationConfiguration
          return ok({ replicationConfiguration: replication })
        case 'DescribeRepositoryCreationTemplates':
          return ok({ registryId: account, repositoryCreationTemplates: repositories.templates })
        case 'DeleteRepository':
          policies.delete(String(operation.input.repositoryName))
          return undefined
        default:
          return lifecycle(operation)
      }
    },
    clear() {
      policies.clear()
      previews.clear()
      replication = { rules: [] }
      repositories.templates = []
    },
  }
  return repositories
}

function resultOf({ image, action, rule }: Taken): object {
  return {
    imageDigest: image.digest,
    imageTags: image.tags,
    imagePushedAt: image.pushedAt / 1000,
    action: action === 'EXPIRE' ? { type: 'EXPIRE' } : { type: 'TRANSITION', targetStorageClass: 'ARCHIVE' },
    appliedRulePriority: rule,
  }
}

function identity(name: string): object {
  return { registryId: account, repositoryName: name }
}

function ok(value: unknown): Answer {
  return json(200, value, { 'content-type': 'application/x-amz-json-1.1' })
}

function missing(what: string, name: string): Answer {
  return fail(
    `${what}NotFoundException`,
    `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
  )
}

function fail(code: string, message: string): Answer {
  return awsError('json', { code, message })
}

/** Templates of a request to the control API. */
export function templatesIn(body: Readonly<Record<string, unknown>>): readonly Input[] {
  return Array.isArray(body.templates) ? body.templates.filter(isRecord) : []
}
