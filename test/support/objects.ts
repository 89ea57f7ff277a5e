import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { Files } from '../../src/runtime/files.ts'

/** A Deployment with one container. */
export function deployment(name: string, image = 'shop/api', extra: Partial<KubeObject> = {}): KubeObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image }] } },
    },
    ...extra,
  }
}

/** Any other object. */
export function object(
  kind: string,
  name: string,
  metadata: Partial<KubeObject['metadata']> = {},
  apiVersion = 'v1',
): KubeObject {
  return { apiVersion, kind, metadata: { ...metadata, name } }
}

/** Files in memory: path → text. */
export function filesOf(tree: Readonly<Record<string, string>>): Files {
  const paths = Object.keys(tree)
  const isFolder = (path: string): boolean => paths.some(other => other.startsWith(`${path.replace(/\/$/, '')}/`))
  return {
    kind: path => Promise.resolve(path in tree ? 'file' : isFolder(path) ? 'folder' : 'missing'),
    list(folder) {
      const prefix = `${folder.replace(/\/$/, '')}/`
      const names = paths
        .filter(path => path.startsWith(prefix))
        .map(path => path.slice(prefix.length).split('/')[0] ?? '')
      return Promise.resolve([...new Set(names)].toSorted().map(name => prefix + name))
    },
    read: path => Promise.resolve(tree[path] ?? ''),
  }
}
