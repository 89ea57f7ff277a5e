/** The platform's API server through the project's own client, as its administrator. For use inside the platform. */
import { readFile } from 'node:fs/promises'
import { createCluster, type ClusterClient } from '../src/kubernetes/client.ts'
import { readKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import type { ImageCheck } from '../src/rollout/model.ts'
import type { Log } from '../src/runtime/context.ts'
import { systemClock } from '../src/runtime/system-clock.ts'
import { ports } from './world.ts'

export const quiet: Log = {
  info: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
  group: (_title, work) => work(),
}

export async function connectAsAdmin(kubeconfig: string): Promise<ClusterClient> {
  const connection = await readKubeconfig(await readFile(kubeconfig, 'utf8'), path => readFile(path, 'utf8'))
  return createCluster({ ...connection, clock: systemClock, random: Math.random, log: quiet })
}

/** The platform's registry as second source for images of `public.ecr.aws`, which it serves without the host name. */
export const localRegistry: ImageCheck = {
  async check(image, signal) {
    const [, repository, tag] = /^public\.ecr\.aws\/([^:@]+)[:@](.+)$/.exec(image) ?? []
    if (repository === undefined || tag === undefined) return 'unknown'
    const accept =
      'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
    const { status } = await fetch(`http://127.0.0.1:${ports.registry}/v2/${repository}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { accept },
      ...(signal === undefined ? {} : { signal }),
    })
    return status === 200 ? 'present' : status === 404 ? 'absent' : 'unknown'
  },
}
