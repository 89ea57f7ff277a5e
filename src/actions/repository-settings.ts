import type { Parser } from '../runtime/inputs.ts'
import { refuse, splitList } from '../runtime/parsers.ts'

export const settingsTodo =
  'Write the repositories under the key "repositories" of slipway.yaml, where editors check them as you type.'

/** Repositories as they should be: the key `repositories` of slipway.yaml as JSON. What it holds is read by the action. */
export const repositorySettings: Parser<Readonly<Record<string, unknown>>> = {
  accepts: 'JSON, as under the key `repositories` of `slipway.yaml`',
  parse(text, name) {
    const value = jsonOf(text, name)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
    throw refuse(name, `${name} is not a JSON object with names of repositories.`, settingsTodo)
  },
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse(name, `${name} is not JSON.`, settingsTodo)
  }
}

/** An image by its digest: in the repository that is named, or in any. */
export interface NamedDigest {
  readonly digest: string
  /** `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api` */
  readonly image?: string
}

/** `sha256:…`, or an image reference with one. */
export const digests: Parser<readonly NamedDigest[]> = {
  accepts: 'digests, or image references by digest (lines or commas)',
  parse: (text, name) =>
    splitList(text).map(one => {
      const [, image, digest] = /^(?:([^@\s]+)@)?(sha256:[0-9a-f]{64})$/.exec(one) ?? []
      if (digest === undefined)
        throw refuse(
          name,
          `${name} "${one}" is not the digest of an image.`,
          'Give sha256:… with 64 hexadecimal digits, or the output "image" of build-push.',
        )
      return image === undefined ? { digest } : { digest, image }
    }),
}

/** Where releases are recorded. */
export interface ReleasePlace {
  readonly cluster: string
  readonly namespace: string
  /** Absent: every application of the namespace. */
  readonly application?: string
}

/** `cluster/namespace`, or `cluster/namespace/application`. */
export const releasePlaces: Parser<readonly ReleasePlace[]> = {
  accepts: '`cluster/namespace` or `cluster/namespace/application` (lines or commas)',
  parse: (text, name) =>
    splitList(text).map(one => {
      const form = /^([0-9A-Za-z][\w-]{0,99})\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\/([\w.-]{1,63}))?$/
      const [, cluster, namespace, application] = form.exec(one) ?? []
      if (cluster === undefined || namespace === undefined)
        throw refuse(
          name,
          `${name} "${one}" does not name a cluster and a namespace.`,
          'Write cluster/namespace or cluster/namespace/application, for example prod/shop.',
        )
      return { cluster, namespace, ...(application === undefined ? {} : { application }) }
    }),
}
