/** Whether `text` is what `pattern` describes, whole and with its case: `*` is any text without a slash, `**` any text. */
export function pathMatches(pattern: string, text: string): boolean {
  return matches(pattern, /(\*\*\/?|\*)/, text)
}

/** The same for names, in which a slash is nothing special (`@scope/name`, `github.com/…`): `*` is any text. */
export function anyTextMatches(pattern: string, text: string): boolean {
  return matches(pattern.replaceAll(/\*+/g, '**'), /(\*\*)/, text)
}

const wild: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*' }

function matches(pattern: string, splitter: RegExp, text: string): boolean {
  const parts = pattern
    .split(splitter)
    .map(part => wild[part] ?? part.replaceAll(/[\\^$.|?+()[\]{}*]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('')}$`, 's').test(text)
}
