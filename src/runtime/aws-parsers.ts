import { regions } from './aws-regions.ts'
import type { Parser } from './inputs.ts'
import { nearest } from './nearest.ts'
import { refuse, splitLines, splitList } from './parsers.ts'

const roleArnForm = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]{1,64})$/
const roleExample = 'arn:aws:iam::111122223333:role/deploy'

/** Full ARN of an IAM role. A bare name is refused: it would hide which account and partition it means. */
export const roleArn: Parser<string> = {
  accepts: 'ARN of an IAM role',
  parse(value, name) {
    if (roleArnForm.test(value)) return value
    throw refuse(
      name,
      `${name} "${value}" is not the ARN of an IAM role.`,
      `Give the full ARN, for example ${roleExample}.`,
      whyNoRole(value),
    )
  },
}

function whyNoRole(value: string): string | undefined {
  if (!value.startsWith('arn:')) return 'It does not start with "arn:".'
  if (value.includes(':sts:') || value.includes(':assumed-role/')) return 'It names a session, not the role itself.'
  if (value.includes(':user/')) return 'It names a user.'
  if (!/:\d{12}:/.test(value)) return 'An account id has 12 digits.'
  return undefined
}

/** An AWS region by its code. */
export const region: Parser<string> = {
  accepts: 'AWS region',
  parse(value, name) {
    if (regions.includes(value)) return value
    const meant = meantRegion(value)
    throw refuse(
      name,
      `${name} "${value}" does not exist.`,
      meant.region ? `Use ${meant.region}.` : 'Use the code of an AWS region, for example eu-west-1.',
      meant.why,
    )
  },
}

interface Meant {
  readonly region?: string
  readonly why?: string
}

function meantRegion(value: string): Meant {
  const lower = value.toLowerCase()
  if (regions.includes(lower)) return { region: lower, why: 'Region codes are in lower case.' }
  const digits = lower.replace(/[li]$/, '1').replace(/o$/, '0')
  if (regions.includes(digits)) return { region: digits, why: `It ends in the letter ${lower.slice(-1)}, not a digit.` }
  const zone = lower.replace(/[a-f]$/, '')
  if (zone !== lower && regions.includes(zone)) return { region: zone, why: 'It is an availability zone.' }
  const near = nearest(lower, regions)
  return near === undefined ? {} : { region: near }
}

/** Name of a role session (STS): 2 to 64 characters. */
export const sessionName: Parser<string> = {
  accepts: '2 to 64 of letters, digits and `_+=,.@-`',
  parse(value, name) {
    if (/^[\w+=,.@-]{2,64}$/.test(value)) return value
    throw refuse(
      name,
      `${name} "${value}" is not a session name that AWS STS accepts.`,
      'Use 2 to 64 of letters, digits and _+=,.@-.',
    )
  },
}

/** Repository name of ECR, without the registry: `shop/api`. */
export const repositoryName: Parser<string> = {
  accepts: 'ECR repository name, without the registry',
  parse(value, name) {
    const form = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/
    if (form.test(value) && value.length >= 2 && value.length <= 256 && !/^[\w.-]+\.[\w.-]+\//.test(value)) return value
    throw refuse(
      name,
      `${name} "${value}" is not the name of an ECR repository.`,
      'Give the name only, in lower case, for example shop/api.',
      value.includes('.amazonaws.com') ? 'It contains the registry; that follows from role and region.' : undefined,
    )
  },
}

const imageForm =
  /^[a-z0-9][\w.-]*(?::\d+)?(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

/** Names of ECR repositories, or patterns of them as IAM knows them: `shop/*`. */
export const repositoryPatterns: Parser<readonly string[]> = {
  accepts: 'ECR repository names, with `*` for any text (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(one => {
      if (/^[a-z0-9*][a-z0-9._/*-]{0,255}$/.test(one)) return one
      throw refuse(
        name,
        `${name} "${one}" is neither the name of an ECR repository nor a pattern of names.`,
        'Give names in lower case without the registry, for example shop/api or shop/*.',
      )
    }),
}

/** A reference to an image: `registry/name:tag`, `registry/name@sha256:…`. */
export const imageReference: Parser<string> = {
  accepts: 'image reference, best by digest',
  parse(value, name) {
    if (imageForm.test(value)) return value
    throw refuse(
      name,
      `${name} "${value}" is not a reference to an image.`,
      'Give the output "image" of build-push, or registry/name@sha256:….',
      /@sha256:/.test(value) ? 'A SHA-256 digest has 64 hexadecimal digits in lower case.' : undefined,
    )
  },
}

/** Several images by digest, one per line or between commas: what is deployed must be what was judged. */
export const pinnedImages: Parser<readonly string[]> = {
  accepts: 'image references by digest (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(one => {
      const image = imageReference.parse(one, name)
      if (image.includes('@')) return image
      throw refuse(
        name,
        `${name} "${image}" has no digest.`,
        'Give the output "image" of build-push, or registry/name@sha256:….',
        'A tag can be moved to another image; a digest cannot.',
      )
    }),
}

/** Tags of an image. */
export const imageTags: Parser<readonly string[]> = {
  accepts: 'image tags (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(tag => {
      if (/^\w[\w.-]{0,127}$/.test(tag)) return tag
      throw refuse(name, `${name} "${tag}" is not an image tag.`, 'Use up to 128 of letters, digits, "_", "." and "-".')
    }),
}

/** Platforms to build for: `linux/amd64`, `linux/arm64`. */
export const platforms: Parser<readonly string[]> = {
  accepts: 'platforms (lines or commas)',
  parse: (value, name) =>
    splitList(value).map(platform => {
      if (/^[a-z0-9]+\/[a-z0-9]+(?:\/v\d+)?$/.test(platform)) return platform
      throw refuse(
        name,
        `${name} "${platform}" is not a platform.`,
        'Use os/architecture, for example linux/amd64 or linux/arm64.',
      )
    }),
}

/** As many as CloudWatch describes in one call. */
const mostAlarms = 100

/** Names of CloudWatch alarms, one per line: a name may hold commas and spaces. */
export const alarmNames: Parser<readonly string[]> = {
  accepts: 'names of CloudWatch alarms (lines)',
  parse(value, name) {
    const names = [...new Set(splitLines(value))]
    const arn = names.find(one => one.startsWith('arn:'))
    if (arn !== undefined)
      throw refuse(
        name,
        `${name} "${arn}" is an ARN.`,
        `Give the name of the alarm, ${arn.split(':alarm:')[1] ?? 'for example shop-5xx'}.`,
      )
    if (names.length > mostAlarms)
      throw refuse(
        name,
        `${name} has ${names.length} names, and only ${mostAlarms} can be watched.`,
        'Join them in a composite alarm.',
      )
    return names
  },
}
