import { UserError } from '../../runtime/errors.ts'
import type { RenderPorts } from './model.ts'

/** Longer refusals are cut: the first words say it. */
const mostWords = 500

/** How a program that renders ended: what it printed, or its own words for why it did not. */
export type Rendering = { readonly text: string } | { readonly refusal: string }

/** Runs a program in the checkout. Undefined when it is not on this runner. */
export async function render(
  command: string,
  args: readonly string[],
  { exec, log, workspace, signal }: RenderPorts,
): Promise<Rendering | undefined> {
  try {
    const { code, stdout, stderr } = await exec(command, args, { cwd: workspace, signal })
    if (code !== 0) return { refusal: oneLine(stderr || stdout, workspace) }
    if (stderr.trim() !== '') log.debug(`${command}: ${stderr.trim()}`)
    return { text: stdout }
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === 'program-missing') return undefined
    throw thrown
  }
}

/** Without `Error:` in front, advice of no use here, and the path of the checkout. */
function oneLine(text: string, workspace: string): string {
  const line = text
    .replace(/^\s*error:\s*/i, '')
    .replace(/\s*Use --debug flag to render out invalid YAML\s*$/, '')
    .replaceAll(`${workspace}/`, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length <= mostWords ? line : `${line.slice(0, mostWords - 1)}…`
}
