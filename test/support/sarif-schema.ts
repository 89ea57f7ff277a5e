import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

/**
 * The schema of SARIF 2.1.0 (test/fixtures/sarif/README.md). It is written in draft 4, which differs from draft 7 in
 * nothing that it uses but the name of its own address. Formats are checked by the tests themselves, and so is that no
 * rule comes twice: the validator compares each with each, for minutes.
 */
export function sarifValidator(): ValidateFunction {
  const raw: unknown = JSON.parse(
    readFileSync('test/fixtures/sarif/sarif-2.1.0.schema.json', 'utf8'),
    (key, value: unknown) => (key === 'uniqueItems' ? undefined : value),
  )
  if (typeof raw !== 'object' || raw === null) throw new Error('no schema')
  const { $schema, id, ...schema } = raw as Record<string, unknown>
  if (typeof $schema !== 'string' || typeof id !== 'string') throw new Error('not a schema of draft 4')
  return new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true }).compile(schema)
}
