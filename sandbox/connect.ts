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

const accepted = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** The platform's registry as second source for images of `public.ecr.aws`, which it serves without the host name. */
export const localRegistry: ImageCheck = {
  async check(image, signal, platform = 'linux/amd64') {
    const [, repository, tag] = /^public\.ecr\.aws\/([^:@]+)[:@](.+)$/.exec(image) ?? []
    if (repository === undefined || tag === undefined) return 'unknown'
    const answer = await fetch(`http://127.0.0.1:${ports.registry}/v2/${repository}/manifests/${tag}`, {
      headers: { accept: accepted },
      ...(signal === undefined ? {} : { signal }),
    })
    if (answer.status === 404) return 'absent'
    if (answer.status !== 200) return 'unknown'
    return offers((await answer.json()) as Index, platform) ? 'present' : 'no-platform'
  },
}

interface Platform {
  readonly os: string
  readonly architecture: string
}

interface Index {
  readonly manifests?: readonly { readonly platform?: Platform }[]
}

/** True unless an index names its platforms, and the one that is asked for is not among them. */
function offers({ manifests = [] }: Index, wanted: string): boolean {
  const named = manifests.flatMap(({ platform }) => platform ?? [])
  return named.length < manifests.length || named.length === 0 || named.some(platform => nameOf(platform) === wanted)
}

const nameOf = ({ os, architecture }: Platform): string => `${os}/${architecture}`
