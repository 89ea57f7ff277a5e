import { readFileSync } from 'node:fs'
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

function cases(file: string): readonly Case[] {
  return load(readFileSync(join(import.meta.dirname, '../../fixtures/k8s', `${file}.yaml`), 'utf8')) as readonly Case[]
}

/** Pods in fixtures leave their kind out; a store would have filled it in. */
const named = (kind: string, objects: readonly KubeObject[] = []): readonly KubeObject[] =>
  objects.map(object => ({ ...object, kind }))

describe.each(['deployment', 'pod', 'workloads', 'others'])('%s', file => {
  test.each(cases(file))('$name', ({ object, related, at = '2026-11-23T16:00:10Z', expected }) => {
    const around = { ...nothing, ...related, pods: named('Pod', related?.pods) }
    const health = assess(object, around, Date.parse(at))
    expect(health).toMatchObject(expected)
  })
})
