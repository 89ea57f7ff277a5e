const newline = 0x0a

/** A line is longer than a Kubernetes object can be: the stream is not what it should be. */
export class LineTooLongError extends Error {
  constructor(limitBytes: number) {
    super(`a line of the stream is longer than ${limitBytes} bytes`)
    this.name = 'LineTooLongError'
  }
}

/**
 * Splits a stream of bytes at newlines; empty lines are skipped, a last line without newline is not lost.
 * Splits bytes, not text: a character may be cut in two by the network. Holds at most `limitBytes` of one line.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, limitBytes: number): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let held = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      if (held + end - start > limitBytes) throw new LineTooLongError(limitBytes)
      yield* decode(parts)
      parts = []
      held = 0
      start = end + 1
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start))
      held += chunk.length - start
      if (held > limitBytes) throw new LineTooLongError(limitBytes)
    }
  }
  yield* decode(parts)
}

function decode(parts: readonly Uint8Array[]): readonly string[] {
  const line = Buffer.concat(parts).toString('utf8').trim()
  return line === '' ? [] : [line]
}
