/** The part of bench/push-faults.ts that runs inside the platform: prints a JSON line per row. */
import { randomBytes } from 'node:crypto'
import { hosts } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startFaultProxy } from '../../test/support/fault-proxy.ts'
import { makeLayout } from '../../test/support/layouts.ts'
import { platformLogin, pushFolder, wrongOutcome } from '../../test/support/platform-push.ts'
import { pushFaults } from '../../test/support/push-faults.ts'

const login = await platformLogin()
const unique = systemClock.now().toString(36)
for (const [index, row] of pushFaults().entries()) {
  const proxy = await startFaultProxy(hosts.registry)
  proxy.fault = row.fault
  const layout = makeLayout([randomBytes(6_000_000), randomBytes(5_000)])
  const since = systemClock.now()
  const outcome: unknown = await pushFolder(layout.folder, `faults-${unique}-${index}`, login, proxy.origin).catch(
    (thrown: unknown) => thrown,
  )
  const seconds = (systemClock.now() - since) / 1_000
  console.log(
    JSON.stringify({
      what: row.name,
      expected: row.expected,
      wrong: wrongOutcome(row, outcome, layout.digest),
      seconds,
    }),
  )
  await proxy.close()
}
