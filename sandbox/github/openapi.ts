import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv, type ValidateFunction } from 'ajv'
import { isRecord, without } from '../front/http.ts'

type Json = Readonly<Record<string, unknown>>

/** GitHub's published description of one operation, ready to judge bodies. */
export interface OperationContract {
  /** Sentences about what is wrong with a request body; empty when it is right. */
  request(body: unknown): readonly string[]
  /** The same of a response. A status that GitHub does not document is an error too. */
  response(status: number, body: unknown): readonly string[]
}

export interface GithubContract {
  /** `operation('post', '/repos/{owner}/{repo}/check-runs')`. Throws when GitHub has no such operation. */
  operation(method: string, path: string): OperationContract
  /** An example of the description, such as `full-repository-default-response`. */
  example(name: string): Json
}

const require = createRequire(import.meta.url)
let loaded: GithubContract | undefined

/** Reads the description (13 MB) on first use. */
export function githubContract(): GithubContract {
  loaded ??= readContract()
  return loaded
}

function readContract(): GithubContract {
  const file = require.resolve('@octokit/openapi/generated/api.github.com.json')
  const document = JSON.parse(readFileSync(file, 'utf8')) as Json
  // Unknown keywords are OpenAPI's; formats are not checked.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  const known = new Map<string, OperationContract>()
  return {
    operation(method, path) {
      const key = `${method} ${path}`
      const contract = known.get(key) ?? operationContract(document, ajv, method, path)
      known.set(key, contract)
      return contract
    },
    example: name => record(record(at(document, ['components', 'examples', name])).value),
  }
}

function operationContract(document: Json, ajv: Ajv, method: string, path: string): OperationContract {
  const operation = at(document, ['paths', path, method])
  if (!isRecord(operation)) throw new Error(`GitHub has no ${method} ${path}`)
  const schemaOf = (part: unknown): unknown => at(resolved(document, part), ['content', 'application/json', 'schema'])
  const compile = (schema: unknown): ValidateFunction | undefined =>
    schema === undefined ? undefined : ajv.compile(selfContained(document, schema))
  const request = compile(schemaOf(operation.requestBody))
  const responses = record(operation.responses)
  const compiled = new Map<number, ValidateFunction | undefined>()
  return {
    request: body => problems(ajv, request, body),
    response(status, body) {
      if (!(status in responses)) return [`status ${status} is not documented`]
      if (!compiled.has(status)) compiled.set(status, compile(schemaOf(responses[String(status)])))
      return problems(ajv, compiled.get(status), body)
    },
  }
}

function problems(ajv: Ajv, validate: ValidateFunction | undefined, body: unknown): readonly string[] {
  if (!validate || validate(body)) return []
  return [ajv.errorsText(validate.errors, { dataVar: 'body' })]
}

/** A schema with everything that it refers to inside, in JSON Schema's words instead of OpenAPI 3.0's. */
function selfContained(document: Json, schema: unknown): Json {
  const definitions: Record<string, unknown> = {}
  const include = (name: string): void => {
    if (name in definitions) return
    definitions[name] = true
    definitions[name] = converted(at(document, ['components', 'schemas', name]), include)
  }
  return { ...record(converted(schema, include)), $defs: definitions }
}

/** `nullable` becomes a choice with null; references lead to `$defs`. */
function converted(schema: unknown, include: (name: string) => void): unknown {
  if (Array.isArray(schema)) return schema.map(one => converted(one, include))
  if (!isRecord(schema)) return schema
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
    include(name)
    return { $ref: `#/$defs/${name}` }
  }
  const rest = without(schema, 'nullable', 'example', 'examples')
  const inner = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === 'enum' ? value : converted(value, include)]),
  )
  return schema.nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner
}

function resolved(document: Json, part: unknown): unknown {
  if (!isRecord(part) || typeof part.$ref !== 'string') return part
  return at(document, part.$ref.slice(2).split('/'))
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value)
}

function record(value: unknown): Json {
  return isRecord(value) ? value : {}
}
