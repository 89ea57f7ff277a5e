import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { createExec } from '../../src/runtime/exec.ts'

export interface BundleRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Messages of `::error::` lines, unescaped. */
  readonly errors: readonly string[]
  /** What the step left in the files of the runner. */
  readonly output: string
  readonly summary: string
  readonly state: string
  readonly env: string
}

/** Text of files below the workspace, by path. */
export type WorkspaceFiles = Readonly<Record<string, string>>

/** Runs a built action as the runner does: its own process, inputs as variables, and nothing else of ours. */
export async function runBundle(
  action: string,
  inputs: Readonly<Record<string, string>>,
  files: WorkspaceFiles = {},
  env: Readonly<Record<string, string>> = {},
  program: 'index.js' | 'post.js' = 'index.js',
): Promise<BundleRun> {
  const workspace = mkdtempSync(join(tmpdir(), 'slipway-workspace-'))
  try {
    for (const [path, text] of Object.entries({ ...files, '.output': '', '.summary': '', '.state': '', '.env': '' })) {
      mkdirSync(dirname(join(workspace, path)), { recursive: true })
      writeFileSync(join(workspace, path), text)
    }
    const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
    const runner = {
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: workspace,
      GITHUB_OUTPUT: join(workspace, '.output'),
      GITHUB_STATE: join(workspace, '.state'),
      GITHUB_ENV: join(workspace, '.env'),
      GITHUB_STEP_SUMMARY: join(workspace, '.summary'),
    }
    const exec = createExec({ PATH: process.env['PATH'] })
    const result = await exec(process.execPath, [resolve('dist', action, program)], {
      cwd: workspace,
      env: { ...runner, ...env, ...Object.fromEntries(given) },
    })
    return {
      ...result,
      errors: errorsIn(result.stdout),
      output: readFileSync(runner.GITHUB_OUTPUT, 'utf8'),
      summary: readFileSync(runner.GITHUB_STEP_SUMMARY, 'utf8'),
      state: readFileSync(runner.GITHUB_STATE, 'utf8'),
      env: readFileSync(runner.GITHUB_ENV, 'utf8'),
    }
  } finally {
    rmSync(workspace, { recursive: true })
  }
}

/** Messages of `::error::` lines, unescaped. */
export function errorsIn(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^::error[^:]*::(.*)$/gm)].map(([, text = '']) =>
    text.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%'),
  )
}
