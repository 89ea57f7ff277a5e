import { subjectForms, trustStatement, type Claims } from '../claims.ts'
import { plainMarkdown } from '../../runtime/failure.ts'
import type { Role } from '../role.ts'
import type { Obstacle } from './diagnose.ts'

export interface Refused {
  readonly role: Role
  readonly claims: Claims
  /** Where the trust policy was read. */
  readonly source?: string
  readonly obstacles?: readonly Obstacle[]
  /** Why the trust policy could not be read, as the end of a sentence. */
  readonly unread?: string
  readonly causes?: readonly string[]
}

/**
 * For the step summary: what fails, what the token of this job says, and a statement that accepts exactly this job.
 * Pure; whatever a branch or a policy is called, it stays text.
 */
export function refusalDetails({ role, claims, source, obstacles = [], unread, causes = [] }: Refused): string {
  return [
    ...(obstacles.length === 0
      ? []
      : [
          `**What refuses**, by ${source === undefined ? 'the trust policy' : plainMarkdown(source)}:`,
          obstacleTable(obstacles),
        ]),
    ...(causes.length === 0
      ? []
      : [
          `The trust policy could not be read: ${plainMarkdown(unread ?? 'nobody may')}. Usual causes, most likely first:`,
          causes.map((one, index) => `${index + 1}. ${plainMarkdown(one)}`).join('\n'),
        ]),
    '**What the token of this job says:**',
    claimTable(claims),
    `**A statement that accepts exactly this job**, for the trust policy of \`${code(role.name)}\`:`,
    `\`\`\`json\n${JSON.stringify(JSON.parse(trustStatement(claims, role)), undefined, 2)}\n\`\`\``,
  ].join('\n\n')
}

function obstacleTable(obstacles: readonly Obstacle[]): string {
  const rows = obstacles.map(({ statement, part, expected, found, advice = '' }) =>
    row(
      plainMarkdown(statement),
      cell(part),
      expected.map(cell).join(' or '),
      found === undefined ? 'nothing' : cell(found),
      plainMarkdown(advice),
    ),
  )
  return [
    row('Where', 'What', 'Expected', 'This job has', 'What to change'),
    row('---', '---', '---', '---', '---'),
    ...rows,
  ].join('\n')
}

/** Claims that trust policies test; both forms of the subject, so that a policy for the other one is recognised. */
function claimTable(claims: Claims): string {
  const forms = subjectForms(claims)
  const other = [forms?.legacy, forms?.immutable].find(form => form !== undefined && form !== claims.sub)
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['sub', claims.sub],
    [other === forms?.legacy ? 'sub, without ids' : 'sub, with ids', other],
    ['aud', claims.aud],
    ['iss', claims.iss],
    ['repository', claims.repository],
    ['ref', claims.ref],
    ['environment', claims.environment],
    ['event_name', claims.eventName],
    ['job_workflow_ref', claims.jobWorkflowRef],
  ]
  const rows = entries.flatMap(([name, value]) => (value === undefined ? [] : [row(name, cell(value))]))
  return [row('Claim', 'Value'), row('---', '---'), ...rows].join('\n')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** As code in a table: a bar would end the cell even there. */
function cell(text: string): string {
  return `\`${code(text)}\``
}

function code(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('`', "'")
    .replaceAll('|', String.raw`\|`)
}
