import type { AwsError } from './aws-errors.ts'

/** A refusal of STS, with the text STS gives. */
export class Refused extends Error {
  readonly aws: AwsError
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.aws = { code, message, status }
  }
}

/** A value that the service model does not take. */
export function invalid(member: string, value: string, constraint: string): Refused {
  const shown = value === 'null' ? 'null' : `'${value}'`
  return new Refused(
    'ValidationError',
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: ${constraint}`,
  )
}
