import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { ActionContract } from '../runtime/contract.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import { textOf } from '../runtime/inputs.ts'
import type { Environment } from '../runtime/inputs.ts'

/**
 * What slipway.yaml says for the inputs of this action. No file, no values: every action works without one.
 * Its parser is loaded only when there is a file.
 */
export async function valuesFromConfig(
  contract: ActionContract,
  env: Environment,
): Promise<Readonly<Record<string, string>>> {
  const usual = contract.inputs['config']?.default
  if (usual === undefined) return {}
  const path = textOf('config', env) || usual
  const text = readText(resolve(env['GITHUB_WORKSPACE'] || '.', path))
  const service = textOf('service', env)
  const environment = textOf('environment', env)
  if (text === undefined) {
    if (path === usual && service === '' && environment === '') return {}
    throw noFile(path)
  }
  const { inputsFromFile } = await import('./inputs-from-file.ts')
  const { parseSlipwayFile } = await import('./slipway-file.ts')
  return inputsFromFile(parseSlipwayFile(text, path), contract.name, {
    ...(service === '' ? {} : { service }),
    ...(environment === '' ? {} : { environment }),
  })
}

/** Undefined when there is no such file. One that cannot be read must not be taken for one that says nothing. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw new UserError('input-config', `config "${path}" cannot be read: ${messageOf(thrown)}.`, {
      todo: 'Make it a file that the runner may read.',
    })
  }
}

function noFile(path: string): UserError {
  return new UserError('input-config', `config "${path}" cannot be read.`, {
    why: 'There is no such file in the checkout.',
    todo: 'Check the path, and that actions/checkout runs before this step.',
  })
}
