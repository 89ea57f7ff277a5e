/** A replacer for JSON.stringify. */
export type Veil = (key: string, value: unknown) => unknown

/** `kubectl apply` keeps the whole object there a second time, values of Secrets and all. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Lists whose items have a `value` that may be a secret. */
const named = new Set(['env', 'httpHeaders'])
/** Lists of texts that may hold a secret. */
const words = new Set(['command', 'args'])
/** What Secret, ConfigMap and the like carry. */
const contents = new Set(['data', 'stringData', 'binaryData', 'encryptedData'])

/**
 * Takes out of Kubernetes objects what the gate does not read and what may be secret: values of environment variables
 * and headers, words of commands, contents of Secrets and ConfigMaps. Each value becomes a number of its own, the same
 * wherever the value is the same: whether two templates are alike can still be told, and nothing else.
 */
export function createVeil(): Veil {
  const numbers = new Map<string, number>()
  const veiled = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const number = numbers.get(value) ?? numbers.size + 1
      numbers.set(value, number)
      return `value ${number}`
    }
    if (Array.isArray(value)) return value.map(veiled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, veiled(inner)]))
  }
  return (key, value) => {
    if (key === lastApplied) return undefined
    if (Array.isArray(value)) {
      if (words.has(key)) return value.map(veiled)
      return named.has(key) ? value.map(item => withVeiledValue(item, veiled)) : value
    }
    return contents.has(key) && typeof value === 'object' ? veiled(value) : value
  }
}

function withVeiledValue(item: unknown, veiled: (value: unknown) => unknown): unknown {
  if (typeof item !== 'object' || item === null || !('value' in item)) return item
  return { ...item, value: veiled(item.value) }
}
