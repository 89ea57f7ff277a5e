/** Results of scans for renderers: seeded, with every field that a finding may have. */
import { countBySeverity, severities, type Finding } from '../../src/scan/findings.ts'
import type { Judged, ScanResult } from '../../src/scan/model.ts'
import { Chance } from '../world/chance.ts'

const digest = (character: string): string => `sha256:${character.repeat(64)}`

/** How a text of a finding is written: a fuzz replaces it. */
export type Say = (plain: string) => string

/** A scan of shop/api with so many findings, of all severities and decisions. */
export function seededScan(count: number, seed = 1, say: Say = plain => plain): ScanResult {
  const chance = new Chance(seed)
  const judged = Array.from({ length: count }, (_, index) => judgedFinding(index, chance, say)).toSorted(
    (a, b) => severities.indexOf(a.finding.severity) - severities.indexOf(b.finding.severity),
  )
  const findings = judged.map(({ finding }) => finding)
  const blocking = judged.flatMap(one => (one.decision === 'blocks' ? [{ finding: one.finding, rule: one.rule }] : []))
  return {
    verdict: blocking.length > 0 ? 'fail' : 'pass',
    image: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@${digest('a')}`,
    repository: 'shop/api',
    digest: digest('a'),
    platforms: [
      {
        state: 'complete',
        platform: 'linux/amd64',
        digest: digest('b'),
        findings,
        completedAt: Date.UTC(2026, 10, 26, 12),
      },
    ],
    findings,
    judged,
    counts: countBySeverity(findings),
    blocking,
    reasons: blocking.slice(0, 1).map(({ finding }) => ({
      code: 'findings-block',
      says: say(`${finding.package.name} has ${finding.id}.`),
      todo: 'Update it.',
    })),
    warnings: [],
    origins: { [digest('c')]: { part: 'app', line: 14, instruction: say('RUN npm ci'), exact: true } },
    dockerfile: 'services/api/Dockerfile',
    policy: 'critical, high:fixable',
    seconds: 3.1,
  }
}

function judgedFinding(index: number, chance: Chance, say: Say): Judged {
  const severity = chance.one(severities)
  const path = say(`app/node_modules/p${chance.whole(0, 40)}/package.json`)
  const finding: Finding = {
    id: say(`CVE-2026-${10_000 + index}`),
    aliases: chance.sometimes(0.3) ? [say(`GHSA-aaaa-bbbb-${1_000 + index}`)] : [],
    severity,
    title: say(`A flaw of the parser, number ${index}, lets somebody in who should stay out`),
    uri: `https://nvd.nist.gov/vuln/detail/CVE-2026-${10_000 + index}`,
    package: { name: say(`package-${index % 400}`), version: say('1.2.3'), manager: 'NPM', path },
    fix: 'yes',
    fixedIn: say('1.2.4'),
    exploit: chance.sometimes(0.1),
    score: Math.round(chance.between(0, 10) * 10) / 10,
    firstSeen: Date.UTC(2026, 9, 1 + (index % 28)),
    layer: digest('c'),
    platforms: ['linux/amd64'],
  }
  const facts = { change: 'introduced', part: 'app', epss: 0.25, kev: chance.sometimes(0.05) } as const
  if (severity === 'critical') return { finding, facts, decision: 'blocks', rule: 'critical' }
  if (severity === 'high') {
    const waiver = {
      id: finding.id,
      scope: { repository: 'shop/api' },
      reason: say('not reachable'),
      owner: say('@team-shop'),
      expires: '2026-12-31',
    }
    return { finding, facts, decision: 'waived', rule: 'high:fixable', waiver }
  }
  if (severity === 'unrated') return { finding, facts, decision: 'open', rule: 'critical', missing: ['severity'] }
  return { finding, facts, decision: 'passes' }
}
