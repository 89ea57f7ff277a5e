import { UserError } from './errors.ts'
import type { Parser } from './inputs.ts'
import { nearest } from './nearest.ts'

/** The one shape of a refused value: `timeout "15" is not a duration.` Its code is `input-<name>`. */
export function refuse(name: string, what: string, todo: string, why?: string): UserError {
  // The value is part of the sentence, and may have several lines.
  const sentence = what.replaceAll(/\s*[\r\n]+\s*/g, ' ⏎ ')
  return new UserError(`input-${name}`, sentence, why === undefined ? { todo } : { why, todo })
}

export const text: Parser<string> = { accepts: 'text', parse: value => value }

/** Strict: `yes`, `1` and `on` are refused, because other actions read them differently. */
export const boolean: Parser<boolean> = {
  accepts: '`true` or `false`',
  parse(value, name) {
    const lower = value.toLowerCase()
    if (lower === 'true') return true
    if (lower === 'false') return false
    throw refuse(name, `${name} "${value}" is neither true nor false.`, `Set ${name} to true or false.`)
  },
}

/** A whole number between the bounds, both included. */
export function integer(least: number, most: number): Parser<number> {
  return {
    accepts: `whole number from ${least} to ${most}`,
    parse(value, name) {
      const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN
      if (number >= least && number <= most) return number
      throw refuse(
        name,
        `${name} "${value}" is not a whole number from ${least} to ${most}.`,
        `Set ${name} to a number such as ${least}.`,
      )
    },
  }
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `15m`, `90s`, `1h30m` → milliseconds, within the bounds (given in the same notation). */
export function durationBetween(least: string, most: string): Parser<number> {
  return {
    accepts: 'duration such as `90s`, `15m` or `1h30m`',
    parse(value, name) {
      const ms = milliseconds(value)
      if (ms === undefined) throw notADuration(name, value)
      if (ms >= (milliseconds(least) ?? 0) && ms <= (milliseconds(most) ?? 0)) return ms
      throw refuse(
        name,
        `${name} "${value}" is not between ${least} and ${most}.`,
        `Set ${name} to a duration from ${least} to ${most}.`,
      )
    },
  }
}

function milliseconds(value: string): number | undefined {
  if (!/^(\d+(ms|s|m|h))+$/.test(value)) return undefined
  const parts = [...value.matchAll(/(\d+)(ms|s|m|h)/g)]
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0)
}

function notADuration(name: string, value: string): UserError {
  const unitless = /^\d+$/.test(value)
  return refuse(
    name,
    `${name} "${value}" is not a duration.`,
    unitless ? `Write ${name}: ${value}s or ${name}: ${value}m.` : `Write ${name} like 90s, 15m or 1h30m.`,
    unitless ? 'It has no unit.' : undefined,
  )
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(...words: Words): Parser<Words[number]> {
  return {
    accepts: words.map(word => `\`${word}\``).join(', '),
    parse(value, name) {
      const found = words.find(word => word === value.toLowerCase())
      if (found !== undefined) return found
      const meant = nearest(value.toLowerCase(), words)
      throw refuse(
        name,
        `${name} "${value}" is none of ${words.join(', ')}.`,
        meant ? `Did you mean ${meant}?` : `Set ${name} to one of them.`,
      )
    },
  }
}

/**
 * A token of GitHub. An expression that nobody replaced means that no runner was there to do it (a default counts for
 * the runner only): as good as none.
 */
export const token: Parser<string> = {
  accepts: 'token',
  parse: value => (value.startsWith('${{') ? '' : value),
}

/** An address that a browser opens. */
export const webAddress: Parser<string> = {
  accepts: 'address (https://…)',
  parse(value, name) {
    if (/^https?:\/\/\S+$/.test(value) && URL.canParse(value)) return value
    throw refuse(name, `${name} "${value}" is no address.`, 'Write it in full, for example https://shop.example.com.')
  },
}

/** `NAME=value`, one per line; a value may contain `=`. */
export const keyValueLines: Parser<Readonly<Record<string, string>>> = {
  accepts: 'lines of `NAME=value`',
  parse(value, name) {
    const pairs = splitLines(value).map(line => {
      const equals = line.indexOf('=')
      if (equals > 0) return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()] as const
      // The line itself may be a secret by mistake: it is not repeated.
      throw refuse(
        name,
        `A line of ${name} is not of the form NAME=value.`,
        `Write ${name} as one NAME=value per line.`,
      )
    })
    return Object.fromEntries(pairs)
  },
}

/** A file or folder, relative to the checkout. */
export const path: Parser<string> = {
  accepts: 'path',
  parse(value, name) {
    if (value.includes('\n')) {
      throw refuse(name, `${name} has several lines.`, `Give one path as ${name}.`)
    }
    return value
  },
}

/** Files and folders, relative to the checkout, one per line. */
export const paths: Parser<readonly string[]> = { accepts: 'paths (lines)', parse: value => splitLines(value) }

export function splitLines(value: string): readonly string[] {
  return value
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '')
}

export function splitList(value: string): readonly string[] {
  return value
    .split(/[\r\n,]+/)
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}
