import type { Log } from '../../runtime/context.ts'
import { RemoteError } from '../../runtime/errors.ts'
import type { RepositoryAccount } from './account.ts'
import type { DesiredRepository } from './desired.ts'
import { keptIn, lostTargets, type KeptImage } from './kept-images.ts'
import type { SelectedImage } from './live.ts'
import { isSettled, planRepositories, type Plan, type RepositoryPlan } from './plan.ts'
import type { IndexChildren, LifecyclePreview } from './preview.ts'

export type Mode = 'plan' | 'apply' | 'drift'

export interface Ensure {
  readonly desired: readonly DesiredRepository[]
  readonly mode: Mode
  /** Images that no lifecycle policy may take away by this change. */
  readonly kept: readonly KeptImage[]
}

export interface EnsurePorts {
  readonly account: RepositoryAccount
  readonly preview: LifecyclePreview
  readonly children: IndexChildren
  readonly log: Log
}

/** A repository with what its new lifecycle policy would take away. */
export interface PreviewedPlan extends RepositoryPlan {
  /** Absent where no lifecycle policy changes, or nobody looked. */
  readonly selected?: readonly SelectedImage[]
}

export interface Ensured {
  readonly verdict: 'unchanged' | 'planned' | 'applied' | 'drifted' | 'refused'
  readonly repositories: readonly PreviewedPlan[]
}

/** A repository that somebody makes at the same time is looked at again; nobody makes one so often. */
const mostRounds = 3

/**
 * Brings an account to what is desired, or says what that would take. Nothing is written in a plan or a search for
 * drift, nor when one thing cannot be had. All that is asked for twice is done once.
 */
export async function ensureRepositories({ desired, mode, kept }: Ensure, ports: EnsurePorts): Promise<Ensured> {
  for (let round = 1; round <= mostRounds; round++) {
    const { live, registry } = await ports.account.read(desired)
    const plan = planRepositories(desired, live, registry)
    if (plan.repositories.every(isSettled)) return { verdict: 'unchanged', repositories: plan.repositories }
    if (mode === 'drift') return { verdict: 'drifted', repositories: plan.repositories }
    const repositories: PreviewedPlan[] = []
    for (const one of plan.repositories) repositories.push(await previewed(one, kept, ports))
    if (repositories.some(({ refusals }) => refusals.length > 0)) return { verdict: 'refused', repositories }
    if (mode === 'plan') return { verdict: 'planned', repositories }
    if ((await apply(plan, ports)) === 'done') {
      await lookAgain(desired, ports)
      return { verdict: 'applied', repositories }
    }
  }
  throw new RemoteError('ecr-repository-contended', 'The repositories change while they are being changed.', {
    why: `In ${mostRounds} rounds a repository came to be that was not there a moment before.`,
    todo: 'Let one job at a time apply them (concurrency:), and run it again.',
  })
}

async function previewed(
  one: RepositoryPlan,
  kept: readonly KeptImage[],
  { preview, children }: Pick<EnsurePorts, 'preview' | 'children'>,
): Promise<PreviewedPlan> {
  const change = one.steps.find(step => step.do === 'lifecycle')
  // A new repository has no images, and without a policy none is taken away.
  if (!one.exists || change?.do !== 'lifecycle' || change.text === undefined) return one
  const selected = await preview(one.name, change.text)
  // A preview names the index alone, and its images go with it.
  const held =
    selected.length === 0 || keptIn(one.name, kept).length === 0
      ? undefined
      : await children(
          one.name,
          selected.map(({ digest }) => digest),
        )
  return { ...one, selected, refusals: [...one.refusals, ...lostTargets(one.name, selected, kept, held)] }
}

async function apply({ repositories, scanning, replication }: Plan, { account, log }: EnsurePorts) {
  for (const { name, steps } of repositories) {
    for (const step of steps) {
      if ((await account.take(name, step)) === 'exists') return 'again'
      log.info(`${name}: ${step.do === 'create' ? 'created' : `${step.do} set`}`)
    }
  }
  if (scanning !== undefined) await account.putScanning(scanning)
  if (replication !== undefined) await account.putReplication(replication)
  return 'done'
}

/** What ECR keeps in another form than it took it would be a change at every run: that is worth a word. */
async function lookAgain(desired: readonly DesiredRepository[], { account, log }: EnsurePorts): Promise<void> {
  const { live, registry } = await account.read(desired)
  for (const one of planRepositories(desired, live, registry).repositories) {
    if (isSettled(one)) continue
    const what = one.differences.map(difference => difference.what).join(', ') || 'the repository'
    log.warn(`${one.name}: ECR still says something else than was just written (${what}).`)
  }
}
