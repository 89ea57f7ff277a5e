import type { Finding } from '../findings.ts'
import type { Judged, Upgrade } from '../model.ts'
import { versionOrder } from './versions.ts'

/**
 * The smallest set of updates that frees an image of what blocks it, most helpful first: for each package the smallest
 * version that has the fix of all its blocking findings. Where all fixes are in packages of the base image, one rebuild
 * on a newer base does it. What has no fix is in no step; the verdict after the plan tells. Pure.
 */
export function upgradePlan(judged: readonly Judged[]): readonly Upgrade[] {
  const blocking = judged.filter(({ decision }) => decision === 'blocks')
  const groups = new Map<string, Judged[]>()
  for (const one of blocking) {
    const { name, manager = '' } = one.finding.package
    const key = `${manager}\n${name}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].flatMap(group => stepFor(group)).toSorted(byHelp)
}

function stepFor(group: readonly Judged[]): readonly Upgrade[] {
  const findings = group.map(({ finding }) => finding)
  const fixed = findings.filter(({ fixedIn }) => fixedIn !== undefined)
  const [first] = fixed
  if (first === undefined) return []
  const { name, manager, version } = first.package
  const order = versionOrder(manager, first.fixedIn ?? version)
  const versions = fixed.flatMap(({ fixedIn }) => (fixedIn === undefined ? [] : firstVersion(fixedIn)))
  const to = versions.toSorted(order).at(-1)
  if (to === undefined) return []
  const installed = [...new Set(findings.map(({ package: found }) => found.version))].toSorted(order)
  return [
    {
      package: name,
      ...(manager === undefined ? {} : { manager }),
      from: installed,
      to,
      part: partOf(group),
      fixes: unique(fixed),
      leaves: unique(findings.filter(({ fixedIn }) => fixedIn === undefined)),
      paths: [...new Set(fixed.flatMap(({ package: { path } }) => path ?? []))].toSorted(),
    },
  ]
}

/** Some scanners list the fix of each branch: `4.17.21, 5.0.1`; the first is the smallest step. */
function firstVersion(fixedIn: string): readonly string[] {
  const first = fixedIn.split(/[,\s]+/).find(part => part !== '')
  return first === undefined ? [] : [first]
}

function partOf(group: readonly Judged[]): Upgrade['part'] {
  const parts = new Set(group.map(({ facts }) => facts.part))
  const [only] = parts
  return parts.size === 1 && only !== undefined ? only : 'unknown'
}

/** Whether all steps are about packages of the base image: then one rebuild on its newest version is all there is to do. */
export function baseAlone(plan: readonly Upgrade[]): boolean {
  return plan.length > 0 && plan.every(({ part }) => part === 'base')
}

function unique(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ id }) => id))]
}

function byHelp(a: Upgrade, b: Upgrade): number {
  return b.fixes.length - a.fixes.length || (a.package < b.package ? -1 : a.package > b.package ? 1 : 0)
}

/** What a policy would say after the plan: the findings that its steps take away are gone. */
export function without(findings: readonly Finding[], plan: readonly Upgrade[]): readonly Finding[] {
  return findings.filter(
    ({ id, fixedIn, package: { name, manager } }) =>
      fixedIn === undefined ||
      !plan.some(step => step.package === name && step.manager === manager && step.fixes.includes(id)),
  )
}
