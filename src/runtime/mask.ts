/** Hides secrets in text. */
export interface Masker {
  add(secret: string): void
  apply(text: string): string
}

/** Hiding shorter ones would garble every text and protect nothing. */
const shortest = 4

/** `onSecret` hears of every text that is to be hidden, so that the runner can be told as well. */
export function createMasker(onSecret: (secret: string) => void = () => {}): Masker {
  const hidden = new Set<string>()
  let longestFirst: readonly string[] = []
  return {
    add(secret) {
      for (const form of formsOf(secret)) {
        if (form.length < shortest || hidden.has(form)) continue
        hidden.add(form)
        onSecret(form)
      }
      // A secret may contain another one: the longer goes first.
      longestFirst = [...hidden].toSorted((a, b) => b.length - a.length)
    },
    apply: text => longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text),
  }
}

/** As it is, each line of it (a log shows lines), base64, as part of a URL or of a form, and inside a JSON text. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r\n|\r|\n/).filter(line => line.trim().length >= shortest)
  const base64 = Buffer.from(secret, 'utf8').toString('base64')
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  return [secret, ...lines, base64, encodeURIComponent(secret), form, JSON.stringify(secret).slice(1, -1)]
}
