/** `unknown`: it depends on what only AWS knows, such as the address that the request comes from. */
export type Answer = 'yes' | 'no' | 'unknown'

/** The value of a condition key that only AWS knows. */
export const unknowable = Symbol('known to AWS only')

/** What a request says under a condition key: one value, several, nothing, or what only AWS knows. */
export type KeyValue = string | readonly string[] | undefined | typeof unknowable

/** Values of a request by condition key, in lower case: the names of keys have no case. */
export type RequestKeys = (key: string) => KeyValue

/** Yes when one is; a missing answer matters only when none is. */
export function someAnswer(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes'
  return answers.includes('unknown') ? 'unknown' : 'no'
}

/** No when one is; a missing answer matters only when all others are yes. */
export function everyAnswer(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no'
  return answers.includes('unknown') ? 'unknown' : 'yes'
}

export function opposite(answer: Answer): Answer {
  if (answer === 'unknown') return answer
  return answer === 'yes' ? 'no' : 'yes'
}
