import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { UserError } from '../../src/runtime/errors.ts'
import type { BuildLog, CommandOptions } from './part.ts'

const heartbeatMs = 15_000
const offline =
  /no such host|dial tcp|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|Temporary failure|Could not resolve|NewConnectionError/i

/** A build log: a file with everything, a heartbeat with the latest word for whoever waits. */
export interface OpenLog extends BuildLog {
  close(): Promise<void>
}

/**
 * @param name the part's name, for messages
 * @param file where all output goes
 * @param print writes one line for the person
 */
export function openLog(
  name: string,
  file: string,
  print: (line: string) => void,
  partPath: (name: string) => string,
): OpenLog {
  const out = createWriteStream(file)
  const started = Date.now()
  let latest = 'starting'
  const beat = setInterval(() => print(`  … ${name} ${elapsed(started)}: ${latest}`), heartbeatMs)
  return {
    says(line) {
      latest = line
      out.write(`# ${line}\n`)
    },
    async run(command, args, options) {
      await execute(out, file, command, args, options)
    },
    read: (command, args, options) => execute(out, file, command, args, options),
    partPath,
    async close() {
      clearInterval(beat)
      out.end()
      await once(out, 'close')
    },
  }
}

async function execute(
  out: WriteStream,
  file: string,
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  out.write(`$ ${command} ${args.join(' ')}\n`)
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let tail = ''
  const take = (chunk: Buffer): void => {
    out.write(chunk)
    tail = (tail + chunk.toString()).slice(-4000)
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    take(chunk)
  })
  child.stderr.on('data', take)
  const code = await new Promise<number | string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'no status'))
  })
  if (code === 0) return stdout.trim()
  throw failure(`${command} ${args[0] ?? ''}`.trim(), code, tail, file)
}

function failure(what: string, code: number | string, tail: string, file: string): UserError {
  const last = tail.trim().split('\n').slice(-8)
  const lines = last.map(line => `  ${line.slice(0, 200)}`).join('\n')
  return new UserError(
    'platform-part',
    `\`${what}\` ended with ${code}:\n${lines}`,
    offline.test(tail)
      ? {
          why: 'The network did not answer.',
          todo: 'Connect this machine (or set its proxy) and run the same command again; finished parts are kept.',
        }
      : { todo: `Read ${file}, then run the same command again; finished parts are kept.` },
  )
}

/** `4 min 12 s` since an instant. */
export function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
