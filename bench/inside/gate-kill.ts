/** The part of bench/gate-kill.ts that runs inside the platform: prints a JSON line per step before which a run is killed. */
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { expectedContent, killAndGoOn, steps, type Story } from '../../sandbox/faults/killed.ts'
import { attach } from '../../sandbox/platform.ts'

const platform = attach()
const admin = await connectAsAdmin(platform.kubeconfig)
for (const story of Object.keys(steps) as Story[]) {
  for (const step of steps[story]) {
    const { endedBy, verdict, content, records } = await killAndGoOn(story, step, { platform, admin })
    const converged = verdict === 'healthy' && JSON.stringify(content) === JSON.stringify(expectedContent(story))
    const whole = records[0] === 'healthy' && records.length <= 10
    console.log(JSON.stringify({ story, step, killed: endedBy === 'SIGKILL', converged, whole }))
  }
}
const { lockSeconds } = await killAndGoOn('release', 'gate', { platform, admin, patient: true })
console.log(JSON.stringify({ lockSeconds }))
await admin.close()
