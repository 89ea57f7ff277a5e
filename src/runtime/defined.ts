/** The entries of `record` whose value is not undefined: optional inputs become absent properties. */
export function defined<T extends object>(
  record: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} {
  // Object.fromEntries cannot keep the types of the keys; they follow from `record`.
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >
}
