/**
 * Order of two versions as their package manager sees it: negative when `a` is older. Each scheme has rules of its own:
 * Debian (deb-version(7)), RPM (rpmvercmp), Alpine (apk), semantic versions (semver.org), PEP 440, and for all others
 * numbers and words one by one.
 */
export type VersionOrder = (a: string, b: string) => number

/** How a finding's package manager orders versions; `manager` as Amazon Inspector names it, `platform` as `DEBIAN_12`. */
export function versionOrder(manager: string | undefined, version: string): VersionOrder {
  if (manager === undefined || manager === 'OS') return systemOrder(version)
  if (pythonManagers.has(manager)) return comparePep440
  return semverManagers.has(manager) ? compareSemver : compareLoose
}

const pythonManagers = new Set(['PIP', 'PIPENV', 'POETRY', 'PYTHONPKG'])
const semverManagers = new Set([
  'NPM',
  'NODEPKG',
  'YARN',
  'PNPM',
  'CARGO',
  'GOMOD',
  'GOBINARY',
  'COMPOSER',
  'NUGET',
  'DOTNET_CORE',
])

/** Alpine marks its revisions with `-r1`; RPM names its distribution (`.el9`, `.amzn2023`); what is left is Debian's. */
function systemOrder(version: string): VersionOrder {
  if (/-r\d+$/.test(version)) return compareApk
  return /\.(?:el|fc|amzn|sle|suse|oe|cm|azl)\d*/.test(version) ? compareRpm : compareDebian
}

/** `[epoch:]upstream[-revision]`: letters before other signs, `~` before even the end (deb-version(7)). */
export const compareDebian: VersionOrder = (a, b) => {
  const [x, y] = [debian(a), debian(b)]
  return x.epoch - y.epoch || debianPart(x.upstream, y.upstream) || debianPart(x.revision, y.revision)
}

function debian(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? []
  const cut = rest.lastIndexOf('-')
  return {
    epoch: Number(epoch),
    upstream: cut < 0 ? rest : rest.slice(0, cut),
    revision: cut < 0 ? '0' : rest.slice(cut + 1),
  }
}

/** Stretches without digits and stretches of digits, in turn. */
function debianPart(a: string, b: string): number {
  const [x, y] = [stretches(a), stretches(b)]
  for (let index = 0; index < Math.max(x.length, y.length); index++) {
    const [left = '', right = ''] = [x[index], y[index]]
    const order = index % 2 === 0 ? debianWords(left, right) : compareNumbers(left, right)
    if (order !== 0) return order
  }
  return 0
}

/** `~` < end < letters < all other signs, sign by sign. */
function debianWords(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = debianSign(a[index]) - debianSign(b[index])
    if (order !== 0) return order
  }
  return 0
}

function debianSign(sign: string | undefined): number {
  if (sign === '~') return -1
  if (sign === undefined) return 0
  return /[A-Za-z]/.test(sign) ? sign.charCodeAt(0) : sign.charCodeAt(0) + 256
}

/** A stretch of anything but digits first, even if it is empty. */
function stretches(text: string): readonly string[] {
  return [...text.matchAll(/(\D*)(\d*)/g)].flatMap(([, words = '', digits = '']) => [words, digits])
}

/** `[epoch:]version[-release]`; separators only separate, `~` is before and `^` after the end (rpmvercmp). */
export const compareRpm: VersionOrder = (a, b) => {
  const [x, y] = [debian(a), debian(b)]
  return x.epoch - y.epoch || rpmPart(x.upstream, y.upstream) || rpmPart(x.revision, y.revision)
}

function rpmPart(a: string, b: string): number {
  const [x, y] = [a.match(/\d+|[A-Za-z]+|~|\^/g) ?? [], b.match(/\d+|[A-Za-z]+|~|\^/g) ?? []]
  for (let index = 0; index < Math.max(x.length, y.length); index++) {
    const [left, right] = [x[index], y[index]]
    const order =
      rpmRank(left) - rpmRank(right) ||
      (isNumber(left) ? compareNumbers(left ?? '', right ?? '') : byText(left ?? '', right ?? ''))
    if (order !== 0) return order
  }
  return 0
}

/** `~` < end < `^` < words < numbers. */
function rpmRank(part: string | undefined): number {
  if (part === '~') return 0
  if (part === undefined) return 1
  if (part === '^') return 2
  return isNumber(part) ? 4 : 3
}

/** `1.2.3b_p1-r4`: numbers, one letter, suffixes of known rank, revision (apk-tools, apk_version_compare). */
export const compareApk: VersionOrder = (a, b) => {
  const [x, y] = [apk(a), apk(b)]
  return (
    compareLists(x.numbers, y.numbers) ||
    byText(x.letter, y.letter) ||
    compareSuffixes(x.suffixes, y.suffixes) ||
    x.revision - y.revision
  )
}

const apkSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p']

interface Apk {
  readonly numbers: readonly string[]
  readonly letter: string
  readonly suffixes: readonly (readonly [rank: number, number: number])[]
  readonly revision: number
}

function apk(version: string): Apk {
  const [, numbers = '', letter = '', suffixes = '', revision = '0'] =
    /^([\d.]*)([a-z]?)((?:_[a-z]+\d*)*)(?:-r(\d+))?/.exec(version) ?? []
  return {
    numbers: numbers.split('.'),
    letter,
    suffixes: [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].map(
      ([, word = '', number = '']) => [apkSuffixes.indexOf(word), Number(number || 0)] as const,
    ),
    revision: Number(revision),
  }
}

function compareSuffixes(a: Apk['suffixes'], b: Apk['suffixes']): number {
  const none = [apkSuffixes.indexOf(''), 0] as const
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [[x, n], [y, m]] = [a[index] ?? none, b[index] ?? none]
    if (x !== y) return x - y
    if (n !== m) return n - m
  }
  return 0
}

/** `1.2.3-rc.1+build`: a version with a pre-release is older than without (semver.org, 11). `v` in front is left out. */
export const compareSemver: VersionOrder = (a, b) => {
  const [x, y] = [semver(a), semver(b)]
  const order = compareLists(x.numbers, y.numbers)
  if (order !== 0) return order
  if (x.pre.length === 0 || y.pre.length === 0) return y.pre.length - x.pre.length
  return compareIdentifiers(x.pre, y.pre)
}

function semver(version: string): { readonly numbers: readonly string[]; readonly pre: readonly string[] } {
  const [core = ''] = version.replace(/^v/, '').split('+')
  const cut = core.indexOf('-')
  const pre = cut < 0 ? [] : core.slice(cut + 1).split('.')
  return { numbers: (cut < 0 ? core : core.slice(0, cut)).split('.'), pre }
}

/** Numbers before words; fewer before more. */
function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1
    const order = isNumber(left) ? compareNumbers(left, right) : byText(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** `[epoch!]release[{a|b|rc}N][.postN][.devN]` (PEP 440). */
export const comparePep440: VersionOrder = (a, b) => {
  const [x, y] = [pep440(a), pep440(b)]
  return x.epoch - y.epoch || compareLists(x.release, y.release) || compareRanks(x.ranks, y.ranks)
}

function pep440(version: string): {
  readonly epoch: number
  readonly release: readonly string[]
  readonly ranks: readonly number[]
} {
  const lower = version.toLowerCase().replace(/^v/, '').split('+')[0] ?? ''
  const pattern =
    /^(?:(\d+)!)?(\d+(?:\.\d+)*)[-_.]?(?:(alpha|a|beta|b|rc|c|preview|pre)[-_.]?(\d*))?(?:[-_.]?(?:post|rev|r)[-_.]?(\d*)|-(\d+))?(?:[-_.]?dev[-_.]?(\d*))?/
  const [, epoch = '0', release = '0', pre, preNumber, post, implicitPost, dev] = pattern.exec(lower) ?? []
  const hasPost = post !== undefined || implicitPost !== undefined
  const stage = pre === undefined ? 4 : pre.startsWith('a') ? 1 : pre.startsWith('b') ? 2 : 3
  return {
    epoch: Number(epoch),
    release: release.split('.'),
    ranks: [
      // A development release of the final version is older than its pre-releases.
      pre === undefined && !hasPost && dev !== undefined ? 0 : stage,
      Number(preNumber || 0),
      hasPost ? 1 + Number(post || implicitPost || 0) : 0,
      dev === undefined ? Number.POSITIVE_INFINITY : Number(dev || 0),
    ],
  }
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((rank, index) => rank !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1
}

/** Numbers and words one by one; what is longer is newer, unless it goes on with a word (`1.0-rc`). */
export const compareLoose: VersionOrder = (a, b) => {
  const [x, y] = [a.toLowerCase().match(/\d+|[a-z]+/g) ?? [], b.toLowerCase().match(/\d+|[a-z]+/g) ?? []]
  for (let index = 0; index < Math.max(x.length, y.length); index++) {
    const [left, right] = [x[index], y[index]]
    if (left === undefined || right === undefined)
      return left === undefined ? (isNumber(right) ? -1 : 1) : isNumber(left) ? 1 : -1
    if (isNumber(left) !== isNumber(right)) return isNumber(left) ? 1 : -1
    const order = isNumber(left) ? compareNumbers(left, right) : byText(left, right)
    if (order !== 0) return order
  }
  return 0
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = compareNumbers(a[index] ?? '0', b[index] ?? '0')
    if (order !== 0) return order
  }
  return 0
}

/** Of any length: versions made of dates have more digits than a number holds. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return x.length - y.length || byText(x, y)
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text)
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
