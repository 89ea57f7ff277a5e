import { formatSeconds } from '../report/document.ts'
import { releaseLines } from '../report/lines.ts'
import { isSame, replay as replayTrace } from '../rollout/gate/trace/replay.ts'
import type { Replay, ReplayedGate } from '../rollout/gate/trace/replay.ts'
import type { GateResult } from '../rollout/model.ts'
import type { Command } from '../runtime/run-command.ts'
import { UserError } from '../runtime/errors.ts'

/**
 * `slipway replay FILE`: judges a recorded release again, offline. Ends with 0 when every gate comes to the verdict and
 * the cause of then, with 1 when not.
 */
export const command: Command = async (args, { readLines, write }) => {
  const [file, ...rest] = args
  if (file === undefined || rest.length > 0 || file.startsWith('-')) throw usage()
  const replayed = replayTrace(await readLines(file))
  for (const [index, gate] of replayed.gates.entries()) write(gateLines(gate, index + 1, replayed))
  const same = isSame(replayed)
  write(`${conclusion(replayed, same)}\n`)
  return same ? 0 : 1
}

function gateLines({ name, line, result, recorded, differs }: ReplayedGate, number: number, replayed: Replay): string {
  const told = result?.timeline.filter(({ kind }) => kind !== 'verdict') ?? []
  return [
    `gate ${number}${name === undefined ? '' : ` (${name})`}, line ${line}`,
    ...told.map(({ at, subject, says }) => `  ${after(at, result)}  ${subject}: ${says}`),
    result === undefined ? '? the trace ends before there is a verdict' : verdictLines(result, replayed),
    ...(differs === undefined ? [] : [`  replayed otherwise: ${differs}`]),
    ...(recorded === undefined ? ['  recorded: no verdict; the run ended before'] : []),
    ...(recorded !== undefined && (recorded.verdict !== result?.verdict || recorded.code !== result.cause?.code)
      ? [`  recorded: ${recorded.verdict}${recorded.code === undefined ? '' : ` (code: ${recorded.code})`}`]
      : []),
    '',
  ].join('\n')
}

/** As the action said it. */
function verdictLines(result: GateResult, { head: { application, commit } }: Replay): string {
  const { verdict, cause, partial, timeline, logs, startedAt, endedAt } = result
  return releaseLines({
    application,
    ...(commit === undefined ? {} : { commit }),
    verdict,
    ...(cause === undefined ? {} : { cause }),
    ...(partial === undefined ? {} : { partial }),
    timeline,
    logs,
    startedAt,
    seconds: (endedAt - startedAt) / 1000,
  })
}

function after(at: number, result: GateResult | undefined): string {
  return formatSeconds(Math.max(0, at - (result?.startedAt ?? at)) / 1000).padStart(9)
}

function conclusion({ gates, truncated }: Replay, same: boolean): string {
  const count = `${gates.length} gate${gates.length === 1 ? '' : 's'}`
  if (same) return `= ${count} judged again: the same verdict and cause as recorded`
  if (truncated !== undefined) return `≠ not judged to the end: ${truncated}`
  if (gates.length === 0) return '≠ no gate is in this trace: the release ended before anything was judged'
  return `≠ ${count} judged again: not the verdict or cause that is recorded`
}

function usage(): UserError {
  return new UserError('replay-usage', 'replay takes one argument, the file of a trace.', {
    why: 'deploy, rollback and verify write it and name it in their output "trace".',
    todo: 'node dist/replay/index.js rollout.trace.jsonl',
  })
}
