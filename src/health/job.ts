import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, instant, nameOf, view, type Condition, type Job, type Pod } from './objects.ts'
import { isDiscounted, revisionPods } from './ownership.ts'
import { evidenceOf } from './pod-set.ts'
import { assessPod, failedContainer } from './pod.ts'
import { createRefusalTold } from './replica-set.ts'

/**
 * A Job is judged by its own conditions: retries are its business, so exits of its pods prove nothing yet.
 * What no retry can heal (an image that is not there, missing configuration) counts from its pods.
 */
export function assessJob(object: KubeObject, related: Related, now: Instant): Health {
  const job = view<Job>(object)
  const subject = nameOf(object)
  const met = (type: string): Condition | undefined => {
    const found = condition(job.status.conditions, type)
    return found?.status === 'True' ? found : undefined
  }
  if (met('Complete') ?? met('SuccessCriteriaMet')) return { status: 'healthy' }
  const failure = met('Failed') ?? met('FailureTarget')
  if (failure !== undefined) {
    return {
      status: 'failing',
      says: `failed (${failure.reason ?? 'Failed'})`,
      evidence: [failed(job, subject, failure, related, now)],
    }
  }
  if (job.spec.suspend === true) return { status: 'healthy', partial: 'it is suspended, so nothing ran' }
  const pods = revisionPods(object, related).filter(pod => isRunning(pod) && !isDiscounted(pod, related))
  const refused = createRefusalTold(object, related)
  const found = pods.flatMap(pod => evidenceOf(assessPod(pod, subject, related, now, { mayExit: true })))
  const says = `${job.status.succeeded ?? 0} of ${job.spec.completions ?? 1} completed, ${job.status.failed ?? 0} failed`
  return { status: refused.length > 0 ? 'failing' : 'progressing', says, evidence: [...refused, ...found] }
}

const isRunning = ({ status }: Pod): boolean => status.phase !== 'Failed' && status.phase !== 'Succeeded'

/** The Job's own reason, with the container of its last failed pod: that is where the log is. */
function failed(job: KubeObject, subject: string, failure: Condition, related: Related, now: Instant): Evidence {
  const pods = revisionPods(job, related).toSorted((a, b) => age(b) - age(a))
  const pod = pods.find(candidate => failedContainer(candidate).container !== undefined)
  const seen = pod === undefined ? {} : failedContainer(pod)
  return evidence('job-failed', {
    on: pod ?? job,
    subject,
    at: instant(failure.lastTransitionTime) ?? now,
    text: failure.message,
    ...(seen.container === undefined ? {} : { container: seen.container }),
    count: pods.filter(candidate => failedContainer(candidate).container !== undefined).length || 1,
    facts: { reason: failure.reason ?? 'Failed', ...seen.facts },
  })
}

const age = ({ metadata }: Pod): Instant => instant(metadata.creationTimestamp) ?? 0
