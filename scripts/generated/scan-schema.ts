import { severities } from '../../src/scan/findings.ts'

const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const
const number = { type: 'integer', minimum: 0 } as const
const time = { type: 'string', format: 'date-time', description: 'RFC 3339, UTC.' } as const
const verdict = { enum: ['pass', 'fail', 'inconclusive'] } as const

/** An object that has exactly these fields; names that end with `?` may be absent. */
function object(fields: Readonly<Record<string, object>>): object {
  const names = Object.keys(fields)
  return {
    type: 'object',
    additionalProperties: false,
    required: names.filter(name => !name.endsWith('?')),
    properties: Object.fromEntries(Object.entries(fields).map(([name, of]) => [name.replace('?', ''), of])),
  }
}

function list(items: object): object {
  return { type: 'array', items }
}

const reason = object({ code: text, says: text, todo: text })
const part = { enum: ['base', 'app', 'unknown'] }
const waiver = object({
  id: text,
  owner: text,
  expires: { type: 'string', format: 'date', description: 'Last day on which it holds, UTC.' },
  reason: text,
})

const finding = object({
  id: text,
  aliases: texts,
  severity: { enum: [...severities] },
  title: text,
  'uri?': { type: 'string', pattern: '^https?://' },
  package: object({ name: text, version: text, 'manager?': text, 'path?': text }),
  fix: { enum: ['yes', 'no', 'unknown'] },
  'fixedIn?': { type: 'string', description: 'Smallest version that has the fix.' },
  'exploit?': { type: 'boolean' },
  'score?': { type: 'number', description: 'CVSS base score, 0 to 10.' },
  'firstSeen?': time,
  'layer?': { type: 'string', description: 'Digest of the layer that brought the package.' },
  platforms: texts,
  change: { enum: ['introduced', 'newly-disclosed', 'unchanged', 'unknown'] },
  part,
  'epss?': { type: 'number', minimum: 0, maximum: 1 },
  'kev?': { type: 'boolean', description: 'Listed by CISA as exploited in the wild.' },
  'origin?': object({
    part: { enum: ['base', 'app'] },
    'line?': { type: 'integer', minimum: 1 },
    'instruction?': text,
    exact: { type: 'boolean' },
  }),
  decision: { enum: ['passes', 'waived', 'blocks', 'open'] },
  'rule?': { type: 'string', description: 'The rule that decided.' },
  'missing?': { ...texts, description: 'What is not known and would have to be, for the rule to decide.' },
  'waiver?': waiver,
  'expiredWaiver?': waiver,
})

const platform = object({
  platform: text,
  digest: text,
  state: { enum: ['complete', 'inconclusive'] },
  'findings?': number,
  'completedAt?': time,
  'sourceUpdatedAt?': time,
  'reason?': reason,
})

const upgrade = object({
  package: text,
  'manager?': text,
  from: texts,
  to: text,
  part,
  fixes: texts,
  leaves: texts,
  paths: texts,
})

/** docs/scan.schema.json: the JSON that the action `scan` writes. */
export function scanSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Result of an image scan by Slipway',
    description: 'The file that the input `reports` of scan writes as `json`. Version 1.',
    ...object({
      version: { const: 1 },
      verdict,
      image: text,
      repository: text,
      digest: text,
      policy: text,
      counts: object(
        Object.fromEntries([...severities, 'total', 'blocking', 'waived'].map(name => [name, number] as const)),
      ),
      platforms: list(platform),
      reasons: list(reason),
      warnings: texts,
      'comparedWith?': object({ image: text, why: text }),
      'fixed?': list(object({ id: text, package: text, version: text })),
      'plan?': object({ steps: list(upgrade), after: verdict }),
      'dockerfile?': text,
      findings: list(finding),
    }),
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}
