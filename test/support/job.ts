/** A job as a runner keeps it: what a step leaves is there for the next one, and the clean-ups come last. For use inside the platform. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { attach } from '../../sandbox/platform.ts'
import type { Entered } from '../../sandbox/platform.ts'
import { step, type Step } from './step.ts'

export interface Job {
  /** RUNNER_TEMP of the job. */
  readonly temp: string
  /** What steps have exported so far. */
  env(): Readonly<Record<string, string>>
  /** Runs `dist/<action>`; its clean-up is then due. */
  uses(action: string, inputs: Readonly<Record<string, string>>): Promise<Step>
  /** Runs a program, with what steps have exported. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Entered>
  /** What the last step left for its clean-up. */
  state(): string
  /** Runs the clean-ups that are due, the last first; their logs. */
  end(): Promise<readonly string[]>
  remove(): void
}

const platform = attach()

/** `env` are variables that the runner itself has. */
export function startJob(env: Readonly<Record<string, string>> = {}): Job {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-job-'))
  const temp = mkdtempSync(join(folder, 'temp-'))
  const exported: Record<string, string> = {}
  const due: { readonly action: string; readonly state: string }[] = []
  const fileOf = (name: string): string => join(folder, name)
  const takeUp = (name: string): void => void Object.assign(exported, keyValues(readFileSync(fileOf(name), 'utf8')))

  /** Fresh files of one step. */
  function runnerFiles(): Readonly<Record<string, string>> {
    for (const name of ['env', 'state']) writeFileSync(fileOf(name), '')
    return { RUNNER_TEMP: temp, GITHUB_ENV: fileOf('env'), GITHUB_STATE: fileOf('state') }
  }

  return {
    temp,
    env: () => ({ ...env, ...exported }),
    async uses(action, inputs) {
      const done = await step(action, inputs, { env: { ...env, ...exported, ...runnerFiles() } })
      takeUp('env')
      due.unshift({ action, state: readFileSync(fileOf('state'), 'utf8') })
      return done
    },
    run: (command, args, more = {}) => platform.enter(command, args, { env: { ...env, ...exported, ...more } }),
    state: () => due[0]?.state ?? '',
    async end() {
      const logs: string[] = []
      for (const { action, state } of due.splice(0)) {
        const saved = Object.entries(keyValues(state)).map(([name, value]) => [`STATE_${name}`, value])
        const { code, stdout, stderr } = await platform.enter(process.execPath, [resolve('dist', action, 'post.js')], {
          env: { ...env, ...exported, ...runnerFiles(), ...Object.fromEntries(saved) },
        })
        takeUp('env')
        logs.push(`${code} ${stdout}${stderr}`)
      }
      return logs
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The file command format of the runner: `name<<delimiter`, the value, the delimiter. */
function keyValues(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)
  return Object.fromEntries([...found].map(([, name = '', , value = '']) => [name, value]))
}
