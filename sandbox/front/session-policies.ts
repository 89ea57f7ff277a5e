import type { Authorizer } from './authorizer.ts'
import type { Moto } from './moto.ts'
import { invalid, Refused } from './refused.ts'

/** What reading session policies needs. */
export interface PolicyWorld {
  readonly moto: Pick<Moto, 'managedPolicy'>
  readonly authorizer: Pick<Authorizer, 'wellFormed'>
}

/** The inline policy and the managed ones, read and checked. */
export async function sessionPolicies(parameters: URLSearchParams, world: PolicyWorld): Promise<readonly unknown[]> {
  const inline = parameters.get('Policy')
  const arns = [...parameters].filter(([name]) => /^PolicyArns\.member\.\d+\.arn$/.test(name)).map(([, arn]) => arn)
  if ((inline?.length ?? 0) + arns.join('').length > 2048)
    throw invalid('policy', inline ?? '', 'Member must have length less than or equal to 2048')
  const managed = await Promise.all(arns.map(arn => world.moto.managedPolicy(arn)))
  const absent = arns.find((_, index) => managed[index] === undefined)
  if (absent !== undefined)
    throw new Refused('ValidationError', `Policy ${absent} does not exist or is not attachable.`)
  return inline === null ? managed : [await inlinePolicy(inline, world), ...managed]
}

async function inlinePolicy(text: string, world: PolicyWorld): Promise<unknown> {
  let policy: unknown
  try {
    policy = JSON.parse(text)
  } catch {
    throw new Refused('MalformedPolicyDocument', 'This policy contains invalid Json')
  }
  if (!(await world.authorizer.wellFormed(policy)))
    throw new Refused('MalformedPolicyDocument', 'Syntax errors in policy.')
  return policy
}
