import { sayPlace, UserError } from '../../runtime/errors.ts'
import type { Place } from '../../runtime/errors.ts'
import { parseManifests } from './documents.ts'
import { withHelmHooks } from './helm-hooks.ts'
import type { Manifest, ManifestRequest, RenderPorts } from './model.ts'
import { render, type Rendering } from './program.ts'

/**
 * The objects of a Helm chart (a folder or a packaged .tgz) as `helm template` renders them, its hooks turned into
 * ours and its tests left out. Throws UserError in Helm's own words when it is missing or refuses.
 */
export async function renderChart(
  chart: string,
  request: ManifestRequest,
  ports: RenderPorts,
): Promise<readonly Manifest[]> {
  const rendering = await template(chart, request, ports)
  if (rendering === undefined) {
    throw new UserError('helm-missing', `${chart} is a Helm chart, and there is no helm here.`, {
      why: 'Slipway renders a chart with `helm template`; that program is not in PATH.',
      todo: 'Install it in a step before (azure/setup-helm does), or use a runner that has it.',
    })
  }
  if ('refusal' in rendering) throw refused(chart, rendering.refusal)
  const sources = sourceComments(rendering.text)
  const chartFile = chart.endsWith('.tgz') ? chart : `${withoutSlash(chart)}/Chart.yaml`
  const manifests = parseManifests(rendering.text, line => ({
    file: inCheckout(sourceOf(line, sources), chart) ?? chartFile,
  }))
  const placed = await withTemplateLines(manifests, chartFile, ports)
  return withHelmHooks(placed, ports.log)
}

/** Versions of Kubernetes that EKS offers (docs.aws.amazon.com/eks, November 2026), newest first. */
const offered = ['v1.36.0', 'v1.35.0', 'v1.34.0', 'v1.33.0', 'v1.32.0', 'v1.31.0', 'v1.30.0']

/**
 * Without the version of the cluster Helm takes one of its own for it, and a chart may refuse that (`kubeVersion` of
 * Chart.yaml). What the cluster's is, is not for us to say yet: any version that the chart accepts will do until then.
 */
async function template(chart: string, request: ManifestRequest, ports: RenderPorts): Promise<Rendering | undefined> {
  const first = await render('helm', argumentsFor(chart, request), ports)
  if (request.kubeVersion !== undefined || !refusesVersion(first)) return first
  for (const kubeVersion of offered) {
    const again = await render('helm', argumentsFor(chart, { ...request, kubeVersion }), ports)
    if (!refusesVersion(again)) return again
  }
  return first
}

function refusesVersion(rendering: Rendering | undefined): boolean {
  return rendering !== undefined && 'refusal' in rendering && rendering.refusal.includes('chart requires kubeVersion')
}

function argumentsFor(chart: string, { application, namespace, values, kubeVersion }: ManifestRequest): string[] {
  return [
    'template',
    ...['--namespace', namespace],
    '--include-crds',
    ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]),
    ...values.flatMap(file => ['--values', file]),
    // A path may begin with a hyphen, and one without a slash could be a chart of a repository.
    ...['--', application, /^(\.?\/|\.\.)/.test(chart) ? chart : `./${chart}`],
  ]
}

function refused(chart: string, words: string): UserError {
  const [, file, line] = /([\w./-]+\/templates\/[\w./-]+?)(?::(\d+))?(?::\d+)*[):\s]/.exec(words) ?? []
  const template = file === undefined ? undefined : inCheckout(file, chart)
  const place = template === undefined ? undefined : { file: template, ...(line ? { line: Number(line) } : {}) }
  return new UserError('helm-refused', `Helm cannot render ${place ? sayPlace(place) : chart}: ${words}`, {
    why: 'These are the words of `helm template`; nothing was applied.',
    todo: 'Correct the chart or its values; a chart with dependencies needs `helm dependency build` in a step before.',
    ...(place === undefined ? {} : { place }),
  })
}

interface SourceComment {
  readonly line: number
  readonly file: string
}

/** Helm writes `# Source: chart/templates/file.yaml` above each document. */
function sourceComments(text: string): readonly SourceComment[] {
  return text.split('\n').flatMap((line, index) => {
    const file = /^# Source: (\S.*)$/.exec(line)?.[1]
    return file === undefined ? [] : [{ line: index + 1, file }]
  })
}

function sourceOf(line: number, sources: readonly SourceComment[]): string | undefined {
  return sources.findLast(source => source.line <= line)?.file
}

/** `shop/templates/api.yaml` → `deploy/chart/templates/api.yaml`; what is inside a package stands in no file of the checkout. */
function inCheckout(source: string | undefined, chart: string): string | undefined {
  if (source === undefined || chart.endsWith('.tgz')) return undefined
  return `${withoutSlash(chart)}/${source.split('/').slice(1).join('/')}`
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '')
}

/** The line of its `kind` in the template: the first of that kind for the first object, and so on. */
async function withTemplateLines(
  manifests: readonly Manifest[],
  chartFile: string,
  { files }: RenderPorts,
): Promise<readonly Manifest[]> {
  const texts = new Map<string, string>()
  const met = new Map<string, number>()
  const placed: Manifest[] = []
  for (const { object, place } of manifests) {
    const { file } = place
    if (!texts.has(file)) texts.set(file, (await files.kind(file)) === 'file' ? await files.read(file) : '')
    const text = texts.get(file) ?? ''
    const key = `${file}|${object.kind}`
    const index = met.get(key) ?? 0
    met.set(key, index + 1)
    placed.push({ object, place: text === '' ? { file: chartFile } : placeIn(file, text, object.kind, index) })
  }
  return placed
}

/** A template that loops writes one `kind` for many objects: all of them stand there. */
function placeIn(file: string, text: string, kind: string, index: number): Place {
  const lines = text.split('\n').flatMap((line, at) => (kindOf(line) === kind ? [at + 1] : []))
  const line = lines.length === 1 ? lines[0] : lines[index]
  return line === undefined ? { file } : { file, line }
}

function kindOf(line: string): string | undefined {
  return /^kind:\s*["']?([A-Za-z]+)["']?\s*$/.exec(line)?.[1]
}
