import type { PolicyDocument } from '../identity/model.ts'
import type { Text } from './document.ts'
import { count } from './document.ts'
import { markdownBlocks } from './markdown.ts'

export interface SessionView {
  readonly role: string
  readonly policy: PolicyDocument
  /** The policy as it was sent. */
  readonly rendered: string
  /** Most characters that STS accepts. */
  readonly limit: number
}

/** What a step might do in AWS at most, folded: the end of its summary. Pure. */
export function sessionSummary({ role, policy, rendered, limit }: SessionView): string {
  const statements = policy.Statement
  const actions = new Set(statements.flatMap(({ Action }) => Action))
  return markdownBlocks([
    {
      kind: 'details',
      summary: [`AWS session: ${count(actions.size, 'action')}, nothing else`],
      blocks: [
        {
          kind: 'text',
          text: [
            'This step assumed ',
            { code: role },
            `, limited by a session policy (${rendered.length} of ${limit} characters) to`,
          ],
        },
        {
          kind: 'table',
          head: ['Action', 'Resource'],
          rows: statements.map(({ Action, Resource }) => [codes(Action), codes(Resource)]),
        },
        { kind: 'code', text: rendered },
      ],
    },
  ])
}

function codes(values: string | readonly string[]): Text {
  return [values].flat().flatMap((code, index) => [...(index === 0 ? [] : [', ']), { code }])
}
