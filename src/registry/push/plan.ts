import type { Descriptor, ManifestNode, PushPlan } from './model.ts'

/** What `root` needs in a registry: each blob and each manifest once, in an order in which nothing leads to nowhere. Pure. */
export function pushPlan(root: ManifestNode): PushPlan {
  const blobs = new Map<string, Descriptor>()
  const manifests = new Map<string, ManifestNode>()
  const visit = (node: ManifestNode): void => {
    for (const child of node.children) visit(child)
    for (const blob of node.blobs) blobs.set(blob.digest, blob)
    manifests.set(node.descriptor.digest, node)
  }
  visit(root)
  return {
    blobs: [...blobs.values()].toSorted((a, b) => b.size - a.size || (a.digest < b.digest ? -1 : 1)),
    manifests: [...manifests.values()],
  }
}

/** Digest of each platform of an image or an index; attestations are none. An image that does not say it is `image`. */
export function platformDigests({
  children,
  descriptor,
  platform = 'image',
}: ManifestNode): Readonly<Record<string, string>> {
  const own = children.length === 0 ? { [platform]: descriptor.digest } : {}
  return Object.assign(own, ...children.filter(({ attestation }) => !attestation).map(platformDigests)) as Record<
    string,
    string
  >
}
