import type { KubeObject } from '../../src/kubernetes/model.ts'
import { namespace } from './api-server.ts'
import { isOverAt, type MissingConfig } from './blueprint.ts'

export const configName = 'late'

/** The kubelet's words for it. */
export function textOf({ as, kind, key }: MissingConfig): string {
  const word = kind.toLowerCase()
  if (key !== undefined && as === 'env') return `couldn't find key ${key} in ${kind} ${namespace}/${configName}`
  const text = key === undefined ? `${word} "${configName}" not found` : missingKey(kind, key)
  return as === 'env' ? text : `MountVolume.SetUp failed for volume "late" : ${text}`
}

const missingKey = (kind: string, key: string): string =>
  kind === 'Secret'
    ? `references non-existent secret key: ${key}`
    : `configmap references non-existent config key: ${key}`

/** What of a pod's spec names it: part of the container, and volumes of the pod. */
export function referenceTo(config: MissingConfig | undefined): { readonly container: object; readonly pod: object } {
  if (config === undefined) return { container: {}, pod: {} }
  const { as, kind, key } = config
  const isSecret = kind === 'Secret'
  if (as === 'env') {
    if (key === undefined)
      return { container: { envFrom: [{ [isSecret ? 'secretRef' : 'configMapRef']: { name: configName } }] }, pod: {} }
    const from = { [isSecret ? 'secretKeyRef' : 'configMapKeyRef']: { name: configName, key } }
    return { container: { env: [{ name: 'SETTING', valueFrom: from }] }, pod: {} }
  }
  const items = key === undefined ? {} : { items: [{ key, path: key }] }
  const volume =
    kind === 'PersistentVolumeClaim'
      ? { persistentVolumeClaim: { claimName: configName } }
      : isSecret
        ? { secret: { secretName: configName, ...items } }
        : { configMap: { name: configName, ...items } }
  return { container: {}, pod: { volumes: [{ name: 'late', ...volume }] } }
}

/** The object as the API server has it now: without the key that is late, or not there at all. */
export function storedConfig(config: MissingConfig, seconds: number): KubeObject | undefined {
  const isThere = isOverAt(config, seconds)
  if (!isThere && config.key === undefined) return undefined
  const data = { other: '', ...(isThere && config.key !== undefined ? { [config.key]: '' } : {}) }
  return { apiVersion: 'v1', kind: config.kind, metadata: { name: configName, namespace }, data }
}
