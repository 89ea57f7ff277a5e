import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context, Exec } from '../../src/runtime/context.ts'
import { UserError } from '../../src/runtime/errors.ts'
import { awsFiles } from '../../src/runtime/aws-files.ts'
import { recordingLog } from './context.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { virtualClock } from './virtual-clock.ts'

export interface TestContext extends Context {
  readonly clock: VirtualClock
  /** Everything that was logged, in order. */
  readonly logged: readonly string[]
  readonly masked: readonly string[]
}

/** A context whose clock is virtual, whose log is a list, and where no program exists unless `given.exec` has it. */
export function testContext(given: Partial<Omit<Context, 'clock'>> = {}): TestContext {
  const log = recordingLog()
  const masked: string[] = []
  return {
    log,
    github: {
      repository: 'acme/shop',
      sha: '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345',
      ref: 'refs/heads/main',
      eventName: 'push',
      actor: 'ada',
      workflow: 'ship',
      runId: '1',
      runAttempt: '1',
      job: 'ship',
      apiUrl: 'https://api.github.com',
      runUrl: 'https://github.com/acme/shop/actions/runs/1',
      fromFork: false,
    },
    oidc: { available: false, token: () => Promise.reject(new Error('no token in a test')) },
    exec: noPrograms,
    signal: new AbortController().signal,
    loginFiles: {
      docker: '/none',
      podman: '/none/auth.json',
      helm: '/none/registry/config.json',
      variables: { DOCKER_CONFIG: '', REGISTRY_AUTH_FILE: '', HELM_REGISTRY_CONFIG: '/none/registry/config.json' },
    },
    awsFiles: awsFiles({}, '/none'),
    helper: { node: '/none/node', script: '/none/credentials/index.js' },
    tempFolder: mkdtempSync(join(tmpdir(), 'slipway-test-')),
    workspace: mkdtempSync(join(tmpdir(), 'slipway-test-')),
    troubleshooting: 'docs/troubleshooting.md',
    mask: secret => void masked.push(secret),
    hide: text => masked.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text),
    random: () => 0,
    ...given,
    clock: virtualClock(),
    logged: log.lines,
    masked,
  }
}

export const noPrograms: Exec = command =>
  Promise.reject(
    new UserError('program-missing', `There is no program "${command}" on this runner.`, { todo: 'Install it.' }),
  )
