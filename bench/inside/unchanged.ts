/** The part of bench/unchanged.ts that runs inside the platform: prints a JSON line per step of the built action. */
import { region, roles } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { pushRepository } from '../../test/support/platform-push.ts'
import { step } from '../../test/support/step.ts'

const rounds = Number(process.argv[2] ?? '9')
const files = { Dockerfile: 'FROM scratch\nCOPY file /file\n', file: `unchanged ${systemClock.now()}` }
const sha = systemClock.now().toString(16).padStart(40, 'b')
const inputs = { role: roles.build, region, repository: pushRepository }
const first = await step('build-push', inputs, { files, sha })
if (first.code !== 0) throw new Error(first.log.slice(-2_000))
for (let round = 0; round < rounds; round++) {
  for (const reuse of ['true', 'false']) {
    const since = performance.now()
    const { code, outputs } = await step('build-push', { ...inputs, reuse }, { files, sha })
    const seconds = (performance.now() - since) / 1_000
    const same = code === 0 && outputs['digest'] === first.outputs['digest'] && outputs['pushed'] === 'false'
    console.log(JSON.stringify({ reuse: reuse === 'true', seconds, same }))
  }
}
