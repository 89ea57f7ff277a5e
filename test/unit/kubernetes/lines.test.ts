import { describe, expect, test } from '@jest/globals'
import { LineTooLongError, splitLines } from '../../../src/kubernetes/lines.ts'

async function* chunked(...chunks: readonly (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function linesOf(chunks: AsyncIterable<Uint8Array>, limit = 1_000): Promise<string[]> {
  const lines: string[] = []
  for await (const line of splitLines(chunks, limit)) lines.push(line)
  return lines
}

describe('splitting a stream into lines', () => {
  test('joins what the network cut and splits what it joined', async () => {
    expect(await linesOf(chunked('{"a":', '1}\n{"b":2}\n{"c"', ':3}\n'))).toEqual(['{"a":1}', '{"b":2}', '{"c":3}'])
  })

  test('keeps a character whose bytes arrive apart', async () => {
    const [head, tail] = [Buffer.from('é\n').subarray(0, 1), Buffer.from('é\n').subarray(1)]
    expect(await linesOf(chunked(head, tail))).toEqual(['é'])
  })

  test('keeps a last line without newline and skips empty ones', async () => {
    expect(await linesOf(chunked('a\n\n', '\nb'))).toEqual(['a', 'b'])
  })

  test('refuses a line over the limit before it is complete', async () => {
    await expect(linesOf(chunked('12345', '67890'), 8)).rejects.toThrow(LineTooLongError)
  })

  test('refuses a line over the limit that comes in one piece', async () => {
    await expect(linesOf(chunked('1234567890\n'), 8)).rejects.toThrow(LineTooLongError)
  })
})
