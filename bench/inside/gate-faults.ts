/** The part of bench/gate-faults.ts that runs inside the platform: prints a JSON line per fault and release. */
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { faultsOfTheAnswer, faultsOfTheServer, faultsOfTheWay } from '../../sandbox/faults/faults.ts'
import { play } from '../../sandbox/faults/play.ts'
import { attach } from '../../sandbox/platform.ts'

const platform = attach()
const admin = await connectAsAdmin(platform.kubeconfig)
for (const fault of [...faultsOfTheWay, ...faultsOfTheAnswer, ...faultsOfTheServer]) {
  for (const { result: _, ...outcome } of await play(fault, platform, admin)) console.log(JSON.stringify(outcome))
}
await admin.close()
