import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { AwsVariable } from '../../runtime/aws-files.ts'
import type { Context } from '../../runtime/context.ts'
import { UserError } from '../../runtime/errors.ts'
import type { LaterSteps } from '../../runtime/outputs.ts'
import type { EksCluster } from '../eks-cluster.ts'
import type { Session } from '../model.ts'
import type { SessionRequest } from '../session-request.ts'
import type { HelperRequest } from './helper-request.ts'
import { execKubeconfig } from './kubeconfig.ts'
import { hasProfile, withProfile } from './profile.ts'

/** How credentials are given to later steps: as variables, as a profile, or not at all. */
export type Exposure = 'env' | 'profile' | 'none'

export interface Exposing {
  readonly session: Session
  /** How a later step gets the same session again. */
  readonly request: SessionRequest
  readonly exposure: Exposure
  /** Name of the profile. */
  readonly profile: string
  /** A cluster that kubectl of later steps reaches. */
  readonly cluster?: EksCluster
}

/** What was left for later steps, for the clean-up and for the outputs. */
export interface Exposed {
  /** Folder that was made; undefined when nothing was written. */
  readonly folder?: string
  readonly kubeconfig?: string
  /** Variables that later steps see. */
  readonly variables: Readonly<Record<string, string>>
  /** What those were before which are no secrets. */
  readonly before: Partial<Readonly<Record<AwsVariable, string>>>
}

type ExposeContext = Pick<Context, 'tempFolder' | 'awsFiles' | 'helper' | 'log'>

/**
 * Prepares what later steps get, all of it before the first variable is exported: they see all or nothing. Throws
 * UserError when the profile's name is taken by keys that would win over it.
 */
export async function exposeSession(exposing: Exposing, context: ExposeContext): Promise<Exposed> {
  const { session, exposure, cluster } = exposing
  const { variables: before } = context.awsFiles
  const variables: Record<string, string> = {}
  if (exposure === 'env') {
    const { accessKeyId, secretAccessKey, sessionToken } = await session.credentials()
    Object.assign(variables, {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: session.region,
      AWS_DEFAULT_REGION: session.region,
    })
  }
  if (exposure !== 'profile' && cluster === undefined) return { variables, before: earlier(variables, before) }
  const folder = await makeFolder(context.tempFolder)
  try {
    const requestFile = await write(folder, 'request.json', JSON.stringify(helperRequest(exposing, context)))
    if (exposure === 'profile') Object.assign(variables, await leaveProfile(exposing, { folder, requestFile }, context))
    const kubeconfig = cluster && (await leaveKubeconfig(cluster, { folder, requestFile }, context))
    if (kubeconfig !== undefined)
      variables['KUBECONFIG'] = [kubeconfig, ...(await otherKubeconfigs(context))].join(delimiter)
    return {
      folder,
      variables,
      before: earlier(variables, before),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    }
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    throw thrown
  }
}

/** A variable cannot be taken back, only emptied: on an error no half set of credentials stays behind. */
export function exportAll(later: LaterSteps, values: Readonly<Record<string, string>>): void {
  const exported: string[] = []
  try {
    for (const [name, value] of Object.entries(values)) {
      later.exportVariable(name, value)
      exported.push(name)
    }
  } catch (thrown) {
    for (const name of exported) later.exportVariable(name, '')
    throw thrown
  }
}

interface Place {
  readonly folder: string
  readonly requestFile: string
}

/** Beside all profiles that the job had: those of earlier steps of this action are in that file, too. */
async function leaveProfile(
  { session, profile: name }: Exposing,
  { folder, requestFile }: Place,
  { awsFiles, helper, log }: ExposeContext,
): Promise<Readonly<Record<string, string>>> {
  const [existing, keys] = await Promise.all([awsFiles.config, awsFiles.credentials].map(readIfThere))
  if (hasProfile(keys ?? '', name)) throw nameTaken(name, awsFiles.credentials)
  if (awsFiles.keysInEnvironment) {
    log.warn(
      'AWS_ACCESS_KEY_ID is set for this job, and the AWS CLI takes it before any profile: give `--profile`, or take the variable away.',
    )
  }
  const config = withProfile(existing ?? '', { name, region: session.region, helper, requestFile })
  const file = await write(folder, 'config', config)
  return { AWS_CONFIG_FILE: file, AWS_PROFILE: name, AWS_SDK_LOAD_CONFIG: '1' }
}

function leaveKubeconfig(
  cluster: EksCluster,
  { folder, requestFile }: Place,
  { helper }: ExposeContext,
): Promise<string> {
  return write(folder, 'kubeconfig', execKubeconfig({ cluster, helper, requestFile }))
}

/** KUBECONFIG may name several files, of which kubectl takes the first current context: what was there stays usable. */
async function otherKubeconfigs({ awsFiles }: ExposeContext): Promise<readonly string[]> {
  if (awsFiles.variables.KUBECONFIG !== '') return [awsFiles.variables.KUBECONFIG]
  const isThere = await access(awsFiles.kubeconfig).then(
    () => true,
    () => false,
  )
  return isThere ? [awsFiles.kubeconfig] : []
}

/** The variables as they are now: the helper must not find the profile that it stands behind. */
function helperRequest({ request }: Exposing, { awsFiles }: ExposeContext): HelperRequest {
  const { AWS_CONFIG_FILE, AWS_PROFILE } = awsFiles.variables
  return { version: 1, request, environment: { AWS_CONFIG_FILE, AWS_PROFILE } }
}

/** Only this user can enter it: the files in it say who may do what, though they hold no secret. */
async function makeFolder(tempFolder: string): Promise<string> {
  await mkdir(tempFolder, { recursive: true })
  const folder = await mkdtemp(join(tempFolder, 'slipway-aws-'))
  await chmod(folder, 0o700)
  return folder
}

async function write(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text, { mode: 0o600 })
  return file
}

function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}

function earlier(
  variables: Readonly<Record<string, string>>,
  before: Readonly<Record<AwsVariable, string>>,
): Exposed['before'] {
  return Object.fromEntries(Object.entries(before).filter(([name]) => name in variables))
}

function nameTaken(profile: string, file: string): UserError {
  return new UserError('input-profile', `profile "${profile}" is in ${file} already.`, {
    why: 'The AWS CLI takes keys from there before it looks at the profile that this step would write.',
    todo: 'Choose another name as profile.',
  })
}
