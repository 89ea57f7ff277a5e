/** 1 to 8: the image. */
import { baseImage, hosts } from '../world.ts'
import { playPods, type PlayedPod } from './kubelet.ts'
import { available, pullError, waiting } from './moments.ts'
import { deployment, missingDigest, missingTag, staged } from './objects.ts'
import { confirmedBound, healthyBound, soakSeconds, type Scenario } from './scenario.ts'
import { wrongPlatformImage, pushWrongPlatform } from './images.ts'

const healthyAfter = available('deployments', soakSeconds)

/** Pulls that fail with `message` at first, and then work. */
const pullsLater =
  (message: string) =>
  async (pod: PlayedPod): Promise<void> => {
    await pod.waits('ContainerCreating')
    await pod.pause(1)
    await pod.event('Failed', `Failed to pull image "${baseImage}": ${message}`)
    await pod.waits('ErrImagePull', message)
    await pod.pause(3)
    await pod.waits('ImagePullBackOff', `Back-off pulling image "${baseImage}": ErrImagePull: ${message}`)
    await pod.pause(12)
    await pod.waits('ErrImagePull', message)
    await pod.pause(2)
    await pod.waits('ImagePullBackOff', `Back-off pulling image "${baseImage}": ErrImagePull: ${message}`)
    await pod.pause(12)
    await pod.runs()
  }

const throttled =
  'failed to pull and unpack image: unexpected status from HEAD request to https://public.ecr.aws/v2/: 429 Too Many Requests: toomanyrequests: Rate exceeded'
const unresolved =
  'failed to do request: Head "https://public.ecr.aws/v2/": dial tcp: lookup public.ecr.aws on 10.0.0.2:53: read udp: i/o timeout'

export const imageScenarios: readonly Scenario[] = [
  {
    name: 'missing-tag',
    number: 1,
    title: 'tag missing',
    where: 'node',
    objects: ns => [deployment(ns, { container: { image: missingTag } })],
    expected: { verdict: 'failed', cause: 'image-not-found' },
    after: pullError,
    bound: 2,
  },
  {
    name: 'missing-digest',
    number: 2,
    title: 'digest missing',
    where: 'node',
    objects: ns => [deployment(ns, { container: { image: missingDigest } })],
    expected: { verdict: 'failed', cause: 'image-not-found' },
    after: pullError,
    bound: 2,
  },
  {
    name: 'wrong-platform',
    number: 3,
    title: 'image for another platform only',
    where: 'node',
    before: pushWrongPlatform,
    objects: ns => [deployment(ns, { container: { image: wrongPlatformImage } })],
    expected: { verdict: 'failed', cause: 'image-wrong-platform' },
    after: pullError,
    bound: 2,
  },
  {
    name: 'refused-pull',
    number: 4,
    title: 'the registry refuses the node (403)',
    where: 'node',
    objects: ns => [deployment(ns, { container: { image: `${hosts.registry}/restricted/vault:1` } })],
    expected: { verdict: 'stalled', cause: 'image-pull-denied' },
    after: pullError,
    bound: 122,
  },
  {
    name: 'throttled-pull',
    number: 5,
    title: '429 from the registry, then it gives the image',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage => playPods(stage, pullsLater(throttled)),
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
  {
    name: 'unresolved-registry',
    number: 6,
    title: 'timeouts of DNS, then it is there',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage => playPods(stage, pullsLater(unresolved)),
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
  {
    name: 'invalid-image-name',
    number: 7,
    title: 'InvalidImageName',
    where: 'node',
    objects: ns => [deployment(ns, { container: { image: 'Shop/API:latest' } })],
    expected: { verdict: 'failed', cause: 'invalid-image-name' },
    after: waiting(/^InvalidImageName$/, 'the kubelet says so'),
    bound: confirmedBound,
  },
  {
    name: 'slow-pull',
    number: 8,
    title: 'a pull that takes 2.5 min',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage =>
      playPods(stage, async pod => {
        await pod.waits('ContainerCreating')
        await pod.event('Pulling', `Pulling image "${baseImage}"`, 'Normal')
        await pod.pause(150)
        await pod.runs()
      }),
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
]
