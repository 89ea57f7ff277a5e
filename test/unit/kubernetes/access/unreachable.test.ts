import { describe, expect, test } from '@jest/globals'
import type { EksCluster } from '../../../../src/identity/eks-cluster.ts'
import type { Certificate } from '../../../../src/kubernetes/access/certificate.ts'
import { explainSilence } from '../../../../src/kubernetes/access/unreachable.ts'
import { silenceReasonOf, UnreachableError } from '../../../../src/kubernetes/errors.ts'

const now = Date.UTC(2026, 10, 2, 9, 30)
const open: EksCluster = {
  name: 'prod',
  endpoint: 'https://abc.eks.amazonaws.com',
  ca: 'PEM',
  status: 'ACTIVE',
  publicAccess: true,
  publicCidrs: ['0.0.0.0/0'],
  vpc: 'vpc-1',
  securityGroup: 'sg-1',
}
const restricted = { ...open, publicCidrs: ['10.0.0.0/8', '192.0.2.0/24'] }
const hidden = { ...open, publicAccess: false }
const corporate: Certificate = {
  subject: 'abc.eks.amazonaws.com',
  issuer: 'Corp Proxy CA',
  validFrom: now - 86_400_000,
  validTo: now + 86_400_000,
}

/** An error as Node and undici throw it. */
function silence(code: string, message = code): UnreachableError {
  const thrown = Object.assign(new Error(message), { code })
  return new UnreachableError(open.endpoint, silenceReasonOf(thrown), thrown)
}

interface Facts {
  readonly cluster?: EksCluster
  readonly proxy?: string
  readonly certificate?: Certificate
}

const explain = (error: UnreachableError, { cluster = open, proxy, certificate }: Facts = {}) =>
  explainSilence(error, { cluster, region: 'eu-west-1', proxy, certificate, now })

const proxy = 'http://proxy.corp:3128'
const byTunnel = silence('UND_ERR_ABORTED', 'Proxy response (403) !== 200 when HTTP Tunneling')

describe('a cluster that does not answer', () => {
  test.each<[string, UnreachableError, Facts, string, RegExp, RegExp]>([
    [
      'a private endpoint that times out',
      silence('UND_ERR_CONNECT_TIMEOUT'),
      { cluster: hidden },
      'cluster-private',
      /inside VPC vpc-1 only/,
      /sg-1.*endpointPublicAccess=true/,
    ],
    [
      'a private endpoint that no DNS knows',
      silence('ENOTFOUND'),
      { cluster: hidden },
      'cluster-private',
      /cannot be resolved/,
      /CodeBuild/,
    ],
    [
      'a public endpoint for few',
      silence('UND_ERR_CONNECT_TIMEOUT'),
      { cluster: restricted },
      'cluster-cidr',
      /admits 10\.0\.0\.0\/8, 192\.0\.2\.0\/24 only/,
      /publicAccessCidrs=10\.0\.0\.0\/8,192\.0\.2\.0\/24,ADDRESS\/32/,
    ],
    [
      'a public endpoint for few that refuses',
      silence('ECONNREFUSED'),
      { cluster: restricted },
      'cluster-unreachable',
      /refuses connections \(ECONNREFUSED\)/,
      /port 443/,
    ],
    [
      'a name that is not known',
      silence('ENOTFOUND'),
      {},
      'cluster-dns',
      /abc\.eks\.amazonaws\.com \(ENOTFOUND\)/,
      /getent hosts abc\.eks\.amazonaws\.com/,
    ],
    [
      'an endpoint that is silent',
      silence('UND_ERR_HEADERS_TIMEOUT'),
      {},
      'cluster-unreachable',
      /never answered.*ACTIVE/,
      /run again/,
    ],
    [
      'a certificate of a proxy',
      silence('SELF_SIGNED_CERT_IN_CHAIN'),
      { certificate: corporate },
      'cluster-tls',
      /not issued by the CA that EKS names.*"Corp Proxy CA"/,
      /Exempt abc\.eks\.amazonaws\.com/,
    ],
    [
      'a certificate that could not be looked at',
      silence('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      {},
      'cluster-tls',
      /not issued by the CA that EKS names for this cluster \(UNABLE/,
      /Exempt/,
    ],
    [
      'a certificate for another host',
      silence('ERR_TLS_CERT_ALTNAME_INVALID'),
      { certificate: { ...corporate, subject: 'portal.corp' } },
      'cluster-tls',
      /for portal\.corp, not for the cluster/,
      /Exempt/,
    ],
    [
      'a certificate that ended',
      silence('CERT_HAS_EXPIRED'),
      { certificate: { ...corporate, validTo: now - 1_000 } },
      'cluster-tls',
      /ended at 2026-11-02 09:29:59Z/,
      /Exempt/,
    ],
    [
      'a certificate that has not begun',
      silence('CERT_NOT_YET_VALID'),
      { certificate: { ...corporate, validFrom: now + 3_600_000 } },
      'clock-skew',
      /valid from 2026-11-02 10:30:00Z on.*says 2026-11-02 09:30:00Z/,
      /NTP/,
    ],
    ['something that speaks no TLS', silence('EPROTO'), {}, 'cluster-tls', /speaks no TLS/, /Exempt/],
    [
      'a proxy that opens no tunnel',
      byTunnel,
      { proxy },
      'cluster-proxy',
      /http:\/\/proxy\.corp:3128 \(HTTPS_PROXY\), and it answers 403/,
      /abc\.eks\.amazonaws\.com:443.*NO_PROXY/,
    ],
    [
      'a proxy that is not there',
      silence('ECONNREFUSED'),
      { proxy },
      'cluster-proxy',
      /refuses connections/,
      /NO_PROXY/,
    ],
    [
      'a private endpoint behind a proxy that lets through',
      silence('UND_ERR_CONNECT_TIMEOUT'),
      { proxy, cluster: hidden },
      'cluster-private',
      /inside VPC/,
      /endpointPublicAccess/,
    ],
  ])('%s', (_, error, facts, code, why, todo) => {
    expect(explain(error, facts)).toMatchObject({
      kind: 'remote',
      code,
      message: 'The API server of cluster "prod" cannot be reached at https://abc.eks.amazonaws.com.',
      why: expect.stringMatching(why),
      todo: expect.stringMatching(todo),
    })
  })
})
