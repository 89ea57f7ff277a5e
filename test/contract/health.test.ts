import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { rules, settled } from '../../src/health/assess.ts'
import { causes } from '../../src/health/causes.ts'

const page = readFileSync('docs/health.md', 'utf8')
const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading ?? '')
const folder = 'test/fixtures/k8s'
const fixtures = readdirSync(folder)
  .filter(file => file.endsWith('.yaml'))
  .map(file => readFileSync(`${folder}/${file}`, 'utf8'))
  .join('\n')

test('every kind that has a rule has its section in docs/health.md', () => {
  expect([...rules.keys()].filter(kind => !headings.some(heading => heading.includes(`\`${kind}\``)))).toEqual([])
})

test('every section of a kind is about one that has a rule', () => {
  const named = headings.flatMap(heading => [...heading.matchAll(/`([^`]*\/[^`]+)`/g)].map(([, kind]) => kind ?? ''))
  expect(named.filter(kind => !rules.has(kind))).toEqual([])
})

test('every cause has its row, and every kind that is done when stored is named', () => {
  expect(Object.keys(causes).filter(code => !page.includes(`[\`${code}\`](troubleshooting.md#${code})`))).toEqual([])
  expect([...settled].filter(kind => !page.includes(`\`${kind.replace(/^\//, '')}\``))).toEqual([])
})

/** What the gate or the release says of itself, and what only a second source can find: shown by the gate's own tests. */
const ofTheGate = new Set([
  'alarm-raised',
  'apply-refused',
  'bad-node',
  'no-progress',
  'not-applied',
  'target-unhealthy',
  'timed-out',
])

test('every cause that a rule can give is expected by a fixture', () => {
  const given = Object.entries(causes).filter(([code, entry]) => entry.class !== 'D' && !ofTheGate.has(code))
  expect(given.map(([code]) => code).filter(code => !new RegExp(`code: ${code}\\b`).test(fixtures))).toEqual([])
})
