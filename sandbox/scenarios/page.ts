/** docs/scenarios.md, from the results of a run. */
import { markdownTable } from '../../scripts/generated/sections.ts'
import type { ScenarioResult } from './results.ts'

export const scenarioCount = 65

/** Numbers of the catalogue that no result tells about. */
export function missingNumbers(results: readonly ScenarioResult[]): readonly number[] {
  const seen = new Set(results.map(({ number }) => number))
  return Array.from({ length: scenarioCount }, (_, index) => index + 1).filter(number => !seen.has(number))
}

/** The whole page. `kubernetes`: the version that the scenarios ran on; `date`: `2026-11-25`. */
export function scenariosPage(
  results: readonly ScenarioResult[],
  { kubernetes, date }: { readonly kubernetes: string; readonly date: string },
): string {
  const numbers = new Set(results.map(({ number }) => number))
  const right = results.filter(({ ok }) => ok).length
  const missing = missingNumbers(results)
  return `# Scenarios

${scenarioCount} ways in which a release goes well or badly. Each is played on the local platform, judged by the gate, and held
against the verdict and the cause that are true, and against a bound on the time that the verdict may take. Made by
\`npm run bench -- gate-scenarios\`; each is a test of its own in \`test/platform/\`.

${date}, Kubernetes ${kubernetes}: ${numbers.size} of ${scenarioCount} numbers played, ${right} of ${results.length} variants right and in time.${missing.length === 0 ? '' : ` Not played: ${missing.join(', ')}.`}

- **node**: a real kubelet, containerd and runc; **kwok**: simulated nodes, where the scenario says what a kubelet would;
  **control plane**: API server, controllers and the network to them.
- **seconds** count from the event beside them, as the API server's audit log dates it, to the verdict.
- \`healthy\` counts from the last event that it needed and includes the soak where the row says so.

${markdownTable(
  ['#', 'scenario', 'where', 'verdict', 'cause', 'seconds', 'bound', 'after', 'as it must be'],
  results.map(({ number, title, where, verdict, cause, seconds, bound, after, ok }) => [
    String(number),
    title,
    where,
    verdict,
    cause ?? '',
    seconds?.toFixed(2) ?? '–',
    `≤ ${bound}`,
    after,
    ok ? 'yes' : '**no**',
  ]),
)}
`
}
