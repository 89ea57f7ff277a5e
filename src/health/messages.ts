import type { CauseCode } from './causes.ts'
import type { EvidenceClass } from './model.ts'

/** What a text of the kubelet, a runtime or a controller means. Tables, because the texts differ by version. */
interface Reading {
  readonly code: CauseCode
  readonly class?: EvidenceClass
  readonly patienceMs?: number
  /** What the text names, for a second source to look up. */
  readonly facts?: Readonly<Record<string, string>>
}

interface Row extends Reading {
  readonly matches: RegExp
}

/**
 * Texts of failed pulls. Order matters: Docker Hub answers "pull access denied, repository does not exist or may
 * require authorization" for both, so refusal is looked for first. A refusal or a network error of an existing
 * image has recovered by itself in the field (kubernetes#83348), so those wait.
 */
const pullTexts: readonly Row[] = [
  {
    matches: /no match for platform|no matching manifest|no image found in (manifest list|image index)/i,
    code: 'image-wrong-platform',
  },
  {
    matches: /\b40[13]\b|unauthorized|denied|forbidden|authorization failed|no basic auth|credentials/i,
    code: 'image-pull-denied',
  },
  {
    matches: /not ?found|manifest unknown|name unknown|MANIFEST_UNKNOWN|NAME_UNKNOWN|does not exist/i,
    code: 'image-not-found',
  },
]

/** The image's own name is taken out first: it may hold any word. */
export function readPull(reason: string, message: string, image: string): Reading {
  if (reason === 'InvalidImageName') return { code: 'invalid-image-name' }
  if (reason === 'ErrImageNeverPull') return { code: 'image-never-pull' }
  const text = withoutImage(message, image)
  return pullTexts.find(({ matches }) => matches.test(text)) ?? { code: 'image-pull-failing' }
}

function withoutImage(message: string, image: string): string {
  const repository = image.replace(/[@:][^/]*$/, '')
  return [image, repository].filter(part => part !== '').reduce((text, part) => text.replaceAll(part, ' '), message)
}

/** Reasons by which a container waits for its image. */
export const pullReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])

/** Texts of starts that failed for a passing reason: the runtime was busy, or the kubelet's cache was not filled yet. */
const passingStarts =
  /failed to sync .* cache|context deadline exceeded|is reserved for|i\/o timeout|connection refused|timed out/i

/** Texts of `CreateContainerConfigError`. The first is the kubelet's answer while its cache of Secrets is cold. */
const configTexts: readonly Row[] = [
  { matches: /runAsNonRoot|non-numeric user/i, code: 'run-as-root' },
  { matches: /not found|couldn't find key|non-existent|references non-existent/i, code: 'config-missing' },
]

/** The state of a container that was not even created or started; undefined for states that are just on the way. */
export function readStart(reason: string, message: string): Reading | undefined {
  switch (reason) {
    case 'CreateContainerConfigError': {
      if (passingStarts.test(message)) return undefined
      const { code } = configTexts.find(({ matches }) => matches.test(message)) ?? { code: 'start-error' as const }
      return code === 'config-missing' ? { code, ...referenceIn(message) } : { code }
    }
    case 'CreateContainerError':
    case 'RunContainerError':
    case 'PostStartHookError':
    case 'PreCreateHookError':
    case 'PreStartHookError':
      if (/exec format error/i.test(message)) return { code: 'image-wrong-platform' }
      return passingStarts.test(message)
        ? { code: 'start-error', class: 'C', patienceMs: 120_000 }
        : { code: 'start-error' }
    default:
      return undefined
  }
}

/**
 * What a text says is missing: `secret "shop-api" not found`, `couldn't find key url in Secret shop/shop-api`.
 * `references non-existent secret key: url` names no Secret.
 */
function referenceIn(message: string): Pick<Reading, 'facts'> {
  const key = /couldn't find key (\S+) in (secret|configmap) (?:[^/\s]+\/)?([\w.-]+)/i.exec(message)
  if (key !== null) return { facts: { missing: kindOf(key[2]), name: key[3] ?? '', key: key[1] ?? '' } }
  const whole = /(secret|configmap) "([^"]+)" not found/i.exec(message)
  return whole === null ? {} : { facts: { missing: kindOf(whole[1]), name: whole[2] ?? '' } }
}

const kindOf = (word: string | undefined): string => (word?.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap')

const createTexts: readonly Row[] = [
  { matches: /exceeded quota|must specify limits|must specify requests/i, code: 'quota-exceeded' },
  { matches: /violates PodSecurity/i, code: 'pod-security' },
  { matches: /serviceaccount .*not found|service account .*not found/i, code: 'service-account-missing' },
  { matches: /failed calling webhook|failed to call webhook/i, code: 'webhook-failing' },
  { matches: /denied the request|admission webhook|ValidatingAdmissionPolicy/i, code: 'admission-denied' },
]

/** Why a controller could not create a pod (`FailedCreate`). */
export function readCreate(message: string): Reading {
  return createTexts.find(({ matches }) => matches.test(message)) ?? { code: 'create-refused' }
}

/** Why a volume could not be mounted (events `FailedMount`, `FailedAttachVolume`). */
export function readMount(message: string): Reading {
  if (passingStarts.test(message) && !/not found/i.test(message)) return { code: 'volume-failing' }
  if (/(secret|configmap) .*not found|references non-existent (secret|config) key/i.test(message))
    return { code: 'config-missing', patienceMs: 30_000, ...referenceIn(message) }
  return /not found|does not exist/i.test(message) ? { code: 'volume-missing' } : { code: 'volume-failing' }
}

/** Texts of pod networks that have run out: the VPC CNI's, those of other plugins' IPAM, and EC2's own. */
const noAddress =
  /failed to assign an IP address|no (available|free|more) (ip )?(addresses|ips)|no IP addresses available|InsufficientFreeAddresses/i

/** Why a node could not set up a pod (event `FailedCreatePodSandBox`). */
export function readSandbox(message: string): CauseCode {
  return noAddress.test(message) ? 'ip-exhaustion' : 'sandbox-failing'
}

/** What the scheduler says of a node in another zone than the volume; the second since about 1.33. */
const elsewhere = /volume node affinity conflict|PersistentVolume's node affinity/i

/**
 * `0/4 nodes are available: 1 node(s) had untolerated taint {…}, 3 node(s) had volume node affinity conflict`: no node in
 * the zone of the volume takes the pod. Where one would, were there room (`Insufficient cpu`), room is the cause.
 */
export function isZoneConflict(message: string): boolean {
  return elsewhere.test(message) && !/Insufficient |Too many pods/i.test(message)
}
