import { scanCsv } from './scan-csv.ts'
import type { ScanDocument } from './scan-document.ts'
import { scanJson } from './scan-json.ts'
import { scanJunit } from './scan-junit.ts'
import { scanSarif } from './scan-sarif.ts'

export { scanDocument } from './scan-document.ts'

/** Every surface of a scan for programs, by the name that the input `reports` has for it. */
export const renderers = {
  sarif: scanSarif,
  json: scanJson,
  csv: scanCsv,
  junit: scanJunit,
} as const satisfies Readonly<Record<string, (document: ScanDocument) => string>>
