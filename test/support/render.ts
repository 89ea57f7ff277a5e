import { checkManifests } from '../../src/rollout/render/checks/check.ts'
import type { CheckRequest, Doubt } from '../../src/rollout/render/checks/check.ts'
import { parseManifests } from '../../src/rollout/render/documents.ts'
import type { Manifest, ManifestRequest } from '../../src/rollout/render/model.ts'
import { readManifests } from '../../src/rollout/render/read-manifests.ts'
import type { ManifestSet } from '../../src/rollout/render/read-manifests.ts'
import type { Exec, ExecResult } from '../../src/runtime/context.ts'
import { UserError } from '../../src/runtime/errors.ts'
import { recordingLog } from './context.ts'
import { filesOf } from './objects.ts'

/** A program that prints `stdout`, or fails with what it wrote to standard error. */
export function prints(stdout: string, stderr = '', code = 0): ExecResult {
  return { stdout, stderr, code }
}

const usualCheck: CheckRequest = { otherNamespaces: [], timeoutMs: 900_000, soakMs: 20_000 }
const usual: Omit<ManifestRequest, 'paths'> = {
  input: 'manifests',
  values: [],
  application: 'shop',
  namespace: 'shop',
  check: usualCheck,
}

export interface Reading {
  readonly set: ManifestSet
  /** Command lines in their order. */
  readonly ran: readonly string[]
  readonly lines: readonly string[]
}

/** Reads `tree` (path → text); `programs` are those on the runner, by name. */
export async function readTree(
  paths: readonly string[],
  tree: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, ExecResult | ((line: string) => ExecResult)>> = {},
  request: Partial<ManifestRequest> = {},
): Promise<Reading> {
  const ran: string[] = []
  const exec: Exec = (command, args) => {
    const result = programs[command]
    if (!result) throw new UserError('program-missing', `There is no program "${command}".`, { todo: '-' })
    const line = [command, ...args].join(' ')
    ran.push(line)
    return Promise.resolve(typeof result === 'function' ? result(line) : result)
  }
  const log = recordingLog()
  const { signal } = new AbortController()
  const ports = { files: filesOf(tree), exec, log, workspace: '/work', signal }
  const set = await readManifests({ ...usual, paths, ...request }, ports)
  return { set, ran, lines: log.lines }
}

/** Manifests of one file, as they are. */
export function manifestsIn(text: string, file = 'k8s/api.yaml'): readonly Manifest[] {
  return parseManifests(text, line => ({ file, line }))
}

export function check(
  text: string,
  { namespace = 'shop', ...request }: Partial<CheckRequest> & { readonly namespace?: string } = {},
): readonly Doubt[] {
  return checkManifests(manifestsIn(text), namespace, { ...usualCheck, ...request })
}
