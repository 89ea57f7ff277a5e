import type { EksCluster } from '../../identity/eks-cluster.ts'
import type { Instant } from '../../runtime/clock.ts'
import { RemoteError } from '../../runtime/errors.ts'
import { silenceSays, type UnreachableError } from '../errors.ts'
import type { Certificate } from './certificate.ts'

/** What is known beside the error when an API server gave no answer. */
export interface SilenceFacts {
  readonly cluster: EksCluster
  readonly region: string
  /** The proxy that the request went through. */
  readonly proxy: string | undefined
  /** The certificate that stands at the endpoint, whoever signed it; asked for after an error of TLS. */
  readonly certificate: Certificate | undefined
  readonly now: Instant
}

/** Errors behind which the way to the cluster may be closed on purpose. */
const closed: ReadonlySet<string> = new Set(['timeout', 'reset', 'silent'])
/** Errors that a proxy makes itself, before the cluster has a say. */
const ofProxy: ReadonlySet<string> = new Set(['proxy', 'dns', 'refused'])

/** Names what is between the runner and a cluster that exists. Pure. */
export function explainSilence(error: UnreachableError, facts: SilenceFacts): RemoteError {
  const { cluster, proxy } = facts
  if (proxy !== undefined && ofProxy.has(error.reason)) return inProxy(error, proxy, cluster)
  if (error.reason === 'tls') return untrusted(error, facts)
  if (!cluster.publicAccess) return insideVpc(error, facts)
  if (isRestricted(cluster) && closed.has(error.reason)) return notAdmitted(error, facts)
  if (error.reason === 'dns') return nameless(error, cluster)
  return new RemoteError('cluster-unreachable', unreachable(cluster), {
    why: `Here ${silenceSays[error.reason]} (${error.network}); EKS says that the cluster is ${cluster.status} and its endpoint public.`,
    todo: `Check that the runner may reach ${hostOf(cluster)} on port 443 (firewall, outbound rules); run again when the control plane is being updated.`,
    cause: error,
  })
}

function inProxy(error: UnreachableError, proxy: string, cluster: EksCluster): RemoteError {
  const status = /Proxy response \((\d+)\)/.exec(error.cause instanceof Error ? error.cause.message : '')?.[1]
  const says = status === undefined ? silenceSays[error.reason] : `it answers ${status} instead of opening a tunnel`
  return new RemoteError('cluster-proxy', unreachable(cluster), {
    why: `The way leads through the proxy ${proxy} (HTTPS_PROXY), and ${says}.`,
    todo: `Let the proxy open tunnels (CONNECT) to ${hostOf(cluster)}:443, or name that host in NO_PROXY where the runner reaches it without.`,
    cause: error,
  })
}

/** The CA is that of DescribeCluster, so a certificate of another one is not the cluster's. */
function untrusted(error: UnreachableError, facts: SilenceFacts): RemoteError {
  const { cluster, proxy, certificate, now } = facts
  const { network: code } = error
  const what = unreachable(cluster)
  const advice = {
    todo: `Exempt ${hostOf(cluster)} from whatever opens TLS connections between the runner and the cluster (a proxy, a firewall): Slipway trusts the CA that EKS names and no other.`,
    cause: error,
  }
  if (/^(EPROTO|ERR_SSL)/.test(code)) {
    return new RemoteError('cluster-tls', what, {
      why: `What answers there speaks no TLS that the runner understands (${code}).`,
      ...advice,
    })
  }
  if (certificate !== undefined && now < certificate.validFrom) {
    return new RemoteError('clock-skew', what, {
      why: `Its certificate is valid from ${said(certificate.validFrom)} on, and the clock of this runner says ${said(now)}.`,
      todo: 'Set the clock of the runner by NTP (chronyc makestep, or timedatectl set-ntp true).',
      cause: error,
    })
  }
  if (certificate !== undefined && certificate.validTo < now) {
    return new RemoteError('cluster-tls', what, {
      why: `The certificate there, issued by "${certificate.issuer}", ended at ${said(certificate.validTo)}.`,
      ...advice,
    })
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new RemoteError('cluster-tls', what, {
      why: `The certificate there is for ${certificate?.subject ?? 'another host'}, not for the cluster.`,
      ...advice,
    })
  }
  const by =
    certificate === undefined
      ? proxy === undefined
        ? ''
        : `, and the way leads through the proxy ${proxy}`
      : `, but by "${certificate.issuer}"`
  return new RemoteError('cluster-tls', what, {
    why: `The certificate there was not issued by the CA that EKS names for this cluster${by} (${code}).`,
    ...advice,
  })
}

function insideVpc(error: UnreachableError, { cluster, region }: SilenceFacts): RemoteError {
  const { name, vpc, securityGroup } = cluster
  return new RemoteError('cluster-private', unreachable(cluster), {
    why: `Its endpoint is private: it answers inside VPC ${vpc ?? '(unnamed)'} only, and here ${silenceSays[error.reason]}.`,
    todo: `Use a runner inside that VPC (self-hosted, or hosted by CodeBuild) that its security group ${securityGroup ?? ''} admits on port 443; or open the endpoint: aws eks update-cluster-config --name ${name} --region ${region} --resources-vpc-config endpointPublicAccess=true,publicAccessCidrs=ADDRESS/32`,
    cause: error,
  })
}

function notAdmitted(error: UnreachableError, { cluster, region }: SilenceFacts): RemoteError {
  const { name, publicCidrs } = cluster
  return new RemoteError('cluster-cidr', unreachable(cluster), {
    why: `Its public endpoint admits ${publicCidrs.join(', ')} only, and here ${silenceSays[error.reason]}.`,
    todo: `Use a runner with an address in there, or admit this one's, which \`curl https://checkip.amazonaws.com\` shows: aws eks update-cluster-config --name ${name} --region ${region} --resources-vpc-config publicAccessCidrs=${publicCidrs.join(',')},ADDRESS/32`,
    cause: error,
  })
}

function nameless(error: UnreachableError, cluster: EksCluster): RemoteError {
  const host = hostOf(cluster)
  return new RemoteError('cluster-dns', unreachable(cluster), {
    why: `The resolver of this runner does not know the name ${host} (${error.network}).`,
    todo: `Let it ask a DNS that knows the names of AWS, or that of the VPC; \`getent hosts ${host}\` on the runner shows when it does.`,
    cause: error,
  })
}

function unreachable({ name, endpoint }: EksCluster): string {
  return `The API server of cluster "${name}" cannot be reached at ${endpoint}.`
}

function isRestricted({ publicCidrs }: EksCluster): boolean {
  return publicCidrs.length > 0 && !publicCidrs.includes('0.0.0.0/0')
}

function hostOf({ endpoint }: EksCluster): string {
  return new URL(endpoint).hostname
}

/** `2026-11-02 09:30:00Z` */
export function said(instant: Instant): string {
  return new Date(instant).toISOString().replace('T', ' ').replace(/\.\d+/, '')
}
