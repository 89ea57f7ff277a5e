import type { ActionContract } from '../runtime/contract.ts'
import { assumeRole } from './assume-role.contract.ts'
import { buildPush } from './build-push.contract.ts'
import { deploy } from './deploy.contract.ts'
import { ecrLogin } from './ecr-login.contract.ts'
import { ecrRepository } from './ecr-repository.contract.ts'
import { rollback } from './rollback.contract.ts'
import { scan } from './scan.contract.ts'
import { verify } from './verify.contract.ts'

/** Every JavaScript action, in the order of a pipeline. Tables and action.yml files follow from this list. */
export const contracts = [
  assumeRole,
  ecrRepository,
  ecrLogin,
  buildPush,
  scan,
  deploy,
  rollback,
  verify,
] as const satisfies readonly ActionContract[]

/** Literal names, so that a table by action cannot miss one. */
export type ActionName = (typeof contracts)[number]['name']
