import type { SlipwayError } from '../runtime/errors.ts'
import { DeniedError, RemoteError, UserError } from '../runtime/errors.ts'

/** What a failed build said, in BuildKit's plain progress format. */
export interface BuildFailure {
  readonly kind: 'step' | 'dockerfile' | 'push' | 'base-image' | 'builder' | 'other'
  /** The last error line, without its prefix. */
  readonly error: string
  /** `RUN npm ci` */
  readonly step?: string
  /** `Dockerfile:12` */
  readonly where?: string
  /** Last lines that the step printed. */
  readonly output: readonly string[]
  /** True when the same build may well work in a moment. */
  readonly transient: boolean
}

/** Reads the standard error of `buildx build --progress plain`. Pure; formats of BuildKit 0.12 to 0.32. */
export function readBuildFailure(stderr: string): BuildFailure {
  const lines = stderr.split(/\r?\n/)
  const error = lastError(lines)
  const { step, output } = failedStep(lines)
  const where = lines.map(line => /^(\S*[\w.-]+:\d+)$/.exec(line.trim())?.[1]).findLast(found => found !== undefined)
  const kind = kindOf(error, step)
  return {
    kind,
    error,
    ...(step === undefined ? {} : { step }),
    ...(where === undefined ? {} : { where }),
    output,
    transient: kind !== 'step' && kind !== 'dockerfile' && isTransient(error),
  }
}

/** The failure as an error for people. */
export function explainBuildFailure(failure: BuildFailure, image: string): SlipwayError {
  const { kind, error, step, where } = failure
  if (kind === 'push') return explainPush(error, image)
  if (kind === 'step') {
    const code = /exit code: (\d+)/.exec(error)?.[1]
    return new UserError(
      'build-step',
      `The build failed${where === undefined ? '' : ` at ${where}`}: ${quoted(step ?? 'a step')}${code === undefined ? '' : ` ended with ${code}`}.`,
      {
        why: failure.output.length === 0 ? error : failure.output.slice(-5).join('\n'),
        todo: 'Correct the step, or the files that it reads.',
      },
    )
  }
  if (kind === 'dockerfile') {
    return new UserError(
      'build-dockerfile',
      `The Dockerfile cannot be built${where === undefined ? '' : ` (${where})`}.`,
      { why: error, todo: 'Correct the Dockerfile or the input context.' },
    )
  }
  if (kind === 'base-image') {
    return new UserError('build-base-image', 'A base image of the Dockerfile cannot be pulled.', {
      why: error,
      todo: 'Check its name and that this runner may pull it.',
    })
  }
  if (kind === 'builder') {
    return new RemoteError('build-builder', 'The builder does not answer.', {
      why: error,
      todo: 'Start Docker, or set a builder up with docker/setup-buildx-action before this step.',
    })
  }
  return new RemoteError('build-failed', 'The build failed.', {
    why: error,
    todo: 'See the last lines of the build above.',
  })
}

function explainPush(error: string, image: string): SlipwayError {
  const repository = image.replace(/^[^/]+\//, '').replace(/[:@].*$/, '')
  if (/immutable|tag[ _]invalid|already exists/i.test(error)) {
    return new UserError(
      'ecr-tag-immutable',
      `The push to "${repository}" was refused: a tag exists and names another image.`,
      {
        why: error,
        todo: 'Use a tag that names this commit, or exclude the tag from immutability.',
      },
    )
  }
  if (/name[ _]unknown|repository .*does not exist|404 not found/i.test(error)) {
    return new UserError('ecr-repository-missing', `The ECR repository "${repository}" does not exist.`, {
      why: error,
      todo: 'Create it first, or correct the inputs repository and region.',
    })
  }
  if (/\b40[13]\b|denied|unauthorized|authorization|no basic auth/i.test(error)) {
    return new DeniedError('push-denied', `The role may not push to "${repository}".`, {
      why: error,
      todo: 'Allow ecr:InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload, BatchCheckLayerAvailability, PutImage and BatchGetImage on it.',
    })
  }
  return new RemoteError('push-failed', `The push to "${repository}" failed.`, {
    why: error,
    todo: 'Run the job again; a re-run goes on where this one stopped.',
  })
}

function lastError(lines: readonly string[]): string {
  const last =
    lines.findLast(line => /^\s*(ERROR|error):/.test(line)) ??
    lines.findLast(line => line.trim() !== '') ??
    'no message'
  return last
    .trim()
    .replace(/^(ERROR|error): /, '')
    .replace(/^(failed to build: )?(failed to solve: )?/, '')
}

/**
 * The block between two dashed lines that BuildKit prints last:
 * ` > [stage 2/3] RUN npm ci:` and, under it, the tail of what the step printed.
 */
function failedStep(lines: readonly string[]): { readonly step?: string; readonly output: readonly string[] } {
  const at = lines.findLastIndex(line => line.startsWith(' > '))
  const heading = lines[at]
  if (heading === undefined) return { output: [] }
  const end = lines.findIndex((line, index) => index > at && /^-{3,}$/.test(line))
  const step = heading
    .slice(3)
    .replace(/:$/, '')
    .replace(/^\[[^\]]*\] /, '')
  const output = lines.slice(at + 1, end < 0 ? undefined : end).map(line => line.replace(/^\d+\.\d+ /, ''))
  return { step, output: output.filter(line => line.trim() !== '').slice(-20) }
}

function kindOf(error: string, step: string | undefined): BuildFailure['kind'] {
  if (
    /failed to push|failed to copy|pushing|failed commit on ref|tag invalid|unexpected status.*(PUT|POST|HEAD) request/i.test(
      error,
    )
  )
    return 'push'
  if (
    /did not complete successfully|failed to compute cache key|failed to calculate checksum|executor failed running/i.test(
      error,
    )
  )
    return 'step'
  if (
    /dockerfile parse error|failed to read dockerfile|unknown instruction|failed to process|circular dependency|target stage/i.test(
      error,
    )
  )
    return 'dockerfile'
  if (
    /failed to resolve source metadata|pull access denied|failed to (fetch|resolve).*(oauth|reference|manifest)|failed to load metadata/i.test(
      error,
    )
  )
    return 'base-image'
  if (
    /cannot connect to the docker daemon|no builder|failed to initialize builder|failed to dial|connection refused|is the docker daemon running|deadline exceeded.*(client|listing)/i.test(
      error,
    )
  ) {
    return 'builder'
  }
  return step?.startsWith('exporting to image') === true
    ? 'push'
    : step !== undefined && /^(RUN|COPY|ADD)\b/.test(step)
      ? 'step'
      : 'other'
}

/** BuildKit itself repeats 5xx only: overload and broken connections end a push although it could go on. */
function isTransient(error: string): boolean {
  return /\b(429|500|502|503|504)\b|toomanyrequests|too many requests|\bEOF\b|connection reset|broken pipe|i\/o timeout|TLS handshake|blob upload (unknown|invalid)/i.test(
    error,
  )
}

function quoted(text: string): string {
  return `"${text.length > 120 ? `${text.slice(0, 119)}…` : text}"`
}
