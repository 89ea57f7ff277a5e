import { isObject, type JsonObject } from './mistake.ts'

/**
 * Rules of a document that ECR holds, by their priority. It is read as it is: somebody may have set what this version
 * does not know. Defaults that ECR may or may not write down are left out, so that equal documents are equal.
 */
export function storedRules(text: string | undefined): readonly JsonObject[] {
  if (text === undefined) return []
  const parsed: unknown = JSON.parse(text)
  const rules = isObject(parsed) && Array.isArray(parsed['rules']) ? parsed['rules'].filter(isObject) : []
  return rules
    .map(rule => {
      const selection = isObject(rule['selection']) ? rule['selection'] : {}
      const { storageClass, ...rest } = selection
      return { ...rule, selection: storageClass === 'standard' ? rest : selection }
    })
    .toSorted((a, b) => priorityOf(a) - priorityOf(b))
}

function priorityOf(rule: JsonObject): number {
  return Number(rule['rulePriority'])
}

/** `10 · tags v*: more than 30 images → expire`: a rule as a line. */
export function sayRule(rule: JsonObject): string {
  const selection = isObject(rule['selection']) ? rule['selection'] : {}
  const action = isObject(rule['action']) ? rule['action'] : {}
  const { description } = rule
  const aside = typeof description === 'string' && description !== '' ? ` (${description})` : ''
  return `${String(rule['rulePriority'])} · ${sayImages(selection)}: ${sayCount(selection)} → ${sayAction(action)}${aside}`
}

function sayImages({ tagStatus, tagPatternList, tagPrefixList }: JsonObject): string {
  if (Array.isArray(tagPatternList)) return `tags ${tagPatternList.join(' and ')}`
  if (Array.isArray(tagPrefixList)) return `tags ${tagPrefixList.map(prefix => `${String(prefix)}*`).join(' and ')}`
  return tagStatus === 'untagged' ? 'untagged' : tagStatus === 'any' ? 'any image' : 'tagged'
}

function sayCount({ countType, countNumber }: JsonObject): string {
  const amount = String(countNumber)
  if (countType === 'imageCountMoreThan') return `more than ${amount} images`
  if (countType === 'sinceImagePushed') return `pushed more than ${amount} days ago`
  if (countType === 'sinceImagePulled') return `not pulled for ${amount} days`
  return countType === 'sinceImageTransitioned'
    ? `archived more than ${amount} days ago`
    : `${String(countType)} ${amount}`
}

function sayAction({ type, targetStorageClass }: JsonObject): string {
  return type === 'transition' ? `move to ${String(targetStorageClass)}` : String(type)
}
