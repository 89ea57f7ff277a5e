import { readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'

import { createExec } from '../../../src/runtime/exec.ts'
import { eventually } from '../../support/manual-clock.ts'

const base = {
  PATH: process.env['PATH'],
  KEPT: 'kept',
  INPUT_ROLE: 'arn',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
  ACTIONS_RUNTIME_TOKEN: 'cache',
}
const exec = createExec(base)
const node = (script: string, ...more: Parameters<typeof exec>[2][]): ReturnType<typeof exec> =>
  exec(process.execPath, ['--eval', script], ...more)

/** Gone, or only waiting for its parent to take notice. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

describe('a program', () => {
  test('gives its exit code and both streams; a failure is not thrown', async () => {
    expect(await node("console.log('out'); console.error('err'); process.exitCode = 3")).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('is heard line by line, the unfinished last one too', async () => {
    const heard: string[] = []
    await node("process.stdout.write('a\\r\\nb\\nc')", { onLine: (line, stream) => heard.push(`${stream} ${line}`) })
    expect(heard).toEqual(['stdout a', 'stdout b', 'stdout c'])
  })

  test('gets text on its standard input', async () => {
    expect(await node('process.stdin.pipe(process.stdout)', { input: 'täxt' })).toMatchObject({ stdout: 'täxt' })
  })

  test('may leave its input unread', async () => {
    expect(await node('process.exit(0)', { input: 'x'.repeat(1_000_000) })).toMatchObject({ code: 0 })
  })

  test('sees neither the inputs of the action nor the right to mint tokens', async () => {
    const { stdout } = await node('console.log(JSON.stringify(process.env))', {
      env: { ADDED: 'added', KEPT: undefined },
    })
    const seen: unknown = JSON.parse(stdout)
    expect(seen).toMatchObject({ ADDED: 'added', ACTIONS_RUNTIME_TOKEN: 'cache' })
    expect(stdout).not.toMatch(/INPUT_ROLE|ACTIONS_ID_TOKEN|KEPT/)
  })

  test('is run without a shell', async () => {
    expect(await exec('printf', ['%s', '$(id); `id` "$HOME"'])).toMatchObject({ stdout: '$(id); `id` "$HOME"' })
  })
})

test('a program that is not there is a sentence about it', async () => {
  await expect(exec('slipway-no-such-program', [])).rejects.toMatchObject({
    kind: 'user',
    code: 'program-missing',
    message: 'There is no program "slipway-no-such-program" on this runner.',
  })
})

describe('cancelling', () => {
  test('ends the program and its children, and throws the reason', async () => {
    const controller = new AbortController()
    const pids: number[] = []
    const work = exec('sh', ['-c', 'sleep 600 & echo $!; wait'], {
      signal: controller.signal,
      onLine: line => {
        pids.push(Number(line))
        controller.abort(new Error('cancelled'))
      },
    })
    await expect(work).rejects.toThrow('cancelled')
    const [child = 0] = pids
    expect(child).toBeGreaterThan(0)
    await eventually(() => hasEnded(child))
  })

  /** Runs a shell script, and cancels it as soon as it says the id of a process. */
  async function cancelled(script: string, patienceMs: number): Promise<number> {
    const controller = new AbortController()
    const pids: number[] = []
    const work = createExec(base, patienceMs)('sh', ['-c', script], {
      signal: controller.signal,
      onLine: line => {
        pids.push(Number(line))
        controller.abort(new Error('cancelled'))
      },
    })
    await expect(work).rejects.toThrow('cancelled')
    expect(pids).toHaveLength(1)
    return pids[0] ?? 0
  }

  test('kills a program that does not end when it is asked to', async () => {
    const stubborn = await cancelled("trap '' TERM; echo $$; while :; do sleep 600; done", 50)
    await eventually(() => hasEnded(stubborn))
  })

  test('kills the stubborn child of a program that ended', async () => {
    const inner = 'trap "" TERM; echo $$; exec sleep 600 </dev/null >/dev/null 2>&1'
    const orphan = await cancelled(`sh -c '${inner}' & wait`, 60_000)
    await eventually(() => hasEnded(orphan))
  })

  test('does not wait for a process that left the group and holds the streams', async () => {
    const escaped = await cancelled("setsid sh -c 'echo $$; exec sleep 600' & wait", 50)
    expect(hasEnded(escaped)).toBe(false)
    process.kill(escaped, 'SIGKILL')
  })

  test('before the start starts nothing', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'))
    await expect(exec('slipway-no-such-program', [], { signal })).rejects.toThrow('cancelled')
  })
})
