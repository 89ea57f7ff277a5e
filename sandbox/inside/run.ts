import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Runs a command to its end and returns its standard output. Throws with its error output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await exec(command, args, { maxBuffer: 64e6, ...(env ? { env: { ...process.env, ...env } } : {}) })
  return stdout
}
