import type { ReleaseView } from '../../../src/report/release-view.ts'

export const startedAt = Date.UTC(2026, 10, 22, 9, 0, 0)
export const commit = '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345'

export const anonymous: ReleaseView = {
  application: 'shop',
  verdict: 'healthy',
  startedAt,
  seconds: 12.34,
  timeline: [{ at: startedAt + 1200, subject: 'Deployment shop/api', says: 'applied', kind: 'change' }],
  logs: [],
  images: ['host/shop/api@sha256:1'],
  cluster: 'prod',
  namespace: 'shop',
}

export const healthy: ReleaseView = { ...anonymous, commit }

/** The release of house-style §8. */
export const crashed: ReleaseView = {
  application: 'shop',
  commit,
  verdict: 'failed',
  cause: {
    code: 'crash-loop',
    blame: 'code',
    confidence: 'certain',
    subject: 'Deployment shop/api',
    container: 'api',
    says: 'container "api" exited with 3 twice.',
    next: 'The container needs DATABASE_URL; it was in the last release\'s Secret "shop-api".',
  },
  startedAt,
  seconds: 3.1,
  timeline: [
    { at: startedAt + 100, subject: 'Deployment shop/api', says: 'applied', kind: 'change' },
    { at: startedAt + 3000, subject: 'Pod shop/api-7d9f-x2k', says: 'exited with 3', kind: 'evidence' },
    { at: startedAt + 3100, subject: 'Deployment shop/api', says: 'failed', kind: 'verdict' },
  ],
  logs: [
    { pod: 'api-7d9f-x2k', container: 'api', previous: true, lines: ['starting', 'boom: DATABASE_URL is not set'] },
  ],
  rollback: {
    verdict: 'healthy',
    startedAt: startedAt + 3200,
    seconds: 6.4,
    toRevision: 4,
    toCommit: '9d01e77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  },
  requests: { total: 312, failed: 0 },
  previous: { revision: 4, commit: '9d01e77aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' },
  revision: 5,
  cluster: 'prod',
  namespace: 'shop',
}
