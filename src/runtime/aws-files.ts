import { join } from 'node:path'

import type { Environment } from './inputs.ts'

/** Variables by which tools find AWS credentials and clusters. None of these values is a secret. */
export const awsVariables = [
  'AWS_CONFIG_FILE',
  'AWS_PROFILE',
  'AWS_SDK_LOAD_CONFIG',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'KUBECONFIG',
] as const
export type AwsVariable = (typeof awsVariables)[number]

/** Where the tools of this job look for AWS credentials and for clusters. */
export interface AwsFiles {
  /** Profiles of the AWS CLI and the SDKs. */
  readonly config: string
  /** Their keys; a profile in it wins over one of the same name in `config`. */
  readonly credentials: string
  /** Where kubectl looks when KUBECONFIG is not set. */
  readonly kubeconfig: string
  /** What each variable is now; empty where it is not set. */
  readonly variables: Readonly<Record<AwsVariable, string>>
  /** True when access keys are in the environment: the AWS CLI takes them before any profile. */
  readonly keysInEnvironment: boolean
}

export function awsFiles(env: Environment, home: string): AwsFiles {
  const variables = Object.fromEntries(awsVariables.map(name => [name, env[name] ?? '']))
  return {
    config: env['AWS_CONFIG_FILE'] || join(home, '.aws/config'),
    credentials: env['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws/credentials'),
    kubeconfig: join(home, '.kube/config'),
    // Object.fromEntries cannot keep the names.
    variables: variables as AwsFiles['variables'],
    keysInEnvironment: Boolean(env['AWS_ACCESS_KEY_ID']),
  }
}
