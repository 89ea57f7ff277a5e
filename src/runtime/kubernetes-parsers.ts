import type { Parser } from './inputs.ts'
import { refuse, splitList } from './parsers.ts'

/** Name of an EKS cluster: letters, digits, `-` and `_`, starts with a letter or digit, at most 100. */
export const clusterName: Parser<string> = {
  accepts: 'EKS cluster name',
  parse(value, name) {
    if (/^[0-9A-Za-z][\w-]{0,99}$/.test(value)) return value
    throw refuse(
      name,
      `${name} "${value}" is not the name of an EKS cluster.`,
      'Give the name as the EKS console shows it, for example prod.',
      value.startsWith('arn:') ? 'It is an ARN.' : undefined,
    )
  },
}

/** A Kubernetes namespace: a DNS label (RFC 1123). */
export const namespace: Parser<string> = dnsLabel('Kubernetes namespace', 63)

/** Namespaces, one per line or with commas between them. */
export const namespaces: Parser<readonly string[]> = {
  accepts: 'Kubernetes namespaces (lines)',
  parse: (value, name) => splitList(value).map(one => namespace.parse(one, name)),
}

/** Name of an application; it becomes part of object names in the cluster, hence shorter than a DNS label. */
export const applicationName: Parser<string> = dnsLabel('application name', 40)

function dnsLabel(what: string, most: number): Parser<string> {
  return {
    accepts: what,
    parse(value, name) {
      if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(value) && value.length <= most) return value
      throw refuse(
        name,
        `${name} "${value}" cannot be a ${what}.`,
        `Use up to ${most} of lower-case letters, digits and "-", such as shop.`,
        /[A-Z]/.test(value) ? 'It has capital letters.' : undefined,
      )
    },
  }
}
