import { runGate } from '../../src/rollout/gate/run-gate.ts'
import { DeniedError } from '../../src/runtime/errors.ts'
import type { Subject } from '../world/play.ts'

/** The gate as it is shipped, to be put into a world. */
export const ourGate: Subject = {
  gate: runGate,
  refusal: kind => new DeniedError('kubernetes-forbidden', `${kind} is forbidden`, { todo: 'Grant it.' }),
}
