import type { KubeObject } from '../../kubernetes/model.ts'
import { reworded, SlipwayError, UserError } from '../../runtime/errors.ts'
import { checkManifests } from './checks/check.ts'
import { parseManifests } from './documents.ts'
import { renderChart } from './helm.ts'
import { renderKustomization } from './kustomize.ts'
import type { Manifest, ManifestRequest, RenderPorts } from './model.ts'
import { sourceAt } from './sources.ts'
import type { Source } from './sources.ts'

/** The objects of a release as their sources have them, and where each came from. */
export interface ManifestSet {
  readonly manifests: readonly Manifest[]
  readonly objects: readonly KubeObject[]
  /** The set as it is for the version of a cluster: a chart may ask for it, so that it is rendered again. */
  forVersion(version: () => Promise<string>): Promise<ManifestSet>
}

/**
 * Reads the objects of a release: plain files and folders (with all below them), Kustomize folders and Helm charts.
 * The order of files is by name; the order of a file is kept. `List` objects are taken apart.
 * Throws UserError naming file and line when something is missing, is no YAML, is no object, cannot be rendered, or
 * cannot be meant (see checks/). What is only doubtful is a warning at its line.
 */
export async function readManifests(request: ManifestRequest, ports: RenderPorts): Promise<ManifestSet> {
  try {
    return await setOf(request, ports)
  } catch (thrown) {
    throw thrown instanceof SlipwayError && !thrown.message.startsWith('input "')
      ? reworded(thrown, `input "${request.input}": ${thrown.message}`)
      : thrown
  }
}

async function setOf(request: ManifestRequest, ports: RenderPorts): Promise<ManifestSet> {
  const sources = await Promise.all(request.paths.map(path => sourceAt(path, ports.files)))
  const hasChart = sources.some(({ kind }) => kind === 'chart')
  await requireValues(request.values, hasChart, ports)
  const manifests = await readAll(sources, request, ports)
  for (const { says, place } of checkManifests(manifests, request.namespace, request.check)) ports.log.warn(says, place)
  const set: ManifestSet = {
    manifests,
    objects: manifests.map(({ object }) => object),
    forVersion: async version =>
      hasChart ? readManifests({ ...request, kubeVersion: await version() }, { ...ports, log: quiet }) : set,
  }
  return set
}

/** What is read a second time has been talked about. */
const quiet: RenderPorts['log'] = { info() {}, warn() {}, debug() {}, group: (_, work) => work() }

async function readAll(
  sources: readonly Source[],
  request: ManifestRequest,
  ports: RenderPorts,
): Promise<readonly Manifest[]> {
  const seen = new Set<string>()
  const manifests: Manifest[] = []
  for (const source of sources) manifests.push(...(await manifestsOf(source, request, ports, seen)))
  if (manifests.length > 0) return manifests
  throw new UserError('no-manifests', `there is no Kubernetes object in ${request.paths.join(', ')}.`, {
    todo: 'Name the files or folders with your *.yaml manifests, relative to the checkout.',
  })
}

function manifestsOf(
  source: Source,
  request: ManifestRequest,
  ports: RenderPorts,
  seen: Set<string>,
): Promise<readonly Manifest[]> {
  switch (source.kind) {
    case 'kustomize':
      return renderKustomization(source.folder, ports)
    case 'chart':
      return renderChart(source.path, request, ports)
    case 'plain':
      break
  }
  return readPlain(source.files, ports, seen)
}

/** A file that two entries of the input reach is read once. */
async function readPlain(
  files: readonly string[],
  ports: Pick<RenderPorts, 'files'>,
  seen: Set<string>,
): Promise<readonly Manifest[]> {
  const fresh = files.filter(file => !seen.has(normal(file)))
  for (const file of fresh) seen.add(normal(file))
  const read = await Promise.all(
    fresh.map(async file => parseManifests(await ports.files.read(file), line => ({ file, line }))),
  )
  return read.flat()
}

function normal(file: string): string {
  return file.replace(/^(\.\/)+/, '')
}

async function requireValues(values: readonly string[], hasChart: boolean, { files }: RenderPorts): Promise<void> {
  const [first] = values
  if (first === undefined) return
  if (!hasChart) {
    throw new UserError(
      'input-values',
      `input "values" names ${first}, and there is no Helm chart among the manifests.`,
      {
        why: 'Values are for the templates of a chart; plain manifests and Kustomize folders take none.',
        todo: 'Name the folder of the chart as well, or leave "values" out.',
      },
    )
  }
  for (const file of values) {
    if ((await files.kind(file)) === 'file') continue
    throw new UserError('input-values', `input "values": ${file} is not a file of the checkout.`, {
      todo: 'Check the path; it is relative to the checkout.',
    })
  }
}
