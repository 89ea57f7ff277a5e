import type { Log } from '../../src/runtime/context.ts'

/** A log whose lines can be read; warnings carry the word, debug lines are not kept. */
export interface RecordingLog extends Log {
  readonly lines: readonly string[]
}

export function recordingLog(): RecordingLog {
  const lines: string[] = []
  return {
    lines,
    info: text => void lines.push(text),
    warn: text => void lines.push(`warning: ${text}`),
    debug: () => {},
    group: (title, work) => {
      lines.push(title)
      return work()
    },
  }
}
