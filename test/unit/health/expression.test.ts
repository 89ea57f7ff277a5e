import { describe, expect, test } from '@jest/globals'
import { evaluate } from '../../../src/health/evaluate.ts'
import { parseExpression } from '../../../src/health/expression.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'

const database: KubeObject = {
  apiVersion: 'db.example.com/v1',
  kind: 'Database',
  metadata: { name: 'orders', namespace: 'shop', generation: 3, labels: { 'app.example.com/tier': 'data' } },
  spec: { replicas: 3, zones: ['a', 'b'] },
  status: {
    phase: 'Ready',
    readyReplicas: 2,
    message: "it's up",
    members: [
      { name: 'orders-0', ready: true },
      { name: 'orders-1', ready: false },
    ],
    conditions: [
      { type: 'Ready', status: 'True', reason: 'AllUp' },
      { type: 'Backup', status: 'False', reason: 'NoBucket' },
    ],
  },
}

const valueOf = (text: string, object = database): unknown => evaluate(parseExpression(text), object)

describe('an expression', () => {
  test.each<[string, unknown]>([
    ['status.phase == "Ready"', true],
    ["status.phase == 'Ready'", true],
    ['status.phase != "Ready"', false],
    ['status.phase in ["Ready", "Idle"]', true],
    ['"a" in spec.zones && !("c" in spec.zones)', true],
    ['"phase" in status', true],
    ['status.readyReplicas >= spec.replicas', false],
    ['status.readyReplicas < spec.replicas', true],
    ['"2" < "10"', false],
    ['1.5 > -2', true],
    ['status["phase"] == "Ready"', true],
    ['metadata.labels["app.example.com/tier"] == "data"', true],
    ['status.members[0].ready', true],
    ['status.members[7].ready', null],
    ['condition("Ready").status == "True"', true],
    ['condition("Backup").reason', 'NoBucket'],
    ['condition("Other").status == "True"', false],
    ['status.conditions.exists(c, c.type == "Backup" && c.status == "False")', true],
    ['status.members.all(m, m.ready)', false],
    ['status.members.exists(m, status.members.all(n, n.name != m.name || n.ready))', true],
    ['size(status.members) == spec.replicas - 1', undefined],
    ['size(status.members) == 2', true],
    ['status.members.size() == 2', true],
    ['size(status.phase) == 5 && size(status) == 5', true],
    ['size(status.absent) == 0', true],
    ['has(status.phase) && !has(status.absent.deeper)', true],
    ['status.message.contains("up")', true],
    ['spec.zones.contains("b")', true],
    ['status.phase.startsWith("Re")', true],
    ['startsWith(status.absent, "x")', false],
    ['self.kind == "Database" && kind == "Database"', true],
    ['status.absent == null', true],
    ['false || true && false', false],
    ['(false || true) && !false', true],
    ['!!status.members[0].ready', true],
    ['status.message == "it\'s up"', true],
    ["status.message == 'it\\'s up'", true],
    ['status.phase', 'Ready'],
  ])('%s', (text, expected) => {
    if (expected === undefined) expect(() => valueOf(text)).toThrow('unexpected')
    else expect(valueOf(text)).toEqual(expected)
  })

  test('treats only true as true: a text or a number is no answer', () => {
    expect(valueOf('status.phase && true')).toBe(false)
    expect(valueOf('!status.phase')).toBe(true)
  })

  test('has no order between different types', () => {
    for (const operator of ['<', '<=', '>', '>=']) expect(valueOf(`status.phase ${operator} 1`)).toBe(false)
    expect(valueOf('status.readyReplicas == "2"')).toBe(false)
  })

  test('sees nothing of JavaScript', () => {
    expect(valueOf('status.constructor')).toBeNull()
    expect(valueOf('status["__proto__"]')).toBeNull()
    expect(valueOf('status.members.length')).toBeNull()
  })

  test('over a list that is not there proves nothing', () => {
    expect(valueOf('status.absent.all(m, m.ready)')).toBe(false)
    expect(valueOf('status.absent.exists(m, m.ready)')).toBe(false)
  })

  test('that takes too many steps has no value', () => {
    const many = { ...database, status: { members: Array.from({ length: 200 }, (_, index) => ({ index })) } }
    expect(valueOf('status.members.all(m, status.members.exists(n, n.index == m.index && n.index < 0))', many)).toBe(
      false,
    )
    expect(valueOf('status.members.exists(m, status.members.exists(n, n.index < 0))', many)).toBeUndefined()
  })
})

describe('a mistake', () => {
  test.each([
    ['status.phase = "Ready"', 'unexpected = at character 14'],
    ['status.phase ==', 'it ends too early at character 16'],
    ['status.phase == "Ready" "x"', 'unexpected "x" at character 25'],
    [
      'stat.phase == "Ready"',
      'unknown name stat (a path begins at self, apiVersion, kind, metadata, spec, status) at character 1',
    ],
    ['status.members.exists(m, n.ready)', 'unknown name n'],
    ['status.members.map(m, m.ready)', 'there is no method map() at character 16'],
    ['matches(status.phase, ".*")', 'there is no function matches() at character 1'],
    ['has()', 'has() takes 1 argument at character 1'],
    ['status.phase.contains()', 'contains() takes 1 argument at character 14'],
    ['(status.phase == "x"', 'expected ), found the end at character 21'],
    ['status.members[0', 'expected ], found the end'],
    ['status. == 1', 'expected a name, found == at character 9'],
    ['status.', 'it ends too early'],
    ['', 'it ends too early at character 1'],
    ['status.phase == "Ready', 'unexpected " at character 17'],
    ['status.a < 1 < 2', 'unexpected < at character 14'],
    [`${'('.repeat(30)}true${')'.repeat(30)}`, 'it is nested too deep'],
    [`status.phase == "${'x'.repeat(1_000)}"`, 'it is longer than 1000 characters'],
  ])('%s', (text, message) => {
    expect(() => parseExpression(text)).toThrow(message)
  })
})
