import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { missingNumbers, scenarioCount, scenariosPage } from '../sandbox/scenarios/page.ts'
import { clearResults, readResults } from '../sandbox/scenarios/results.ts'
import { kubernetesVersion } from '../sandbox/world.ts'
import { root } from '../scripts/project.ts'
import { jestEnvironment, jestLine } from '../scripts/test/jest.ts'
import { waitFor } from '../scripts/test/wait.ts'
import type { Bench } from './support/bench.ts'

/** The tests that play numbered scenarios: of the gate and the release, and of the control plane's faults. */
const tests = ['test/platform/scenarios', 'test/platform/faults']

export const bench: Bench = {
  name: 'gate-scenarios',
  demand: `all ${scenarioCount} scenarios: right verdict, right cause, within the bound of each`,
  peer: 'no peer: others test their waiting rules on made-up statuses (the tables of gate-peers run the same releases)',
  async run() {
    clearResults()
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    // Jest makes no folder for its report.
    mkdirSync(join(root, '.slipway/test'), { recursive: true })
    const { command, args } = jestLine(['--runInBand', ...tests], join(root, '.slipway/test/scenarios.json'))
    const child = platform.spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: jestEnvironment })
    const code = await waitFor(child, 30)
    const results = readResults()
    const missing = missingNumbers(results)
    const wrong = results.filter(({ ok }) => !ok)
    const date = new Date().toISOString().slice(0, 10)
    writeFileSync(
      join(root, 'docs/scenarios.md'),
      scenariosPage(results, { kubernetes: `v${kubernetesVersion}`, date }),
    )
    return {
      figure: `${scenarioCount - missing.length} of ${scenarioCount} numbers played, ${results.length - wrong.length} of ${results.length} variants right and in time`,
      ok: code === 0 && missing.length === 0 && wrong.length === 0,
      details: [
        ...wrong.map(({ number, title, verdict, cause }) => `wrong: ${number} ${title}: ${verdict} ${cause ?? ''}`),
        ...(missing.length === 0 ? [] : [`not played: ${missing.join(', ')}`]),
      ],
    }
  },
}
