const longest = 80

/** A value of an object as a short text of one line: digests cut, the middle of what is long left out. Pure. */
export function shortText(value: unknown): string {
  return shorten(typeof value === 'string' ? value || '""' : JSON.stringify(value))
}

/** Beginning and end of a text that is too long to show. Pure. */
export function shorten(text: string): string {
  const line = text
    .replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1…')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (line.length <= longest) return line
  return `${line.slice(0, longest - 30)}…${line.slice(-29)}`
}
