import type { ActionContract } from '../../src/runtime/contract.ts'
import type { Input } from '../../src/runtime/inputs.ts'
import { markdownTable, sectionMarkers, withSection } from './sections.ts'

/** How documents name our repository; a release keeps it up to date. */
const repository = 'OWNER/slipway'
const version = 'v1'

/**
 * The metadata file of an action. An input that slipway.yaml may give has no `default` and no `required` here:
 * the runner would fill the default in, and then nobody could tell it from a value that the workflow gives.
 */
export function actionYaml(contract: ActionContract): string {
  const folder = `../../dist/${contract.name}`
  return [
    `# Generated from src/actions/${contract.name}.contract.ts by "npm run generate": do not edit.`,
    `name: ${quoted(`Slipway: ${contract.title}`)}`,
    `description: ${quoted(contract.description)}`,
    'branding:',
    `  icon: ${contract.icon}`,
    `  color: ${contract.color}`,
    'inputs:',
    ...Object.entries(contract.inputs).flatMap(([name, one]) => inputYaml(name, one, readsFile(contract))),
    'outputs:',
    ...Object.entries(contract.outputs).flatMap(([name, says]) => [`  ${name}:`, `    description: ${quoted(says)}`]),
    'runs:',
    '  using: node24',
    `  main: ${folder}/index.js`,
    ...(contract.post ? [`  post: ${folder}/post.js`] : []),
    '',
  ].join('\n')
}

function inputYaml(name: string, one: Input<unknown>, fromFile: boolean): readonly string[] {
  const open = fromFile && one.fromFile === true
  const described = open && one.default !== undefined ? `${one.description} Default: ${one.default}` : one.description
  const lines = [`  ${name}:`, `    description: ${quoted(described)}`]
  if (!open && one.required) lines.push('    required: true')
  if (!open && one.default !== undefined) lines.push(`    default: ${quoted(one.default)}`)
  return lines
}

function readsFile(contract: ActionContract): boolean {
  return 'config' in contract.inputs
}

/** A YAML string in single quotes: nothing in it has a meaning but the quote itself. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** The README of an action: what is between the markers is generated, the rest stays as it is. */
export function actionReadme(contract: ActionContract, present: string | undefined): string {
  return withSection(present ?? newReadme(contract), 'contract', contractSection(contract))
}

function newReadme(contract: ActionContract): string {
  const { start, end } = sectionMarkers('contract')
  return `# ${contract.name}\n\n${start}\n${end}\n`
}

function contractSection(contract: ActionContract): string {
  const permissions = Object.entries(contract.permissions)
  return [
    contract.description,
    '## Usage',
    `\`\`\`yaml\n${contract.usage.replaceAll('{action}', `${repository}/actions/${contract.name}@${version}`)}\n\`\`\``,
    '## Permissions of the job',
    markdownTable(
      ['permission', 'why'],
      permissions.map(([name, { level, because }]) => [`\`${name}: ${level}\``, because]),
    ),
    '## Inputs',
    inputsTable(contract),
    ...(readsFile(contract) ? ['¹ may also be given in `slipway.yaml`; the workflow wins.'] : []),
    '## Outputs',
    markdownTable(
      ['output', 'holds'],
      Object.entries(contract.outputs).map(([name, says]) => [`\`${name}\``, says]),
    ),
  ].join('\n\n')
}

function inputsTable(contract: ActionContract): string {
  const rows = Object.entries(contract.inputs).map(([name, one]) => [
    `\`${name}\`${readsFile(contract) && one.fromFile ? ' ¹' : ''}`,
    one.description,
    one.parser.accepts,
    one.required ? '**required**' : code(one.default),
    code(one.example),
  ])
  return markdownTable(['input', 'what it is', 'accepts', 'default', 'example'], rows)
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``
}

/** The table of all actions, for the README of the repository. */
export function actionsTable(contracts: readonly ActionContract[]): string {
  return markdownTable(
    ['action', 'what it does'],
    contracts.map(({ name, description }) => [`[\`${name}\`](actions/${name}/README.md)`, description]),
  )
}
