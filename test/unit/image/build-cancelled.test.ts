import { chmodSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { withDockerConfig } from '../../../src/registry/docker-folder.ts'
import { runBuild } from '../../../src/image/build.ts'
import { within } from '../../../src/runtime/deadline.ts'
import { createExec } from '../../../src/runtime/exec.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { host } from '../../support/images.ts'
import { testContext } from '../../support/image-context.ts'
import { eventually } from '../../support/manual-clock.ts'

/** A builder that never ends, does not listen when it is asked to, and says its process id. */
const builder = `#!/bin/sh
case "$*" in
  *version*) echo v0.36.1; exit ;;
  *inspect*) echo "Driver: remote"; exit ;;
esac
trap "" TERM
echo "pid $$" >&2
while :; do /bin/sleep 600; done
`

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'slipway-cancelled-'))
}

/** Runs that builder with a registry password in a file, until `abort` ends it. */
async function cancelledBuild() {
  const programs = folder()
  writeFileSync(join(programs, 'buildx'), builder)
  chmodSync(join(programs, 'buildx'), 0o755)
  const cancel = new AbortController()
  const context = testContext({ exec: createExec({ PATH: programs }, 50) })
  const login = { host, user: 'AWS', password: 'secret', expiresAt: new Date(0) }
  const during = { password: '' }
  const work = (signal: AbortSignal): Promise<unknown> =>
    withDockerConfig([login], { ...context, existing: '/none' }, dockerConfig => {
      during.password = readFileSync(join(dockerConfig, 'config.json'), 'utf8')
      const source = { folder: context.workspace, file: join(context.workspace, 'Dockerfile') }
      const task = {
        source,
        names: [`${host}/shop/api:v1`],
        labels: {},
        committed: undefined,
        dockerConfig,
        layout: '/none',
      }
      return runBuild({ ...task, request: { repository: 'shop/api' } }, { ...context, signal })
    })
  const late = (): Error => new Error('too late')
  const ended = within(3_600_000, late, systemClock, work, cancel.signal).catch((thrown: unknown) => String(thrown))
  await eventually(() => context.logged.some(line => line.startsWith('pid ')))
  cancel.abort(new Error('cancelled'))
  const pid = Number(context.logged.find(line => line.startsWith('pid '))?.slice(4))
  return { reason: await ended, pid, left: readdirSync(context.tempFolder), password: during.password }
}

test('a cancelled build is over before the step is: no program, no password file', async () => {
  const { reason, pid, left, password } = await cancelledBuild()
  expect(reason).toBe('Error: cancelled')
  expect(password).toContain(Buffer.from('AWS:secret').toString('base64'))
  expect(left).toEqual([])
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
