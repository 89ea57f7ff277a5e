import { causeEntry, type CauseCode } from '../../health/causes.ts'
import type { Cause } from '../../health/model.ts'
import type { GateResult } from '../model.ts'

interface Words {
  readonly matches: RegExp
  readonly code: CauseCode
}

/**
 * Last words of a container that say more than its exit code. runc ≥ 1.1 starts the program after it has told the kubelet
 * that the container runs, so a file that no kernel can run ends with 1 (or 255), and only its log says why.
 */
const knownWords: readonly Words[] = [
  {
    matches: /^exec [^:]+: (exec format error|no such file or directory|permission denied)$/,
    code: 'start-error',
  },
]

/** Pure: the result with the cause that the log of its container names, where that is known better than by exit codes. */
export function withLastWords(result: GateResult): GateResult {
  const { cause, logs } = result
  if (cause?.code !== 'crash-loop') return result
  const lines = logs.filter(({ container }) => container === cause.container).flatMap(excerpt => excerpt.lines)
  for (const { matches, code } of knownWords) {
    const line = lines.findLast(text => matches.test(text))
    if (line !== undefined) return { ...result, cause: named(cause, code, line) }
  }
  return result
}

function named(cause: Cause, code: CauseCode, line: string): Cause {
  const { blame, says, next } = causeEntry(code)
  const container = cause.container === undefined ? {} : { container: cause.container }
  return { ...cause, code, blame, says: says({ ...container, message: line }), next }
}
