import { expect, test } from '@jest/globals'
import type { Ensured, PreviewedPlan } from '../../../src/registry/repository/ensure.ts'
import { repositoryLines, repositorySummary } from '../../../src/report/repository-report.ts'

const same: PreviewedPlan = { name: 'shop/db', exists: true, differences: [], steps: [], refusals: [], notes: [] }
const missing: PreviewedPlan = {
  ...same,
  name: 'shop/web',
  exists: false,
  differences: [{ what: 'tags', lines: ['+ team=shop'] }],
  notes: ['A template is near.'],
}
const selected = Array.from({ length: 12 }, (_, i) => ({
  digest: `sha256:${String(i).padStart(64, 'a')}`,
  tags: i === 0 ? ['v1', 'old'] : [],
  action: 'expire' as const,
  rule: 9,
}))
const changed: PreviewedPlan = {
  ...same,
  name: 'shop/api',
  differences: [
    { what: 'mutability', says: 'mutable → immutable', lines: [] },
    { what: 'lifecycle', lines: ['- 9 · any image: more than 50 images → expire'] },
  ],
  selected,
}
const all = (verdict: Ensured['verdict'], ...repositories: readonly PreviewedPlan[]): Ensured => ({
  verdict,
  repositories,
})

test('a plan reads like a diff, with the images that would go', () => {
  expect(repositoryLines(all('planned', missing, changed, same))).toBe(
    [
      '✓ plan for 3 repositories: 1 to create, 1 to change; nothing was written',
      '  + shop/web',
      '      tags:',
      '        + team=shop',
      '    note: A template is near.',
      '  ~ shop/api',
      '      mutability: mutable → immutable',
      '      lifecycle:',
      '        - 9 · any image: more than 50 images → expire',
      '        12 images would go now, as ECR previews it:',
      `          expire sha256:${'a'.repeat(12)}… (v1, old), by rule 9`,
      ...Array.from({ length: 9 }, () => `          expire sha256:${'a'.repeat(12)}…, by rule 9`),
      '          … and 2 more',
      '  = shop/db',
    ].join('\n'),
  )
})

test.each([
  ['unchanged', [same], '✓ 1 repository as it should be: nothing to do'],
  ['applied', [missing, changed], '✓ 2 repositories applied: 1 created, 1 changed'],
  ['drifted', [changed, same], '✗ 2 repositories compared: the account differs, 1 to change'],
  [
    'refused',
    [{ ...changed, refusals: ['No.', 'Never.'] }],
    '✗ 1 repository refused: 2 changes cannot be made; nothing was written',
  ],
] as const)('the first line is the verdict: %s', (verdict, repositories, line) => {
  expect(repositoryLines(all(verdict, ...repositories)).split('\n')[0]).toBe(line)
})

test('a summary says what is refused before anything else, and folds the changes', () => {
  const summary = repositorySummary(all('refused', { ...changed, refusals: ['lifecycle would expire it.'] }, missing))
  expect(summary).toMatch(/^### ❌ 2 repositories refused/)
  expect(summary.indexOf('lifecycle would expire it')).toBeLessThan(summary.indexOf('| Repository |'))
  expect(summary).toContain('| `shop/api` | differs | mutability, lifecycle |')
  expect(summary).toContain('| `shop/web` | missing | tags |')
  expect(summary).toContain('<details><summary>shop/api</summary>')
})
