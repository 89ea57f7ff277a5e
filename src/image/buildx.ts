import type { Exec, ExecOptions, ExecResult } from '../runtime/context.ts'
import { UserError } from '../runtime/errors.ts'

/** How buildx is called here: as Docker's plug-in, or alone where there is no Docker. */
export interface Buildx {
  readonly command: string
  readonly prefix: readonly string[]
  /** `v0.36.1` */
  readonly version: string
}

/** buildx pushes it under these names itself; or leaves it in a folder, as an OCI layout, for us to push. */
export type BuildOutput =
  | { readonly kind: 'push'; readonly names: readonly string[] }
  | { readonly kind: 'layout'; readonly folder: string }

export interface BuildArguments {
  /** Absolute path of the build context. */
  readonly context: string
  /** Absolute path of the Dockerfile. */
  readonly file: string
  /** Where the image goes. */
  readonly output: BuildOutput
  readonly labels: Readonly<Record<string, string>>
  readonly buildArgs: Readonly<Record<string, string>>
  /** Names of secrets; the value of each is in the variable of secretVariable(index). */
  readonly secrets: readonly string[]
  readonly platforms: readonly string[]
  readonly target?: string
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
  /** Left to the builder when absent: the `docker` driver refuses a build that asks for it explicitly on its classic store. */
  readonly provenance?: 'min' | 'max' | 'off'
  readonly metadataFile: string
  /** File times become SOURCE_DATE_EPOCH, which must be set. Not possible with the `docker` driver, whose store unpacks the image. */
  readonly rewriteTimestamps: boolean
}

/** Finds buildx. Throws UserError `buildx-missing`. */
export async function findBuildx(exec: Exec, signal?: AbortSignal): Promise<Buildx> {
  const options = signal === undefined ? {} : { signal }
  for (const { command, prefix } of [
    { command: 'docker', prefix: ['buildx'] },
    { command: 'buildx', prefix: [] },
  ]) {
    const version = /\bv?\d+\.\d+\.\d+\S*/.exec(await firstLine(exec(command, [...prefix, 'version'], options)))?.[0]
    if (version !== undefined) return { command, prefix, version }
  }
  throw new UserError('buildx-missing', 'There is no buildx on this runner.', {
    why: 'Neither "docker buildx" nor "buildx" answers.',
    todo: 'Use a runner with Docker, or add docker/setup-buildx-action before this step.',
  })
}

/** Driver of the builder that a build would use: `docker`, `docker-container`, `remote` …; undefined when it cannot be told. */
export async function builderDriver(
  buildx: Buildx,
  exec: Exec,
  options: Pick<ExecOptions, 'env' | 'signal'>,
): Promise<string | undefined> {
  const { code, stdout } = await exec(buildx.command, [...buildx.prefix, 'inspect'], options)
  return code === 0 ? /^Driver:\s+(\S+)$/m.exec(stdout)?.[1] : undefined
}

/** Arguments of `buildx build`, without the program. Pure. */
export function buildArguments(given: BuildArguments): readonly string[] {
  const one = (flag: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [flag, value])
  const each = (flag: string, values: readonly string[]): readonly string[] => values.flatMap(value => [flag, value])
  const pairs = (values: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(values).map(([name, value]) => `${name}=${value}`)
  return [
    'build',
    ...one('--progress', 'plain'),
    ...one('--file', given.file),
    ...each('--tag', given.output.kind === 'push' ? given.output.names : []),
    ...each('--label', pairs(given.labels)),
    ...each('--build-arg', pairs(given.buildArgs)),
    ...each(
      '--secret',
      given.secrets.map((name, index) => `id=${name},env=${secretVariable(index)}`),
    ),
    ...one('--platform', given.platforms.join(',') || undefined),
    ...one('--target', given.target),
    ...each('--cache-from', given.cacheFrom),
    ...each('--cache-to', given.cacheTo),
    ...one('--provenance', given.provenance === 'off' ? 'false' : given.provenance && `mode=${given.provenance}`),
    ...one('--output', `${exporter(given.output)}${given.rewriteTimestamps ? ',rewrite-timestamp=true' : ''}`),
    ...one('--metadata-file', given.metadataFile),
    given.context,
  ]
}

/** The value is CSV: a path with a comma or a quote is quoted. */
function exporter(output: BuildOutput): string {
  if (output.kind === 'push') return 'type=image,push=true'
  const dest = `dest=${output.folder}`
  return `type=oci,tar=false,oci-mediatypes=true,${/[",]/.test(dest) ? `"${dest.replaceAll('"', '""')}"` : dest}`
}

/** Environment variable that carries a secret to buildx. */
export function secretVariable(index: number): string {
  return `SLIPWAY_BUILD_SECRET_${index}`
}

/** Names of build arguments that look like secrets: a build argument stays readable in the image's history and provenance. */
export function secretLike(names: readonly string[]): readonly string[] {
  return names.filter(name => /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PRIVATE_KEY|API_?KEY|CREDENTIALS?)(_|$)/i.test(name))
}

/** Digest of what was pushed, from buildx's metadata file; undefined when the file does not say. */
export function pushedDigest(metadata: string): string | undefined {
  const parsed: unknown = JSON.parse(metadata)
  if (typeof parsed !== 'object' || parsed === null || !('containerimage.digest' in parsed)) return undefined
  const digest = parsed['containerimage.digest']
  return typeof digest === 'string' ? digest : undefined
}

async function firstLine(run: Promise<ExecResult>): Promise<string> {
  try {
    const { code, stdout } = await run
    return code === 0 ? (stdout.split('\n')[0] ?? '') : ''
  } catch (thrown) {
    // No such program is an answer here, and the next one is tried.
    if (thrown instanceof UserError) return ''
    throw thrown
  }
}
