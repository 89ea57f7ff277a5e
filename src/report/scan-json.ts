import type { ScanDocument } from './scan-document.ts'

/** The document as JSON: docs/scan.schema.json. Pure. */
export function scanJson(document: ScanDocument): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}
