import type { Evidence } from '../../health/model.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Log } from '../../runtime/context.ts'
import type { ImageCheck } from '../model.ts'

export type ImageAnswer = Awaited<ReturnType<ImageCheck['check']>>

const aboutPulls = new Set(['image-not-found', 'image-wrong-platform', 'image-pull-denied', 'image-pull-failing'])

/** The image to ask the registry about; undefined for evidence that is not about a pull. */
export function imageInQuestion({ code, facts }: Evidence): string | undefined {
  return aboutPulls.has(code) && facts['image'] !== '' ? facts['image'] : undefined
}

/**
 * What the registry's own answer makes of a kubelet's pull error: fact (A0) when it agrees that the image is not there,
 * a passing fault (C) when it has the image after all.
 */
export function withSecondSource(evidence: Evidence, answers: ReadonlyMap<string, ImageAnswer>): Evidence {
  const image = imageInQuestion(evidence)
  const answer = image === undefined ? undefined : answers.get(image)
  if (answer === 'absent') return { ...evidence, code: 'image-not-found', class: 'A0' }
  if (answer === 'no-platform') return { ...evidence, code: 'image-wrong-platform', class: 'A0' }
  if (answer === 'present' && evidence.code === 'image-not-found')
    return { ...evidence, code: 'image-pull-failing', class: 'C', patienceMs: 120_000 }
  return evidence
}

/** Asks about each image once, in the background. A source that cannot answer is as good as none. */
export class SecondOpinion {
  readonly #images: ImageCheck
  readonly #log: Log
  readonly #signal: AbortSignal
  readonly #answered: (image: string, answer: ImageAnswer) => void
  readonly #asked = new Set<string>()

  constructor(
    images: ImageCheck,
    log: Log,
    signal: AbortSignal,
    answered: (image: string, answer: ImageAnswer) => void,
  ) {
    this.#images = images
    this.#log = log
    this.#signal = signal
    this.#answered = answered
  }

  consult(found: readonly Evidence[]): void {
    for (const image of found.map(imageInQuestion)) {
      if (image === undefined || this.#asked.has(image)) continue
      this.#asked.add(image)
      void this.#ask(image)
    }
  }

  async #ask(image: string): Promise<void> {
    try {
      this.#answered(image, await this.#images.check(image, this.#signal))
    } catch (thrown) {
      this.#log.debug(`the registry could not be asked about ${image}: ${messageOf(thrown)}`)
      this.#answered(image, 'unknown')
    }
  }
}
