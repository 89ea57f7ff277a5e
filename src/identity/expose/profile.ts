import type { HelperProgram } from '../../runtime/context.ts'

/** A profile of the AWS CLI and the SDKs whose credentials a program brings. */
export interface Profile {
  readonly name: string
  readonly region: string
  readonly helper: HelperProgram
  /** File with the request that the program makes. */
  readonly requestFile: string
}

/** `config` with the profile in it, in place of one of the same name; all that was there stays, comments too. Pure. */
export function withProfile(config: string, profile: Profile): string {
  const kept = withoutSection(config, profile.name).trimEnd()
  const { node, script } = profile.helper
  const command = [node, script, 'aws', profile.requestFile].map(quoted).join(' ')
  const section = [header(profile.name), `region = ${profile.region}`, `credential_process = ${command}`]
  return `${kept === '' ? '' : `${kept}\n\n`}${section.join('\n')}\n`
}

/** Whether a file of profiles or of keys has the profile; sections of the latter have the bare name. */
export function hasProfile(text: string, name: string): boolean {
  return text.split(/\r?\n/).some(line => sectionOf(line) === name)
}

function header(name: string): string {
  return name === 'default' ? '[default]' : `[profile ${name}]`
}

/** From the section's line to the next section. */
function withoutSection(config: string, name: string): string {
  let inside = false
  const kept = config.split(/\r?\n/).filter(line => {
    const section = sectionOf(line)
    if (section !== undefined) inside = section === name
    return !inside
  })
  return kept.join('\n')
}

/** The name in `[profile x]` or `[x]`; undefined for any other line. */
function sectionOf(line: string): string | undefined {
  const [, prefixed, bare] = /^\s*\[\s*(?:profile\s+(.+?)|(.+?))\s*\]/.exec(line) ?? []
  const name = prefixed ?? bare
  return name?.replace(/^(["'])(.*)\1$/, '$2')
}

/** Tools split the command like a shell does, or hand it to one; on Windows a backslash is no escape. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replaceAll('"', String.raw`\"`)}"`
}
