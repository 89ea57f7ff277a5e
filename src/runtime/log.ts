import type { Log } from './context.ts'
import type { Place } from './errors.ts'
import type { Masker } from './mask.ts'

/** Marks a place in a file of the checkout, and names the annotation. */
export interface AnnotationPlace extends Partial<Place> {
  readonly title?: string
}

/** The log of one run, plus what only the run wrapper may say. */
export interface RunLog extends Log {
  /** An error annotation; several lines are allowed. */
  error(text: string, place?: AnnotationPlace): void
}

/** Writes for the runner: plain lines, and workflow commands for what it marks or folds. */
export function createLog(write: (text: string) => void, masker: Masker, debugging: boolean): RunLog {
  const print = (text: string): void => write(`${neutralise(masker.apply(text))}\n`)
  const command = (name: string, text: string, place: AnnotationPlace = {}): void =>
    write(workflowCommand(name, masker.apply(text), hiddenIn(place, masker)))
  return {
    info: print,
    warn: (text, place) => command('warning', text, place),
    error: (text, place) => command('error', text, place),
    debug: text => {
      if (debugging) command('debug', text)
    },
    async group(title, work) {
      command('group', title)
      try {
        return await work()
      } finally {
        write('::endgroup::\n')
      }
    },
  }
}

/** The path of a file may hold what nobody may see as well. */
function hiddenIn(place: AnnotationPlace, masker: Masker): AnnotationPlace {
  const { file, title } = place
  return {
    ...place,
    ...(file === undefined ? {} : { file: masker.apply(file) }),
    ...(title === undefined ? {} : { title: masker.apply(title) }),
  }
}

/** `::warning title=…::text`, escaped as the runner expects it. */
export function workflowCommand(name: string, text: string, properties: AnnotationPlace = {}): string {
  const named = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
  return `::${name}${named.length > 0 ? ` ${named.join(',')}` : ''}::${escapeData(text)}\n`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/**
 * Takes the meaning of workflow commands out of foreign text, such as a container's log lines.
 * The runner (ActionCommand.cs) trims a line and looks for `::` at its start, and finds `##[` anywhere in it;
 * .NET also ends a line at a lone carriage return and trims U+0085, which JavaScript does not call white space.
 */
export function neutralise(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(line => line.replace(/^([\s\u0085]*)::/, '$1: :').replaceAll('##[', '# #['))
    .join('\n')
}
