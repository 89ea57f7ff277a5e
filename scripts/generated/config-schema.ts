import { z } from 'zod'

import { slipwayFile } from '../../src/config/slipway-file.ts'

/** JSON Schema of slipway.yaml, for editors. */
export function configSchema(): string {
  const schema = {
    ...z.toJSONSchema(slipwayFile, { target: 'draft-7' }),
    title: 'slipway.yaml',
    description: 'Names services, environments, scan policy and gate once, so that workflow files stay short.',
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}
