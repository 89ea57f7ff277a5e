import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { assess } from '../../../src/health/assess.ts'
import type { Related } from '../../../src/health/model.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'

interface Case {
  readonly name: string
  readonly object: KubeObject
  readonly related?: Partial<Related>
  /** RFC 3339; some seconds after everything by default. */
  readonly at?: string
  readonly expected: Readonly<Record<string, unknown>>
}

const nothing: Related = { replicaSets: [], pods: [], events: [], nodes: [] }

const folder = join(import.meta.dirname, '../../fixtures/k8s')
const files = readdirSync(folder).filter(file => file.endsWith('.yaml'))

function cases(file: string): readonly Case[] {
  return load(readFileSync(join(folder, file), 'utf8')) as readonly Case[]
}

/** A field that is expected to be null is expected to be absent. */
function absences(expected: Case['expected']): readonly string[] {
  return Object.keys(expected).filter(field => expected[field] === null)
}

/** Pods in fixtures leave their kind out; a store would have filled it in. */
const named = (kind: string, objects: readonly KubeObject[] = []): readonly KubeObject[] =>
  objects.map(object => ({ ...object, kind }))

describe.each(files)('%s', file => {
  test.each(cases(file))('$name', ({ object, related, at = '2026-11-23T16:00:10Z', expected }) => {
    const around = { ...nothing, ...related, pods: named('Pod', related?.pods) }
    const health = assess(object, around, Date.parse(at))
    const absent = absences(expected)
    for (const field of absent) expect(health).not.toHaveProperty(field)
    expect(health).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([field]) => !absent.includes(field))),
    )
  })
})
