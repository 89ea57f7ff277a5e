import { recordTrace } from '../rollout/gate/trace/trace.ts'
import type { GateTrace } from '../rollout/gate/trace/trace.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import { growingFile } from '../runtime/files.ts'

/** The trace of a release, as a file that a later step may upload. A disk without room costs the trace, not the release. */
export function openTrace(
  given: { readonly application?: string | undefined; readonly namespace: string; readonly cluster: string },
  context: Context,
): GateTrace & { readonly path: string } {
  const { tempFolder, log, github } = context
  const file = growingFile(tempFolder, 'rollout.trace.jsonl', trouble =>
    log.warn(`The trace of this release could not be written to its end: ${messageOf(trouble)}`),
  )
  const head = {
    application: given.application ?? given.namespace,
    namespace: given.namespace,
    cluster: given.cluster,
    commit: github.sha,
    runUrl: github.runUrl,
  }
  return Object.assign(
    recordTrace(head, file, text => context.hide(text)),
    { path: file.path },
  )
}
