import { admissionScenarios } from './admission.ts'
import { capacityScenarios } from './capacity.ts'
import { changeScenarios } from './change.ts'
import { controllerScenarios } from './controllers.ts'
import { customScenarios } from './custom.ts'
import { engineScenarios } from './engine.ts'
import { imageScenarios } from './image.ts'
import { readinessScenarios } from './readiness.ts'
import { recordedScenarios } from './recorded.ts'
import { routingScenarios } from './routing.ts'
import type { Scenario } from './scenario.ts'
import { startScenarios } from './start.ts'

/** Those of the catalogue of 65 that are played here; 56 to 62 and 64 are faults of the control plane (test/platform). */
export const numberedScenarios: readonly Scenario[] = [
  ...imageScenarios,
  ...startScenarios,
  ...readinessScenarios,
  ...capacityScenarios,
  ...admissionScenarios,
  ...controllerScenarios,
  ...engineScenarios,
  ...customScenarios,
  ...routingScenarios,
  ...changeScenarios,
]

const all = new Map([...numberedScenarios, ...recordedScenarios].map(scenario => [scenario.name, scenario]))

/** Throws when there is none of this name. */
export function scenarioOf(name: string): Scenario {
  const found = all.get(name)
  if (found === undefined) throw new Error(`there is no scenario "${name}"; there are ${[...all.keys()].join(', ')}`)
  return found
}
