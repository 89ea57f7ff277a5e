import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../runtime/context.ts'
import { RemoteError } from '../runtime/errors.ts'
import { explainBuildFailure, readBuildFailure } from './build-failure.ts'
import type { Buildx } from './buildx.ts'
import { buildArguments, builderDriver, findBuildx, pushedDigest, secretVariable } from './buildx.ts'
import type { BuildRequest, BuildSource } from './model.ts'

export interface BuildTask {
  readonly request: BuildRequest
  readonly source: BuildSource
  /** Full references with tags. */
  readonly names: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Time of the commit, seconds since the Unix epoch. */
  readonly committed: number | undefined
  /** Folder of a Docker configuration that can log in to the registry. */
  readonly dockerConfig: string
  /** Empty folder, in which the builder leaves the image where it can. */
  readonly layout: string
}

/** What a builder did with the image: left it in the folder of the task, or pushed it, with the digest that it says. */
export type Built = { readonly kind: 'layout' } | { readonly kind: 'pushed'; readonly digest: string | undefined }

const attempts = 3

/**
 * Runs buildx build. The builder leaves the image in a folder, for us to push; only the store of the `docker` driver
 * cannot, and pushes by itself. A build that failed for a passing reason is repeated: all layers are then cached.
 */
export async function runBuild(task: BuildTask, context: Context): Promise<Built> {
  const { log, exec, signal } = context
  const buildx = await findBuildx(exec, signal)
  const env = environment(task)
  const driver = await builderDriver(buildx, exec, { env: { DOCKER_CONFIG: task.dockerConfig }, signal })
  const title = `Build ${task.names[0] ?? ''} (buildx ${buildx.version}${driver === undefined ? '' : `, ${driver}`})`
  const folder = await mkdtemp(join(context.tempFolder, 'build-'))
  const metadataFile = join(folder, 'metadata.json')
  try {
    await log.group(title, () => buildWithRetry(buildx, argumentsOf(task, driver, metadataFile), env, task, context))
    return driver === 'docker' ? { kind: 'pushed', digest: await readDigest(metadataFile) } : { kind: 'layout' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function buildWithRetry(
  buildx: Buildx,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  task: BuildTask,
  context: Context,
): Promise<void> {
  const { clock, exec, log, signal } = context
  for (let attempt = 1; ; attempt++) {
    const onLine = (line: string): void => log.info(line)
    const { code, stderr } = await exec(buildx.command, [...buildx.prefix, ...args], {
      cwd: context.workspace,
      env,
      signal,
      onLine,
    })
    signal.throwIfAborted()
    if (code === 0) return
    const failure = readBuildFailure(stderr)
    if (!failure.transient || attempt === attempts) throw explainBuildFailure(failure, task.names[0] ?? '')
    const wait = 2_000 * 2 ** (attempt - 1)
    log.warn(`${failure.error} · trying again in ${wait / 1000} s (${attempt + 1} of ${attempts})`)
    await clock.sleep(wait, signal)
  }
}

function argumentsOf(
  { request, source, names, labels, committed, layout }: BuildTask,
  driver: string | undefined,
  metadataFile: string,
): readonly string[] {
  const provenance = request.provenance ?? 'max'
  const onDocker = driver === 'docker'
  return buildArguments({
    context: source.folder,
    file: source.file,
    output: onDocker ? { kind: 'push', names } : { kind: 'layout', folder: layout },
    labels,
    buildArgs: request.buildArgs ?? {},
    secrets: Object.keys(request.secrets ?? {}),
    platforms: request.platforms ?? [],
    ...(request.target === undefined ? {} : { target: request.target }),
    cacheFrom: request.cacheFrom ?? [],
    cacheTo: request.cacheTo ?? [],
    ...(onDocker && provenance !== 'off' ? {} : { provenance }),
    metadataFile,
    rewriteTimestamps: !onDocker && committed !== undefined,
  })
}

function environment({ request, committed, dockerConfig }: BuildTask): Readonly<Record<string, string>> {
  const secrets = Object.values(request.secrets ?? {}).map((value, index) => [secretVariable(index), value])
  return {
    DOCKER_CONFIG: dockerConfig,
    // Else the whole provenance is written into the metadata file as well.
    BUILDX_METADATA_PROVENANCE: 'disabled',
    ...(committed === undefined ? {} : { SOURCE_DATE_EPOCH: String(committed) }),
    ...Object.fromEntries(secrets),
  }
}

async function readDigest(file: string): Promise<string | undefined> {
  try {
    return pushedDigest(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new RemoteError('build-metadata', 'buildx wrote no readable metadata file.', {
      todo: 'Update buildx to 0.10 or newer.',
      cause,
    })
  }
}
