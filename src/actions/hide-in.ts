/** The same data with every text in it hidden. */
export function hideIn<T>(value: T, hide: (text: string) => string): T {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return hide(inner)
    if (Array.isArray(inner)) return inner.map(walk)
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).map(([key, field]) => [key, walk(field)]))
  }
  return walk(value) as T
}
