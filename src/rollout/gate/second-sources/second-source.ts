import type { Evidence, Related } from '../../../health/model.ts'
import type { GateRequest } from '../../model.ts'
import { imageKey, type Answers, type ImageAnswer } from './answers.ts'
import { referencesBehind, withConfigAnswers } from './missing-config.ts'

const aboutPulls = new Set(['image-not-found', 'image-wrong-platform', 'image-pull-denied', 'image-pull-failing'])

/** An image to ask the registry about, for the platform of the node that is to run it. */
export interface ImageQuestion {
  readonly image: string
  readonly platform?: string
}

/** Undefined for evidence that is not about a pull. */
export function imageInQuestion({ code, facts, node }: Evidence, { nodes }: Related): ImageQuestion | undefined {
  const image = facts['image']
  if (!aboutPulls.has(code) || image === undefined || image === '') return undefined
  const labels = nodes.find(({ metadata }) => metadata.name === node)?.metadata.labels
  const arch = labels?.['kubernetes.io/arch']
  return arch === undefined ? { image } : { image, platform: `${labels?.['kubernetes.io/os'] ?? 'linux'}/${arch}` }
}

/** A pull that fails although the registry has the image has recovered by itself in the field (kubernetes#83348). */
const passingPullMs = 120_000

/**
 * What the registry's own answer makes of a kubelet's pull error: fact (A0) when it agrees that the image is not there,
 * a passing fault (C) when it has the image after all, for that very platform.
 */
function withImageAnswer(evidence: Evidence, answer: ImageAnswer | undefined): Evidence {
  if (answer === 'absent') return { ...evidence, code: 'image-not-found', class: 'A0' }
  if (answer === 'no-platform') return { ...evidence, code: 'image-wrong-platform', class: 'A0' }
  if (answer === 'present' && evidence.code === 'image-not-found')
    return { ...evidence, code: 'image-pull-failing', class: 'C', patienceMs: passingPullMs }
  return evidence
}

/** One piece of evidence as the second sources know it. Pure; what no source was asked about stays as it is. */
export function withSecondSource(
  evidence: Evidence,
  answers: Answers,
  related: Related,
  { applied, brings = [] }: Pick<GateRequest, 'applied' | 'brings'>,
): Evidence {
  const asked = imageInQuestion(evidence, related)
  if (asked !== undefined) {
    const { image, platform } = asked
    return withImageAnswer(evidence, answers.images.get(imageKey(image, platform)))
  }
  const references = answers.config.size === 0 ? [] : referencesBehind(evidence, applied)
  return references.length === 0 ? evidence : withConfigAnswers(evidence, references, answers.config, brings)
}
