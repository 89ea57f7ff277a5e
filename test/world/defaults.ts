import type { Blueprint } from './blueprint.ts'

/** A world without any trouble: the base from which others differ. */
export const calm: Blueprint = {
  seed: 1,
  kind: 'Deployment',
  replicas: 1,
  strategy: 'RollingUpdate',
  surge: 1,
  unavailable: 0,
  minReadySeconds: 0,
  backoffLimit: 2,
  probes: {},
  lives: [{ main: [{ readyAfter: 0 }] }],
  pullSeconds: 0.5,
  nodes: 2,
  room: 10,
  autoscaler: 'none',
  scaling: [],
  network: { latencyMs: [2, 40], duplicated: 0, reordered: 0, cuts: [], outages: [], hidden: [] },
  aheadMs: 0,
  gateDelayMs: 50,
  timeoutSeconds: 900,
  soakSeconds: 20,
}
