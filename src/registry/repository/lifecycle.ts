import { listAt, objectAt, onlyKeys, refuseAt, wordAt, type JsonObject, type Mistake } from './mistake.ts'

type At = Mistake['at']

/** A rule of a lifecycle policy, in ECR's own words. */
export interface LifecycleRule {
  /** Unique; the lowest is applied first. */
  readonly rulePriority: number
  readonly description?: string
  readonly selection: Selection
  readonly action: { readonly type: 'expire' | 'transition'; readonly targetStorageClass?: 'archive' }
}

interface Selection {
  readonly tagStatus: 'tagged' | 'untagged' | 'any'
  readonly tagPatternList?: readonly string[]
  readonly tagPrefixList?: readonly string[]
  readonly storageClass?: 'standard' | 'archive'
  readonly countType: CountType
  readonly countUnit?: 'days'
  readonly countNumber: number
}

const countTypes = ['imageCountMoreThan', 'sinceImagePushed', 'sinceImagePulled', 'sinceImageTransitioned'] as const
type CountType = (typeof countTypes)[number]

/** Limits of a document (service quotas of ECR, `lifecyclePolicyText` of its API). */
const mostRules = 50
const mostCharacters = 30_720
/** Wildcards in one string of a tagPatternList. */
const mostStars = 4
/** Days that an archived image is kept at least. */
const leastArchivedDays = 90

/**
 * The rules of a lifecycle policy. What ECR would refuse ends here, with the place of the mistake.
 * Source: the user guide's pages "Lifecycle policy properties" and "How lifecycle policies work".
 */
export function lifecycleAt(value: unknown, at: At): readonly LifecycleRule[] {
  const rules = listAt(value, at).map((one, index) => ruleAt(one, [...at, index]))
  if (rules.length > mostRules) refuseAt(at, `has ${rules.length} rules; ECR takes ${mostRules}`)
  rules.forEach(({ rulePriority }, index) => {
    if (rules.findIndex(other => other.rulePriority === rulePriority) !== index)
      refuseAt([...at, index, 'rulePriority'], `is ${rulePriority}, as in another rule: each needs its own`)
  })
  anyComesLast(rules, at)
  const { length } = lifecycleText(rules)
  if (length > mostCharacters) refuseAt(at, `has ${length} characters as JSON; ECR takes ${mostCharacters}`)
  return rules
}

/** Of the rules about one storage class: those of the other select other images. */
function anyComesLast(rules: readonly LifecycleRule[], at: At): void {
  for (const [index, rule] of rules.entries()) {
    if (rule.selection.tagStatus !== 'any') continue
    const later = rules.find(other => storageOf(other) === storageOf(rule) && other.rulePriority > rule.rulePriority)
    if (later !== undefined)
      refuseAt(
        [...at, index, 'rulePriority'],
        `is ${rule.rulePriority}, and a rule for any image comes last: rule ${later.rulePriority} comes after it`,
      )
  }
}

function ruleAt(value: unknown, at: At): LifecycleRule {
  const rule = objectAt(value, at)
  onlyKeys(rule, ['rulePriority', 'description', 'selection', 'action'], at)
  const { rulePriority, description } = rule
  if (typeof rulePriority !== 'number' || !Number.isSafeInteger(rulePriority) || rulePriority < 1)
    refuseAt([...at, 'rulePriority'], 'is not a whole number from 1')
  if (description !== undefined && typeof description !== 'string') refuseAt([...at, 'description'], 'is not a text')
  const action = actionAt(rule['action'], [...at, 'action'])
  const selection = selectionAt(rule['selection'], [...at, 'selection'])
  actionFits(action, selection, at)
  return { rulePriority, ...(description === undefined ? {} : { description }), selection, action }
}

function actionAt(value: unknown, at: At): LifecycleRule['action'] {
  const action = objectAt(value, at)
  onlyKeys(action, ['type', 'targetStorageClass'], at)
  const type = wordAt(action['type'], ['expire', 'transition'] as const, [...at, 'type'])
  const target = [...at, 'targetStorageClass']
  if (type === 'transition')
    return { type, targetStorageClass: wordAt(action['targetStorageClass'], ['archive'] as const, target) }
  if (action['targetStorageClass'] !== undefined) refuseAt(target, 'is for the type transition only')
  return { type }
}

function selectionAt(value: unknown, at: At): Selection {
  const given = objectAt(value, at)
  const tagKeys = ['tagPatternList', 'tagPrefixList'] as const
  onlyKeys(given, ['tagStatus', ...tagKeys, 'storageClass', 'countType', 'countUnit', 'countNumber'], at)
  const tagStatus = wordAt(given['tagStatus'], ['tagged', 'untagged', 'any'] as const, [...at, 'tagStatus'])
  const countType = wordAt(given['countType'], countTypes, [...at, 'countType'])
  const { countNumber } = given
  if (typeof countNumber !== 'number' || !Number.isSafeInteger(countNumber) || countNumber < 1)
    refuseAt([...at, 'countNumber'], 'is not a whole number from 1')
  return {
    tagStatus,
    ...tagsAt(given, tagStatus, at),
    ...storageAt(given, countType, at),
    countType,
    ...unitAt(given, countType, at),
    countNumber,
  }
}

function tagsAt(given: JsonObject, tagStatus: Selection['tagStatus'], at: At): Partial<Selection> {
  const named = (['tagPatternList', 'tagPrefixList'] as const).filter(key => given[key] !== undefined)
  const [key, second] = named
  if (tagStatus !== 'tagged') {
    if (key !== undefined) refuseAt([...at, key], `is for tagged images, and tagStatus is ${tagStatus}`)
    return {}
  }
  if (key === undefined) refuseAt(at, 'has tagStatus tagged, and neither tagPatternList nor tagPrefixList')
  if (second !== undefined) refuseAt(at, 'has both tagPatternList and tagPrefixList: ECR takes one of them')
  const list = listAt(given[key], [...at, key])
  if (list.length === 0) refuseAt([...at, key], 'is empty')
  return { [key]: list.map((one, index) => tagAt(one, key, [...at, key, index])) }
}

function tagAt(value: unknown, key: 'tagPatternList' | 'tagPrefixList', at: At): string {
  if (typeof value !== 'string' || !/^[\w.*-]{1,128}$/.test(value)) return refuseAt(at, 'is no part of an image tag')
  const stars = value.split('*').length - 1
  if (key === 'tagPrefixList' && stars > 0) refuseAt(at, 'has a wildcard: that is for tagPatternList')
  if (stars > mostStars) refuseAt(at, `has ${stars} wildcards; ECR takes ${mostStars}`)
  return value
}

/** Images in the archive are selected by the time since they went there, and by nothing else. */
function storageAt(given: JsonObject, countType: CountType, at: At): Partial<Selection> {
  const { storageClass } = given
  const place = [...at, 'storageClass']
  if (countType === 'sinceImageTransitioned') {
    if (storageClass !== 'archive') refuseAt(place, 'has to be archive with the countType sinceImageTransitioned')
    return { storageClass: 'archive' }
  }
  if (storageClass === undefined) return {}
  if (wordAt(storageClass, ['standard', 'archive'] as const, place) === 'archive')
    refuseAt(place, `has to be standard with the countType ${countType}`)
  return { storageClass: 'standard' }
}

function unitAt({ countUnit }: JsonObject, countType: CountType, at: At): Partial<Selection> {
  const place = [...at, 'countUnit']
  if (countType === 'imageCountMoreThan') {
    if (countUnit !== undefined) refuseAt(place, 'is for an age, and imageCountMoreThan is a number of images')
    return {}
  }
  return { countUnit: wordAt(countUnit, ['days'] as const, place) }
}

function actionFits({ type }: LifecycleRule['action'], { countType, countNumber }: Selection, at: At): void {
  if (countType === 'sinceImagePulled' && type === 'expire')
    refuseAt([...at, 'action', 'type'], 'has to be transition with the countType sinceImagePulled')
  if (countType !== 'sinceImageTransitioned') return
  if (type === 'transition')
    refuseAt([...at, 'action', 'type'], 'has to be expire with the countType sinceImageTransitioned')
  if (countNumber < leastArchivedDays)
    refuseAt(
      [...at, 'selection', 'countNumber'],
      `is ${countNumber}; an archived image stays ${leastArchivedDays} days`,
    )
}

function storageOf({ selection }: LifecycleRule): string {
  return selection.storageClass ?? 'standard'
}

/** The document as ECR takes it: `lifecyclePolicyText`. */
export function lifecycleText(rules: readonly LifecycleRule[]): string {
  return JSON.stringify({ rules: rules.toSorted((a, b) => a.rulePriority - b.rulePriority) })
}
