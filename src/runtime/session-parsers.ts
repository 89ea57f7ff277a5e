import { roleArn } from './aws-parsers.ts'
import type { Parser } from './inputs.ts'
import { refuse, splitLines, splitList } from './parsers.ts'

/** Parsers of inputs that say what a session of STS is to be. Limits are those of the STS API reference. */

/** Further roles, in order: each is assumed with the session of the one before. */
export const roleChain: Parser<readonly string[]> = {
  accepts: 'ARNs of IAM roles, in order (lines or commas)',
  parse: (value, name) => splitList(value).map(one => roleArn.parse(one, name)),
}

/** What a trust policy asks for as `sts:ExternalId`. */
export const externalId: Parser<string> = {
  accepts: '2 to 1,224 of letters, digits and `_+=,.@:/-`',
  parse(value, name) {
    if (/^[\w+=,.@:/-]{2,1224}$/.test(value)) return value
    throw refuse(
      name,
      `${name} is not an external id that STS accepts.`,
      'Use 2 to 1,224 of letters, digits and _+=,.@:/-.',
    )
  },
}

/** An IAM policy, as JSON. */
export const jsonPolicy: Parser<Readonly<Record<string, unknown>>> = {
  accepts: 'IAM policy (JSON)',
  parse(value, name) {
    const todo = `Give ${name} as the JSON of an IAM policy with "Version" and "Statement".`
    let policy: unknown
    try {
      policy = JSON.parse(value)
    } catch (thrown) {
      throw refuse(name, `${name} is not JSON.`, todo, thrown instanceof Error ? `${thrown.message}.` : undefined)
    }
    if (typeof policy === 'object' && policy !== null && 'Statement' in policy) return { ...policy }
    throw refuse(name, `${name} is no IAM policy.`, todo, 'It has no "Statement".')
  },
}

/** ARNs of managed policies. */
export const policyArns: Parser<readonly string[]> = {
  accepts: 'ARNs of managed policies (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(one => {
      if (/^arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(one)) return one
      throw refuse(
        name,
        `${name} "${one}" is not the ARN of a managed policy.`,
        'Give the full ARN, for example arn:aws:iam::aws:policy/ReadOnlyAccess.',
      )
    }),
}

/** Session tags: values, or claims of the token whose value they take. */
export interface TagLines {
  readonly values: Readonly<Record<string, string>>
  readonly claims: Readonly<Record<string, string>>
}

const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
const mostTags = 50

/** `team=checkout`, `branch=claim:ref`; one a line. */
export const tagLines: Parser<TagLines> = {
  accepts: 'lines of `key=value` or `key=claim:NAME`',
  parse(value, name) {
    const lines = splitLines(value)
    if (lines.length > mostTags)
      throw refuse(name, `${name} has ${lines.length} tags.`, `Use ${mostTags} at most, which is what STS takes.`)
    const tags = lines.map(line => {
      const equals = line.indexOf('=')
      const [key, text] = [line.slice(0, Math.max(0, equals)).trim(), line.slice(equals + 1).trim()]
      if (
        key !== '' &&
        key.length <= 128 &&
        text.length <= 256 &&
        tagText.test(key) &&
        tagText.test(text) &&
        !/^aws:/i.test(key)
      )
        return [key, text] as const
      throw refuse(
        name,
        `${name} "${line}" is not a session tag.`,
        'Write key=value, or key=claim:ref for a claim of the token, one a line.',
        'A key has up to 128 and a value up to 256 letters, digits, spaces and _.:/=+-@; keys that begin with aws: are reserved.',
      )
    })
    const isClaim = ([, text]: readonly [string, string]): boolean => text.startsWith('claim:')
    return {
      values: Object.fromEntries(tags.filter(tag => !isClaim(tag))),
      claims: Object.fromEntries(tags.filter(isClaim).map(([key, text]) => [key, text.slice('claim:'.length)])),
    }
  },
}

/** Names of tags. */
export const tagKeys: Parser<readonly string[]> = {
  accepts: 'tag keys (lines or commas)',
  parse: value => splitList(value),
}

/** Account ids, 12 digits each: quoted, or YAML takes a leading zero for an octal number. */
export const accountIds: Parser<readonly string[]> = {
  accepts: 'account ids of 12 digits (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(one => {
      if (/^\d{12}$/.test(one)) return one
      throw refuse(
        name,
        `${name} "${one}" is not an account id.`,
        "Give 12 digits in quotes, for example '111122223333'.",
        /^\d{1,11}$/.test(one) ? 'YAML drops zeros at the start of a number without quotes.' : undefined,
      )
    }),
}

/** Another STS than that of the region. */
export const stsEndpoint: Parser<string> = {
  accepts: 'https://…',
  parse(value, name) {
    if (URL.canParse(value)) {
      const { protocol, hostname } = new URL(value)
      if (protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127\.|\[::1\])/.test(hostname))) return value
    }
    throw refuse(
      name,
      `${name} "${value}" is not an https address.`,
      'Give it in full, for example https://sts.eu-west-1.amazonaws.com; the token would be readable on the way otherwise.',
    )
  },
}
