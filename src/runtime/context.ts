import type { Clock } from './clock.ts'
import type { Place } from './errors.ts'
import type { AwsFiles } from './aws-files.ts'
import type { LoginFiles } from './login-files.ts'

/** Where a run's words go. Every text is masked and has workflow commands neutralised before it is printed. */
export interface Log {
  info(text: string): void
  /** `place` makes it an annotation of that line. */
  warn(text: string, place?: Place): void
  /** Shown when the runner's debug logging is on. */
  debug(text: string): void
  /** A fold in the log around `work`; closed on errors too. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
}

/** What started this run, from GITHUB_* variables and the event file. */
export interface GitHubRun {
  /** `acme/shop` */
  readonly repository: string
  readonly sha: string
  /** `refs/heads/main` */
  readonly ref: string
  readonly eventName: string
  /** Branch that a pull request is for; absent for any other run. */
  readonly baseRef?: string
  /** Number of that pull request. */
  readonly pullRequest?: number
  /** Commit at the head of that pull request; `sha` is its merge into the base branch then. */
  readonly headSha?: string
  readonly actor: string
  readonly workflow: string
  readonly runId: string
  readonly runAttempt: string
  readonly job: string
  /** `https://api.github.com`, or that of an own GitHub server. */
  readonly apiUrl: string
  /** Web page of this run. */
  readonly runUrl: string
  /** True for pull requests from a fork: no OIDC token, no secrets. */
  readonly fromFork: boolean
}

/** GitHub's OIDC token endpoint of this job. */
export interface OidcSource {
  /** False when the job has no `id-token: write` permission. */
  readonly available: boolean
  /** A fresh JSON Web Token (RS256) for `audience`. Masked before it is returned. */
  token(audience: string, signal?: AbortSignal): Promise<string>
}

/** AWS credentials in the environment of this step, from an earlier one or from the runner's owner. */
export interface AmbientCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface ExecOptions {
  readonly cwd?: string
  /** Added to (or, with undefined, taken from) the process's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to standard input, which is then closed. */
  readonly input?: string
  readonly signal?: AbortSignal
  /** Called for each line of standard output and standard error as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface ExecResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program without a shell. Does not throw on a non-zero exit code; throws UserError when there is no such program. */
export type Exec = (command: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>

/** A program that tools of later steps call: it stays where it is as long as the job runs. */
export interface HelperProgram {
  /** Path of the Node.js that runs this step. */
  readonly node: string
  readonly script: string
}

/** The world as an action sees it: all that is not an input. Only runtime/ makes one. */
export interface Context {
  readonly clock: Clock
  readonly log: Log
  readonly github: GitHubRun
  readonly oidc: OidcSource
  /** Absent when the environment has none. Not masked: whoever uses them masks them first. */
  readonly ambientCredentials?: AmbientCredentials
  readonly exec: Exec
  /** Aborts when the job is cancelled (SIGINT, SIGTERM). */
  readonly signal: AbortSignal
  /** The runner's temporary folder; emptied after the job. */
  readonly tempFolder: string
  /** The checkout that the job works on. */
  readonly workspace: string
  /** Where the tools of this job look for registry logins. */
  readonly loginFiles: LoginFiles
  /** Where they look for AWS credentials and clusters. */
  readonly awsFiles: AwsFiles
  /** The program that brings credentials to later steps. */
  readonly helper: HelperProgram
  /** Page that explains codes and causes; `#<code>` leads to one. */
  readonly troubleshooting: string
  /** Hides `secret`, and its base64 form, in everything that is printed from now on. */
  mask(secret: string): void
  /** `text` with everything hidden in it that `mask` was given, for what is written into files. */
  hide(text: string): string
  /** Uniform in [0, 1). For jitter and unique names, never for secrets. */
  random(): number
}
