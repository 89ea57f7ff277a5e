/** Pushes a layout, to be killed: FOLDER ORIGIN HOST REPOSITORY TAG; the password is in REGISTRY_PASSWORD. */
import { createBudget } from '../../src/registry/push/budget.ts'
import { openRegistry } from '../../src/registry/push/connection.ts'
import { readLayout } from '../../src/registry/push/layout.ts'
import { pushImage } from '../../src/registry/push/push.ts'
import { talkTo } from '../../src/registry/push/talk.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { recordingLog } from './context.ts'

const [folder = '', origin = '', host = '', repository = '', tag = ''] = process.argv.slice(2)
const login = { user: 'AWS', password: process.env['REGISTRY_PASSWORD'] ?? '' }
const connection = await openRegistry(host, () => login, origin)
const ports = { clock: systemClock, log: recordingLog(), signal: new AbortController().signal, random: Math.random }
const talk = talkTo(connection, () => Promise.resolve(), ports)
await pushImage(
  { layout: await readLayout(folder), repository, tags: [tag] },
  { talk, budget: createBudget(50, systemClock) },
)
await connection.close()
