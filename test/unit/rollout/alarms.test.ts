import { expect, test } from '@jest/globals'
import type { Alarm, Alarms } from '../../../src/rollout/model.ts'
import { UserError } from '../../../src/runtime/errors.ts'
import { maps, shop, type Shop } from '../../support/releases.ts'

const quiet: Alarm = { name: 'shop-5xx', state: 'OK' }
const raised: Alarm = { name: 'shop-5xx', state: 'ALARM', reason: '12 errors' }
const soak = { soakMs: 20_000 }

/** Lets the time go on, a second at a time, until `work` has ended. */
async function played<T>({ clock }: Shop, work: Promise<T>): Promise<T> {
  const state = { running: true }
  const done = work.finally(() => (state.running = false))
  done.catch(() => undefined)
  while (state.running) {
    for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    if (state.running) clock.advance(1_000)
  }
  return done
}

/** Alarms that answer in this order, then as the last time. */
function saying(...answers: readonly (Alarm | Error)[]): Alarms & { asked: number } {
  const source = {
    asked: 0,
    async read() {
      const answer = answers[Math.min(source.asked++, answers.length - 1)]
      if (answer instanceof Error) throw answer
      return answer === undefined ? [] : [answer]
    },
  }
  return source
}

test('an alarm that does not exist is refused before anything is applied', async () => {
  const app = shop()
  const alarms = saying(new UserError('alarm-unknown', 'there is no alarm "shop-6xx"', { todo: 'Correct it.' }))
  await expect(app.deploy(maps('a'), soak, { alarms })).rejects.toMatchObject({ code: 'alarm-unknown' })
  expect(app.api.writes).toEqual([])
  await played(app, app.deploy(maps('a')))
  await played(app, app.deploy(maps('b')))
  await expect(app.rollback({}, { alarms })).rejects.toMatchObject({ code: 'alarm-unknown' })
})

test('a release whose alarm goes off in the soak has failed and is rolled back, which no alarm judges', async () => {
  const app = shop()
  await played(app, app.deploy(maps('old')))
  const alarms = saying(quiet, quiet, quiet, raised)
  const outcome = await played(app, app.deploy(maps('new'), soak, { alarms }))
  expect(outcome).toMatchObject({
    result: { verdict: 'failed', cause: { code: 'alarm-raised' } },
    rollback: { toRevision: 1, result: { verdict: 'healthy' } },
  })
  expect(app.api.names('ConfigMap')).toEqual(['ConfigMap shop/old'])
  // Twice before the first write: for the names, and for how things stood.
  expect(alarms.asked).toBe(4)
})

test('an alarm that is raised already is told and ignored', async () => {
  const app = shop()
  const outcome = await played(app, app.deploy(maps('a'), soak, { alarms: saying(raised) }))
  expect(outcome.result?.verdict).toBe('healthy')
  expect(app.log.lines.filter(line => line.startsWith('warning: Alarm "shop-5xx" is raised already'))).toEqual([
    'warning: Alarm "shop-5xx" is raised already, so it says nothing about this release: 12 errors',
  ])
})

test('an alarm that goes off while a release waits for its turn was not raised by it', async () => {
  const app = shop()
  const alarms = saying(quiet, raised)
  const outcome = await played(app, app.deploy(maps('a'), soak, { alarms }))
  expect(outcome.result?.verdict).toBe('healthy')
})

test('alarms that cannot be read any more before the first write end it as unknown, with nothing applied', async () => {
  const app = shop()
  const outcome = await played(app, app.deploy(maps('a'), soak, { alarms: saying(quiet, new Error('throttled')) }))
  expect(outcome).toMatchObject({ result: { verdict: 'unknown', cause: { code: 'alarms-unreadable' } } })
  expect(outcome.rollback).toBeUndefined()
  expect(app.api.names('ConfigMap')).toEqual([])
})

test('a rollback on demand is judged by its alarms as a deploy is', async () => {
  const app = shop()
  await played(app, app.deploy(maps('old')))
  await played(app, app.deploy(maps('new')))
  const alarms = saying(quiet, quiet, quiet, quiet, raised)
  const outcome = await played(app, app.rollback(soak, { alarms }))
  expect(outcome).toMatchObject({ rollbackTo: 1, result: { verdict: 'failed', cause: { code: 'alarm-raised' } } })
})
