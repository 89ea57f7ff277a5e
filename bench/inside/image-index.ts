/** The part of bench/image-index.ts that runs inside the platform: prints a JSON line per digest and who reads it how. */
import { hosts, region, roles } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startJob } from '../../test/support/job.ts'
import { pushRepository } from '../../test/support/platform-push.ts'
import { step } from '../../test/support/step.ts'

const files = { Dockerfile: 'FROM scratch\nCOPY file /file\n', file: `index ${systemClock.now()}` }
const platforms = ['linux/amd64', 'linux/arm64']
const tag = `index-${systemClock.now().toString(36)}`
const inputs = { role: roles.build, region, repository: pushRepository, platforms: platforms.join(','), tags: tag }
const built = await step('build-push', { ...inputs, reuse: 'false' }, { files, sha: shaOfNow() })
if (built.code !== 0) throw new Error(built.log.slice(-2_000))
const job = startJob()
await job.uses('ecr-login', { role: roles.build, region })
const name = `${hosts.registry}/${pushRepository}:${tag}`
const crane = async (...args: readonly string[]): Promise<string> =>
  (await job.run('crane', ['digest', ...args, name])).stdout.trim()

interface Listed {
  readonly digest: string
  readonly platform?: { readonly os: string; readonly architecture: string }
  readonly annotations?: Readonly<Record<string, string>>
}
const inspected = await job.run('buildx', ['imagetools', 'inspect', '--format', '{{json .Manifest}}', name])
const { digest, manifests } = JSON.parse(inspected.stdout) as {
  readonly digest: string
  readonly manifests: readonly Listed[]
}
const ours = JSON.parse(built.outputs['digests'] ?? '{}') as Readonly<Record<string, string>>
say('index', { slipway: built.outputs['digest'], crane: await crane(), buildx: digest })
for (const platform of platforms) {
  const listed = manifests.find(one => `${one.platform?.os}/${one.platform?.architecture}` === platform)
  say(platform, { slipway: ours[platform], crane: await crane('--platform', platform), buildx: listed?.digest })
}
// Every platform has an attestation, and each says to whom it belongs.
for (const platform of platforms) {
  const of = manifests.flatMap(({ annotations = {} }) => annotations['vnd.docker.reference.digest'] ?? [])
  const target = of.find(one => one === ours[platform])
  say(`provenance of ${platform}`, { slipway: ours[platform], buildx: target })
}
job.remove()

function say(what: string, read: Readonly<Record<string, string | undefined>>): void {
  console.log(JSON.stringify({ what, read: Object.entries(read).map(([who, one]) => [who, one ?? 'nothing']) }))
}

/** A commit of its own: forty digits. */
function shaOfNow(): string {
  return systemClock.now().toString(16).padStart(40, 'a')
}
