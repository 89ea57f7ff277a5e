import { UserError } from '../../runtime/errors.ts'
import type { SessionRequest } from '../session-request.ts'

/** What the helper of later steps reads from its file: how to get the session, no part of one. */
export interface HelperRequest {
  /** Rises when a helper of an earlier version would misread the file. */
  readonly version: 1
  readonly request: SessionRequest
  /** Variables as they were before the step: the helper must not find the profile that it stands behind. */
  readonly environment: Readonly<Record<'AWS_CONFIG_FILE' | 'AWS_PROFILE', string>>
}

/** Throws UserError when the text is none, which is so when the step's clean-up has run. */
export function parseHelperRequest(text: string, file: string): HelperRequest {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && parsed.version === 1) {
      // Written by the same program.
      return parsed as HelperRequest
    }
  } catch {
    // Said below.
  }
  throw new UserError('helper-request', `${file} is no request for a session.`, {
    todo: 'Run the step assume-role of the same version before this one.',
  })
}
