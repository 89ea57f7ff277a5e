import { readRepositories, type DesiredRepository } from '../registry/repository/desired.ts'
import { refuse } from '../runtime/parsers.ts'
import { sayPath } from '../runtime/yaml-lines.ts'
import { settingsTodo } from './repository-settings.ts'

/**
 * What the input `repository-settings` wants. Read by the action and not by the parser of the input: with this every
 * other action would be larger at its start. Throws UserError with the first mistake, before any call.
 */
export function desiredRepositories(settings: Readonly<Record<string, unknown>>): readonly DesiredRepository[] {
  const read = readRepositories(settings)
  if ('value' in read) return read.value
  const { at, says } = read.mistake
  const place = at.length === 0 ? '' : `: ${sayPath(at)}`
  throw refuse('repository-settings', `repository-settings${place} ${says}.`, settingsTodo)
}
