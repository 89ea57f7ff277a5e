import type { Parser } from './inputs.ts'
import { nearest } from './nearest.ts'
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

/** A workload as `kubectl` names it, taken apart. */
export interface NamedWorkload {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
}

const kindWords: Readonly<Record<string, Omit<NamedWorkload, 'name'>>> = {
  deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulset: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonset: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  job: { apiVersion: 'batch/v1', kind: 'Job' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  service: { apiVersion: 'v1', kind: 'Service' },
  ingress: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  persistentvolumeclaim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
}
const shortKinds: Readonly<Record<string, string>> = {
  deploy: 'deployment',
  sts: 'statefulset',
  ds: 'daemonset',
  po: 'pod',
  svc: 'service',
  ing: 'ingress',
  pvc: 'persistentvolumeclaim',
}

/** `deployment/api, sts/db`: kind and name as kubectl takes them, one per line or between commas. */
export const workloads: Parser<readonly NamedWorkload[]> = {
  accepts: '`kind/name` (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(one => {
      const [word = '', object = '', ...rest] = one.split('/')
      const singular = shortKinds[word.toLowerCase()] ?? word.toLowerCase().replace(/(?<=ss)es$|s$/, '')
      const kind = kindWords[singular] ?? kindWords[word.toLowerCase()]
      if (object === '' || rest.length > 0 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(object)) {
        throw refuse(name, `${name} "${one}" is not of the form kind/name.`, 'Write for example deployment/api.')
      }
      if (kind !== undefined) return { ...kind, name: object }
      const meant = nearest(singular, Object.keys(kindWords))
      throw refuse(
        name,
        `${name} "${one}": the kind "${word}" is not known here.`,
        meant === undefined
          ? `Use one of ${Object.keys(kindWords).join(', ')}; other kinds are judged by a file of manifests.`
          : `Did you mean ${meant}/${object}?`,
      )
    }),
}

const labelKey = String.raw`(?:[\w.-]+/)?[\w.-]+`
/** `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b)`, `a`, `!a` (Kubernetes, "Labels and Selectors"). */
const requirement = String.raw`\s*(?:!\s*${labelKey}|${labelKey}(?:\s*(?:==?|!=)\s*[\w.-]*|\s+(?:in|notin)\s*\([\w\s,.-]*\))?)\s*`
const selectorForm = new RegExp(`^${requirement}(?:,${requirement})*$`)

/** A label selector, as `kubectl -l` takes it. What it means is for the API server to say. */
export const labelSelector: Parser<string> = {
  accepts: 'label selector',
  parse(value, name) {
    const selector = value.trim()
    // Without a label it would select everything that is there.
    if (selectorForm.test(selector)) return selector
    throw refuse(name, `${name} "${value}" is not a label selector.`, 'Write for example app=api,tier!=test.')
  },
}

/** Name of a Helm release: a DNS name of at most 53 characters (Helm's own rule). */
export const helmRelease: Parser<string> = {
  accepts: 'name of a Helm release',
  parse(value, name) {
    if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value) && value.length <= 53) return value
    throw refuse(
      name,
      `${name} "${value}" is not the name of a Helm release.`,
      'Give the name as `helm list` shows it.',
    )
  },
}
