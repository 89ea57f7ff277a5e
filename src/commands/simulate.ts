import { parseArgs } from 'node:util'
import { simulationLines } from '../report/simulation.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import type { Command, CommandPorts } from '../runtime/run-command.ts'
import { oldest } from '../scan/diff/baseline.ts'
import { compareWith } from '../scan/diff/change.ts'
import { mergeFindings, type Finding } from '../scan/findings.ts'
import { formatPolicy, judge, type ScanPolicy } from '../scan/policy/judge.ts'
import { parseRules, type FindingFacts } from '../scan/policy/rule.ts'
import { parseWaivers } from '../scan/policy/waivers-file.ts'
import { readSavedScan, type SavedScan } from '../scan/saved.ts'

/** As the action has it: who accepts a risk looks at it again after at most so many days. */
const mostDays = 180
const exitCodes = { pass: 0, fail: 1, inconclusive: 3 } as const
const unrateds = ['fail', 'warn', 'ignore'] as const

/**
 * `slipway simulate FINDINGS`: what a policy makes of findings that were saved, offline and by the rules of `scan`. Ends
 * with 0 for a pass, 1 for a fail, 3 for no verdict, and with 2 when it is called wrongly.
 */
export const command: Command = async (args, ports) => {
  const { file, failOn, unrated, waivers, baseline } = optionsOf(args)
  const saved = await read(file, ports)
  const policy = await policyOf({ failOn: failOn ?? saved.policy, unrated, waivers }, ports)
  const before = baseline === undefined ? undefined : await read(baseline, ports)
  const judged = judge(saved.platforms, policy, {
    repository: saved.repository,
    now: ports.now(),
    factsOf: factsOf(saved, before),
    whyMissing: { epss: 'no public source is asked here', kev: 'no public source is asked here' },
  })
  const lines = simulationLines({ ...judged, image: saved.image, policy: formatPolicy(policy) })
  ports.write(`${lines.join('\n')}\n`)
  return exitCodes[judged.verdict]
}

interface Options {
  readonly file: string
  readonly failOn: string | undefined
  readonly unrated: string | undefined
  readonly waivers: string | undefined
  readonly baseline: string | undefined
}

function optionsOf(args: readonly string[]): Options {
  const option = { type: 'string' } as const
  const options = { 'fail-on': option, unrated: option, waivers: option, baseline: option }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [file, ...rest] = positionals
    if (file === undefined) throw usage('the file of findings is missing')
    if (rest.length > 0) throw usage(`"${rest[0]}" is one argument too many`)
    const { 'fail-on': failOn, unrated, waivers, baseline } = values
    return { file, failOn, unrated, waivers, baseline }
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : usage(messageOf(thrown).split('\n')[0] ?? '')
  }
}

function usage(why: string): UserError {
  return new UserError('simulate-usage', `simulate cannot be run like that: ${why}.`, {
    todo: "node dist/simulate/index.js scan.json --fail-on 'critical, high:fixable' [--unrated fail|warn|ignore] [--waivers FILE] [--baseline before.json]",
  })
}

async function read(file: string, { readLines }: CommandPorts): Promise<SavedScan> {
  return readSavedScan([...(await readLines(file))].join('\n'), file)
}

async function policyOf(
  given: Pick<Options, 'failOn' | 'unrated' | 'waivers'>,
  { readLines, now }: CommandPorts,
): Promise<ScanPolicy> {
  if (given.failOn === undefined) throw usage('the findings name no policy, so --fail-on has to')
  // A saved policy names findings without a rating among its rules.
  const words = given.failOn.split(',').map(word => word.trim())
  const rules = words.filter(word => word !== 'unrated')
  const unrated = given.unrated ?? (rules.length < words.length ? 'fail' : 'warn')
  const known = unrateds.find(one => one === unrated)
  if (known === undefined) throw usage(`--unrated is "${unrated}", and may be ${unrateds.join(', ')}`)
  const failOn = rules.length === 0 ? [] : parseRules(rules.join(', '))
  if (given.waivers === undefined) return { failOn, unrated: known }
  const text = [...(await readLines(given.waivers))].join('\n')
  return { failOn, unrated: known, waivers: parseWaivers(text, given.waivers, { now: now(), mostDays }) }
}

/** As far as the saved scan knows; a baseline that is given decides what is new. Without any, everything is. */
function factsOf(saved: SavedScan, before: SavedScan | undefined): (finding: Finding) => FindingFacts {
  const known = (finding: Finding): FindingFacts =>
    saved.factsOf?.(finding) ?? { change: 'introduced', part: 'unknown' }
  if (before === undefined) return known
  const findings = findingsOf(saved)
  const sourceUpdatedAt = oldest(before.platforms)
  const { changeOf } = compareWith(
    findings,
    {
      image: before.image,
      why: 'given',
      findings: findingsOf(before),
      layers: new Set(),
      ...(sourceUpdatedAt === undefined ? {} : { sourceUpdatedAt }),
    },
    oldest(saved.platforms),
  )
  return finding => ({ ...known(finding), change: changeOf(finding) })
}

const findingsOf = ({ platforms }: SavedScan): readonly Finding[] =>
  mergeFindings(platforms.filter(scan => scan.state === 'complete'))
