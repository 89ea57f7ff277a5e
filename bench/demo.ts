import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ActOutcome } from '../sandbox/demo/run-acts.ts'
import type { Bench } from './support/bench.ts'

const limitSeconds = 180

/** The whole demo as a user starts it, on a platform that is not up, with its parts provisioned. */
function timedDemo(json: string): { readonly code: number; readonly seconds: number } {
  const started = performance.now()
  const script = join(import.meta.dirname, '../sandbox/demo.ts')
  const { status } = spawnSync(process.execPath, [script, '--name', 'bench-demo', '--json', json], { stdio: 'inherit' })
  return { code: status ?? 1, seconds: (performance.now() - started) / 1000 }
}

export const bench: Bench = {
  name: 'demo',
  demand: `three acts as they must be, 0 failed requests, ≤ ${limitSeconds} s warm`,
  peer: 'no peer: nobody else shows this',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'))
    const json = join(folder, 'demo.json')
    try {
      const { code, seconds } = timedDemo(json)
      const outcomes = JSON.parse(readFileSync(json, 'utf8')) as readonly ActOutcome[]
      const failed = outcomes.reduce((sum, { failedRequests }) => sum + failedRequests, 0)
      return {
        figure: `${seconds.toFixed(0)} s, ${failed} failed requests`,
        ok: code === 0 && failed === 0 && outcomes.length === 3 && seconds <= limitSeconds,
        details: outcomes.map(
          one => `${one.act}: ${one.verdict} ${one.cause} after ${one.seconds} s, ${one.requests} requests`,
        ),
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
