import { buildPush } from '../../src/actions/build-push.contract.ts'
import { scan } from '../../src/actions/scan.contract.ts'
import type { ActionContract } from '../../src/runtime/contract.ts'
import type { Input } from '../../src/runtime/inputs.ts'
import { quoted } from './action-files.ts'

/** What the second step gets from the first. */
const handedOver: Readonly<Record<string, string>> = { image: '${{ steps.push.outputs.image }}' }

/** The composite: `build-push`, then `scan` of exactly that digest. Its inputs are those of both, but the image. */
export function buildScanYaml(): string {
  const inputs = { ...scan.inputs, ...buildPush.inputs }
  const own = Object.entries(inputs).filter(([name]) => !(name in handedOver))
  return [
    '# Generated from the contracts of build-push and scan by "npm run generate": do not edit.',
    `name: ${quoted('Slipway: Build and scan an image')}`,
    `description: ${quoted('Builds and pushes an image to Amazon ECR, then waits for the findings of exactly that digest and judges them.')}`,
    'branding:',
    '  icon: package',
    '  color: blue',
    'inputs:',
    ...own.flatMap(([name, one]) => passedOn(name, one)),
    'outputs:',
    ...outputsOf(buildPush, 'push'),
    ...outputsOf(scan, 'scan'),
    'runs:',
    '  using: composite',
    '  steps:',
    ...step(buildPush, 'push', {}),
    ...step(scan, 'scan', handedOver),
    '',
  ].join('\n')
}

/**
 * Empty is "not given" for the step that it is passed on to, so that defaults stand in one place. A default that the
 * runner works out, such as `github.token`, is the exception: a description with an expression in it is refused by the
 * runner, and the step would take the empty value for "none".
 */
function passedOn(name: string, one: Input<unknown>): readonly string[] {
  if (one.default?.includes('${{') === true) {
    return [`  ${name}:`, `    description: ${quoted(one.description)}`, `    default: ${quoted(one.default)}`]
  }
  const described = one.default === undefined ? one.description : `${one.description} Default: ${one.default}`
  return [`  ${name}:`, `    description: ${quoted(described)}`, `    default: ''`]
}

function outputsOf(contract: ActionContract, id: string): readonly string[] {
  return Object.entries(contract.outputs).flatMap(([name, says]) => [
    `  ${name}:`,
    `    description: ${quoted(says)}`,
    `    value: \${{ steps.${id}.outputs.${name} }}`,
  ])
}

function step(contract: ActionContract, id: string, given: Readonly<Record<string, string>>): readonly string[] {
  const values = Object.keys(contract.inputs).map(name => `        ${name}: ${given[name] ?? `\${{ inputs.${name} }}`}`)
  return [`    - id: ${id}`, `      uses: $/actions/${contract.name}`, '      with:', ...values]
}
