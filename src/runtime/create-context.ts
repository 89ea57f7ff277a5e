import { readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { awsFiles } from './aws-files.ts'
import type { AmbientCredentials, Context } from './context.ts'
import { createExec } from './exec.ts'
import { troubleshootingPage } from './failure.ts'
import { githubRun } from './github-run.ts'
import { httpGet } from './http-get.ts'
import type { Environment } from './inputs.ts'
import type { RunLog } from './log.ts'
import { loginFiles } from './login-files.ts'
import type { Masker } from './mask.ts'
import { createOidc } from './oidc.ts'
import { systemClock } from './system-clock.ts'

export interface ContextParts {
  readonly env: Environment
  readonly log: RunLog
  readonly masker: Masker
  readonly signal: AbortSignal
}

/** The real world. */
export function createContext({ env, log, masker, signal }: ContextParts): Context {
  const github = githubRun(env, file => readFileSync(file, 'utf8'))
  const random = (): number => Math.random()
  const mask = (secret: string): void => masker.add(secret)
  const ports = { clock: systemClock, random, signal, mask, get: httpGet, github }
  return {
    clock: systemClock,
    log,
    github,
    oidc: createOidc(env, ports),
    ...ambientCredentials(env),
    exec: createExec(env),
    signal,
    tempFolder: env['RUNNER_TEMP'] || tmpdir(),
    workspace: env['GITHUB_WORKSPACE'] || process.cwd(),
    loginFiles: loginFiles(env, { home: homedir(), platform: process.platform, userId: process.getuid?.() }),
    awsFiles: awsFiles(env, homedir()),
    helper: { node: process.execPath, script: join(dirname(process.argv[1] ?? ''), '../credentials/index.js') },
    troubleshooting: troubleshootingPage(env),
    mask,
    hide: text => masker.apply(text),
    random,
  }
}

function ambientCredentials(env: Environment): { readonly ambientCredentials?: AmbientCredentials } {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env
  if (!accessKeyId || !secretAccessKey) return {}
  return { ambientCredentials: { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) } }
}
