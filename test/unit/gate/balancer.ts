import type { Target, TargetHealth } from '../../../src/rollout/model.ts'
import { object } from '../../support/objects.ts'
import { image, running, Story } from './story.ts'

const arn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/k8s-shop-api-0a1b2c3d4e/73e2d6bc24d8a067'
const labels = { app: 'api' }

export const service = (selector: object = labels) => ({
  ...object('Service', 'api', { namespace: 'shop', uid: 'service' }),
  spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'web' }] },
})
export const binding = (spec: object = {}) => ({
  ...object('TargetGroupBinding', 'k8s-api', { namespace: 'shop', uid: 'tgb' }, 'elbv2.k8s.aws/v1beta1'),
  spec: { targetGroupARN: arn, targetType: 'ip', serviceRef: { name: 'api', port: 80 }, ...spec },
})
const containers = [{ name: 'api', image, ports: [{ name: 'web', containerPort: 8000 }] }]

export const healthy: Partial<Target> = { state: 'healthy' }
export const refused: Partial<Target> = {
  state: 'unhealthy',
  reason: 'Target.ResponseCodeMismatch',
  description: 'Health checks failed with these codes: [500]',
}

/** A load balancer that looks at its targets when it is asked. */
export class Balancer implements TargetHealth {
  readonly states = new Map<string, Partial<Target>>()
  /** Instants of the questions. */
  readonly asked: number[] = []
  failure: Error | undefined
  readonly #story: Story

  constructor(story: Story) {
    this.#story = story
  }

  async read() {
    this.asked.push(this.#story.time.now())
    if (this.failure !== undefined) throw this.failure
    const targets = [...this.states].map(([address, state]): Target => ({
      address,
      port: 8000,
      state: 'initial',
      ...state,
    }))
    return { targets, patienceMs: 30_000 }
  }
}

/** A workload behind a load balancer, whose pods run from second 2 on. */
export function behindBalancer(
  pods: readonly string[] = ['a'],
  more: { binding?: object; service?: object; upAt?: number } = {},
) {
  const story = new Story({ replicas: pods.length, spec: { template: { metadata: { labels }, spec: { containers } } } })
  const balancer = new Balancer(story)
  story.targets = balancer
  story.cluster.put(service(more.service))
  story.cluster.put(binding(more.binding))
  story.at(1, () => story.observed())
  for (const [index, name] of pods.entries()) story.at(more.upAt ?? 2, () => serve(story, name, index + 1))
  return { story, balancer }
}

export const address = (index: number): string => `10.0.0.${index}`

export function serve(story: Story, name: string, index: number, state = running(story), node = `node-${index}`): void {
  story.pod(name, [state], { containers, node }, { metadata: { labels }, status: { podIP: address(index) } })
}
