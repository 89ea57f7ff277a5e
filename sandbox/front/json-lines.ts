import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** A helper process that answers questions, one JSON line each way. */
export interface LineChild {
  /** Rejects with the child's error text, or when the child ends. */
  ask(what: string, given?: unknown): Promise<unknown>
  stop(): void
}

/**
 * Starts `command` and waits for its `{"ready":true}` line.
 * The child ends when its stdin closes, so it never outlives the front. `onEnd` is called when it ends unasked.
 */
export async function startLineChild(command: readonly string[], onEnd: (why: string) => void): Promise<LineChild> {
  const [file, ...args] = command
  if (file === undefined) throw new Error('no command')
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, Waiting>()
  let stopped = false
  let next = 0
  const ready = new Promise<void>((resolve, reject) => {
    waiting.set(0, { resolve: () => resolve(), reject })
  })
  receive(child, waiting)
  child.once('error', error => end(error.message))
  child.once('exit', (code, signal) => end(`${file} ended (${signal ?? code})`))

  function end(why: string): void {
    for (const one of waiting.values()) one.reject(new Error(why))
    waiting.clear()
    if (!stopped) onEnd(why)
    stopped = true
  }

  await ready
  return {
    ask(what, given) {
      return new Promise((resolve, reject) => {
        if (stopped) return reject(new Error(`${file} has ended`))
        const id = ++next
        waiting.set(id, { resolve, reject })
        child.stdin?.write(`${JSON.stringify({ id, do: what, with: given ?? {} })}\n`)
      })
    },
    stop() {
      stopped = true
      child.kill()
    },
  }
}

/**
 * As `startLineChild`, for a helper that is started again whenever it ends by itself.
 * `prepare` runs after each start, before the first question goes through.
 */
export async function keepLineChild(
  name: string,
  command: readonly string[],
  log: (line: string) => void,
  prepare: (child: LineChild) => Promise<unknown> = async () => undefined,
): Promise<LineChild> {
  let current: LineChild
  let stopped = false
  async function start(): Promise<void> {
    current = await startLineChild(command, why => {
      if (stopped) return
      log(`${name}: ${why}; starting it again`)
      start().catch((error: unknown) => log(`${name} does not start: ${String(error)}`))
    })
    await prepare(current)
  }
  await start()
  return {
    ask: (what, given) => current.ask(what, given),
    stop() {
      stopped = true
      current.stop()
    },
  }
}

function receive(child: ChildProcess, waiting: Map<number, Waiting>): void {
  // A write to a child that just died is reported by its exit.
  child.stdin?.on('error', () => undefined)
  if (!child.stdout) return
  createInterface({ input: child.stdout }).on('line', line => {
    const answer = JSON.parse(line) as { id?: number; result?: unknown; error?: string }
    const id = answer.id ?? 0
    const asked = waiting.get(id)
    waiting.delete(id)
    if (answer.error === undefined) asked?.resolve(answer.result)
    else asked?.reject(new Error(answer.error))
  })
}
