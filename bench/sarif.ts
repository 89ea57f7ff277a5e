import { gzipSync } from 'node:zlib'

import { renderers, scanDocument } from '../src/report/scan-surfaces.ts'
import { sarifValidator } from '../test/support/sarif-schema.ts'
import { seededScan } from '../test/support/scan-results.ts'
import type { Bench } from './support/bench.ts'

const sizes = [0, 1, 10_000] as const
const mostPacked = 10_000_000
const mostAlerts = 5_000

interface Log {
  readonly runs: readonly [
    { readonly results: readonly object[]; readonly properties: { readonly alertsLeftOut: number } },
  ]
}

export const bench: Bench = {
  name: 'sarif',
  demand: `scans with 0, 1 and 10,000 findings: valid SARIF 2.1.0, ≤ ${mostAlerts} alerts, ≤ 10 MB after gzip, the same bytes twice, and what is left out is counted`,
  peer: 'no measured peer: the four scan actions for ECR that were read write no SARIF (their source)',
  run() {
    const isSarif = sarifValidator()
    const rows = sizes.map(size => {
      const text = renderers.sarif(scanDocument(seededScan(size)))
      const log = JSON.parse(text) as Log
      const [{ results, properties }] = log.runs
      const packed = gzipSync(text).length
      const ok =
        isSarif(log) &&
        results.length === Math.min(size, mostAlerts) &&
        results.length + properties.alertsLeftOut === size &&
        packed <= mostPacked &&
        renderers.sarif(scanDocument(seededScan(size))) === text
      return { size, alerts: results.length, bytes: Buffer.byteLength(text), packed, ok }
    })
    const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(2)
    const last = rows.at(-1)
    return Promise.resolve({
      figure: `${rows.filter(({ ok }) => ok).length} of ${rows.length} right; 10,000 findings: ${last?.alerts ?? 0} alerts, ${megabytes(last?.bytes ?? 0)} MB, packed ${megabytes(last?.packed ?? 0)} MB`,
      ok: rows.every(({ ok }) => ok),
      details: rows.map(
        ({ size, alerts, bytes, packed, ok }) =>
          `${ok ? '✓' : '✗'} ${size} findings: ${alerts} alerts, ${bytes} bytes, packed ${packed}`,
      ),
    })
  },
}
