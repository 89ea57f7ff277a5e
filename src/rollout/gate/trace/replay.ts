import type { Verdict } from '../../../health/model.ts'
import type { KubeObject } from '../../../kubernetes/model.ts'
import { UserError } from '../../../runtime/errors.ts'
import type { GateResult } from '../../model.ts'
import {
  cancelledAt,
  closeInquiry,
  concluded,
  look,
  nothingToJudge,
  openInquiry,
  type Inquiry,
  type Next,
} from '../inquiry.ts'
import type { Judgement } from '../judge.ts'
import type { GateEvent } from '../state.ts'
import type { TraceHead } from './trace.ts'
import { parseTraceLine, type TraceLine } from './trace-line.ts'

/** One gate of a trace, judged again. */
export interface ReplayedGate {
  /** What it gated: the name of a wave. */
  readonly name?: string
  /** Number of the line at which it begins. */
  readonly line: number
  /** What the gate said when it ran; undefined when its run was killed before. */
  readonly recorded?: { readonly verdict: Verdict; readonly code?: string }
  /** What it says now; undefined when the trace ends before there is a verdict. */
  readonly result?: GateResult
  /** Where the replay left the way of the recorded run: a sentence. */
  readonly differs?: string
}

export interface Replay {
  readonly head: TraceHead
  readonly gates: readonly ReplayedGate[]
  /** Why the trace is not whole, a sentence. */
  readonly truncated?: string
}

/**
 * Pure: takes the same steps as the gates that wrote the trace, with what came in then and at the times of then, and
 * so comes to the same verdicts, or shows where the rules have changed since. Logs of containers are not in a trace.
 * Throws UserError, with the number of the line, for a text that is no trace.
 */
export function replay(lines: Iterable<string>): Replay {
  let head: TraceHead | undefined
  let truncated: string | undefined
  const gates: Rerun[] = []
  const objects = new Map<string, KubeObject>()
  let number = 0
  for (const text of lines) {
    number += 1
    if (text.trim() === '') continue
    const line = parseTraceLine(text, number, objects)
    if (line.is === 'head') head = line.head
    else if (head === undefined) throw headless(number)
    else if (line.is === 'truncated') truncated = line.says
    else if (line.is === 'opened') gates.push(new Rerun(line, number))
    else gates.at(-1)?.take(line, number)
  }
  if (head === undefined) throw headless(Math.max(number, 1))
  const whole = truncated === undefined ? {} : { truncated }
  return { head, gates: gates.map(gate => gate.outcome()), ...whole }
}

/** True when every gate was judged to its end and came to the verdict and the cause of then. */
export function isSame({ gates }: Replay): boolean {
  return gates.length > 0 && gates.every(gate => gate.differs === undefined && agrees(gate))
}

function agrees({ recorded, result }: ReplayedGate): boolean {
  return recorded !== undefined && result?.verdict === recorded.verdict && result.cause?.code === recorded.code
}

type Opened = Extract<TraceLine, { is: 'opened' }>
type Step = Extract<TraceLine, { is: 'looked' | 'read' | 'closed' }>

/** One gate on its way through its lines. */
class Rerun {
  readonly #line: number
  #inquiry: Inquiry
  #next: Next | undefined
  #result: GateResult | undefined
  #recorded: ReplayedGate['recorded']
  #differs: string | undefined

  constructor({ request, at }: Opened, line: number) {
    this.#line = line
    this.#inquiry = openInquiry(request, at)
    this.#result = nothingToJudge(this.#inquiry, at)
  }

  take(step: Step, number: number): void {
    if (step.is === 'closed') return this.#close(step)
    if (this.#result !== undefined) return this.#leave(`line ${number}: the recorded run went on here`)
    if (step.is === 'looked') this.#look(step.events, step.at)
    else this.#read(step, number)
    if (this.#next?.decision === 'verdict') this.#conclude(this.#next, step.at)
  }

  #look(events: readonly GateEvent[], at: number): void {
    const { inquiry, next } = look(this.#inquiry, events, at)
    this.#inquiry = inquiry
    this.#next = next
  }

  #read({ answer, at }: Extract<Step, { is: 'read' }>, number: number): void {
    if (this.#next?.decision !== 'read') {
      return this.#leave(`line ${number}: the recorded run was about to decide here`)
    }
    const { inquiry, next } = concluded(this.#inquiry, this.#next, answer, at)
    this.#inquiry = inquiry
    this.#next = next
  }

  #close({ verdict, code, at }: Extract<Step, { is: 'closed' }>): void {
    this.#recorded = { verdict, ...(code === undefined ? {} : { code }) }
    // Cancelling comes from outside, not from what was seen.
    if (verdict === 'cancelled' && this.#result === undefined) this.#conclude(cancelledAt(at), at)
  }

  #conclude(judgement: Judgement, at: number): void {
    this.#result = closeInquiry(this.#inquiry, judgement, at)
  }

  /** Only the first step aside means something. */
  #leave(says: string): void {
    this.#differs ??= says
  }

  outcome(): ReplayedGate {
    const { name } = this.#inquiry.state.request
    return {
      ...(name === undefined ? {} : { name }),
      line: this.#line,
      ...(this.#recorded === undefined ? {} : { recorded: this.#recorded }),
      ...(this.#result === undefined ? {} : { result: this.#result }),
      ...(this.#differs === undefined ? {} : { differs: this.#differs }),
    }
  }
}

function headless(number: number): UserError {
  return new UserError('trace-broken', `Line ${number}: this is no trace of a release: its first line is missing.`, {
    todo: 'Name the file of the output "trace" of deploy, rollback or verify, as it was written.',
  })
}
