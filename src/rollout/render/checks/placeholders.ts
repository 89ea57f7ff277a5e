import { groupOf } from '../../../kubernetes/names.ts'
import type { KubeObject } from '../../../kubernetes/model.ts'
import { isRecord } from '../../../kubernetes/objects.ts'
import { UserError } from '../../../runtime/errors.ts'
import { valueAt } from '../../../runtime/yaml-lines.ts'
import type { Path } from '../../../runtime/yaml-lines.ts'
import type { Manifest } from '../model.ts'
import { placeIn, sayField } from '../places.ts'
import type { Doubt } from './check.ts'

/** A value that something was meant to fill in, and where it is. */
interface Leftover {
  readonly manifest: Manifest
  readonly path: Path
  /** `${IMAGE_TAG}`; what stands around it is not repeated, it may be secret. */
  readonly placeholder: string
  readonly certain: boolean
}

/** Groups whose fields we know: text there is what Kubernetes uses, not a program of its own. */
const builtIn = new Set([
  '',
  'apps',
  'autoscaling',
  'batch',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
])
/** Below these keys text belongs to somebody else: a shell, an application, a reader. */
const free = new Set<string | number>(['data', 'stringData', 'binaryData', 'command', 'args', 'description'])

const braced = /\$\{[A-Za-z_]\w*(?::?[-=?+][^}]*)?\}/
const bracedCapitals = /\$\{[A-Z_][A-Z0-9_]*(?::?[-=?+][^}]*)?\}/
/** Only at the start or after a separator: `pa$WORD` is a text of its own. */
const bare = /(?<=^|[/:@=.-])\$[A-Z][A-Z0-9_]+\b/
const template = /\{\{[^{}]*\}\}/

/**
 * `${VAR}`, `$VAR` and `{{ }}` that nothing expanded. Throws UserError where the text cannot be meant; returns the
 * doubtful: an application may expand its own environment. Data of ConfigMaps and Secrets, commands, texts of several
 * lines and the fields of custom resources are never looked into: such text is legitimate there. Pure.
 */
export function findPlaceholders(manifests: readonly Manifest[]): readonly Doubt[] {
  const found = manifests.flatMap(leftoversOf)
  const certain = found.filter(leftover => leftover.certain)
  const [first] = certain
  if (first) throw unexpanded(first, certain.length - 1)
  return found.map(({ manifest, path, placeholder }) => ({
    place: placeIn(manifest, path),
    says: `${sayField(manifest, path)} holds ${placeholder}: Kubernetes expands only $(NAME) there.`,
  }))
}

function leftoversOf(manifest: Manifest): readonly Leftover[] {
  const { object } = manifest
  return [...textsIn(object, [])].flatMap(({ path, text }) => {
    const match = inEnvironment(path) ? inValueOfVariable(text, path, object) : inField(text, path, object)
    return match === undefined ? [] : [{ manifest, path, ...match }]
  })
}

type Match = Pick<Leftover, 'placeholder' | 'certain'>

function inField(text: string, path: Path, object: KubeObject): Match | undefined {
  const patterns = patternsFor(path, object)
  if (text.includes('\n')) return undefined
  for (const pattern of patterns) {
    const [placeholder] = pattern.exec(text) ?? []
    if (placeholder !== undefined) return { placeholder, certain: true }
  }
  return undefined
}

/** What is a mistake at `path`, whatever else is true. */
function patternsFor(path: Path, object: KubeObject): readonly RegExp[] {
  const [top, second, third] = path
  if (top === 'metadata') {
    if (second !== 'annotations') return [braced, bare, template]
    // Annotations hold snippets for other programs; those write variables in small letters, or several lines.
    return third === 'kubectl.kubernetes.io/last-applied-configuration' ? [] : [bracedCapitals]
  }
  const known = builtIn.has(groupOf(object))
  if (path.at(-1) === 'image') return known ? [braced, bare, template] : [braced, bare]
  return !known || path.some(step => free.has(step)) ? [] : [braced, bare, template]
}

/** `…containers[0].env[2].value` */
function inEnvironment(path: Path): boolean {
  return path.at(-1) === 'value' && path.at(-3) === 'env'
}

/**
 * Applications expand variables of their own environment (Spring does), so that a name which the container has is
 * meant, and a text around it may be. A value that is nothing but an unknown name is a mistake.
 */
function inValueOfVariable(text: string, path: Path, object: KubeObject): Match | undefined {
  const [placeholder] = bracedCapitals.exec(text) ?? /^\$[A-Z][A-Z0-9_]+$/.exec(text) ?? []
  if (placeholder === undefined || text.includes('\n')) return undefined
  const container = valueAt(object, path.slice(0, -3))
  if (!isRecord(container)) return undefined
  const name = /\w+/.exec(placeholder)?.[0]
  const env = Array.isArray(container['env']) ? container['env'] : []
  const own = valueAt(object, [...path.slice(0, -1), 'name'])
  const defined = env.some(variable => isRecord(variable) && variable['name'] === name && variable['name'] !== own)
  if (defined) return undefined
  const whole = text === placeholder && placeholder.startsWith('${')
  return { placeholder, certain: whole && container['envFrom'] === undefined }
}

function* textsIn(value: unknown, path: Path): Generator<{ readonly path: Path; readonly text: string }> {
  if (typeof value === 'string') yield { path, text: value }
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsIn(item, [...path, index])
  else if (isRecord(value)) for (const [key, item] of Object.entries(value)) yield* textsIn(item, [...path, key])
}

function unexpanded({ manifest, path, placeholder }: Leftover, more: number): UserError {
  const others = more === 0 ? '' : ` (and ${more} more like it)`
  const isImage = path.at(-1) === 'image'
  return new UserError('placeholder-left', `${sayField(manifest, path)} still holds ${placeholder}${others}.`, {
    why: 'Nothing expanded it, and Kubernetes takes the text as it is; nothing was applied.',
    todo: isImage
      ? 'Write the name of the repository there and let the input "images" set the digest, or use Kustomize or Helm.'
      : 'Expand it in a step before (envsubst), or use Kustomize or a Helm chart.',
    place: placeIn(manifest, path),
  })
}
