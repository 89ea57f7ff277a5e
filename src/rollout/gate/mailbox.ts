import type { Clock } from '../../runtime/clock.ts'

/** Where the gate's sources (watches, second opinions) leave what they have; the loop empties it. */
export class Mailbox<T> {
  #waiting: T[] = []
  #wake: (() => void) | undefined

  push(item: T): void {
    this.#waiting.push(item)
    this.wake()
  }

  /** Ends a pause without leaving anything. */
  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** Everything that came since the last call, in order. */
  drain(): readonly T[] {
    const items = this.#waiting
    this.#waiting = []
    return items
  }

  /** Resolves when something is there, or after `ms`. Never rejects. */
  async pause(clock: Clock, ms: number): Promise<void> {
    if (this.#waiting.length > 0 || ms <= 0) return
    const timer = new AbortController()
    const arrival = new Promise<void>(resolve => {
      this.#wake = resolve
    })
    await Promise.race([arrival, clock.sleep(ms, timer.signal).catch(() => undefined)])
    timer.abort()
    this.#wake = undefined
  }
}
