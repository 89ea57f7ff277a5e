import { describe, expect, test } from '@jest/globals'
import { planLines, planSummary } from '../../../src/report/plan-report.ts'
import type { PlanView } from '../../../src/report/plan-view.ts'

const view: PlanView = {
  application: 'shop',
  namespace: 'shop',
  commit: '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345',
  changes: [
    {
      object: 'ConfigMap shop/settings',
      change: 'update',
      fields: [
        { path: 'data.color', change: 'changed', before: 'blue', after: 'green' },
        { path: 'data.size', change: 'added', after: 'l' },
        { path: 'data.shape', change: 'removed', before: 'round' },
      ],
    },
    { object: 'Secret shop/database', change: 'update', fields: [{ path: 'data.password', change: 'changed' }] },
    { object: 'Job shop/migrate-r2', change: 'create', fields: [], hook: 'before' },
    { object: 'Deployment shop/api', change: 'update', fields: [], restartedBy: ['ConfigMap shop/settings'] },
    { object: 'Service shop/api', change: 'none', fields: [] },
    { object: 'ConfigMap shop/old', change: 'prune', fields: [] },
  ],
  notes: ['Job migrate of that release has run: it does not run again.'],
}

describe('the plan of a dry run', () => {
  test('is a line per object, its fields under it', () => {
    expect(planLines(view).split('\n')).toEqual([
      '✓ dry run of shop 4f2c9ab in shop: the server accepts the set · 5 of 6 objects would change',
      '  update ConfigMap shop/settings',
      '      data.color: blue → green',
      '      data.size added: l',
      '      data.shape removed (was round)',
      '  update Secret shop/database',
      '      data.password changed',
      '  run    Job shop/migrate-r2 (before the workloads)',
      '  update Deployment shop/api (restarts: it reads ConfigMap shop/settings)',
      '  prune  ConfigMap shop/old',
      '  note: Job migrate of that release has run: it does not run again.',
    ])
  })

  test('of a rollback names the release that would come back', () => {
    expect(planLines({ ...view, rollbackTo: 4, changes: [] })).toMatch(
      /^✓ dry run of the rollback of shop to r4 in shop: /,
    )
  })

  test('shows a dozen fields of an object and counts the rest', () => {
    const fields = Array.from({ length: 20 }, (_, index) => ({
      path: `data.k${index}`,
      change: 'added' as const,
      after: '1',
    }))
    const lines = planLines({ ...view, changes: [{ object: 'ConfigMap shop/a', change: 'update', fields }] }).split(
      '\n',
    )
    expect(lines).toContain('      data.k11 added: 1')
    expect(lines).not.toContain('      data.k12 added: 1')
    expect(lines).toContain('      … and 8 more fields')
  })

  test('as a summary is a table, with the fields folded away', () => {
    const text = planSummary(view)
    expect(text).toContain('| update | `Deployment shop/api` | restarts: it reads ConfigMap shop/settings |')
    expect(text).toContain('| run | `Job shop/migrate-r2` | before the workloads |')
    expect(text).toContain('data.color: blue → green')
    expect(text).toContain('**Note**: Job migrate of that release has run')
  })
})
