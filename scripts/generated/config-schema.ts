import * as z from 'zod/mini'

import { slipwayFile } from '../../src/config/slipway-file.ts'
import { repositoriesShape } from './repository-schema.ts'

/** JSON Schema of slipway.yaml, for editors. */
export function configSchema(): string {
  const file = z.extend(slipwayFile, {
    repositories: repositoriesShape.optional().describe('ECR repositories as they should be, by name.'),
  })
  const schema = {
    ...z.toJSONSchema(file, { target: 'draft-7' }),
    title: 'slipway.yaml',
    description: 'Names services, environments, scan policy and gate once, so that workflow files stay short.',
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}
