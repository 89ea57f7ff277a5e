import { expect, test } from '@jest/globals'
import { ecrPush, renderPolicy } from '../../../src/identity/session-policy.ts'
import { loginLine, loginSummary } from '../../../src/report/login-report.ts'
import { sessionSummary } from '../../../src/report/session-report.ts'

test('the session policy of a step is folded: what may be done on what, and the policy as it was sent', () => {
  const policy = ecrPush({
    push: [{ partition: 'aws', region: 'eu-west-1', account: '111122223333', name: 'shop/api' }],
  })
  const rendered = renderPolicy(policy)
  const role = 'arn:aws:iam::111122223333:role/build'
  const text = sessionSummary({ role, policy, rendered, limit: 2048 })
  expect(text).toMatch(/^<details><summary>AWS session: 8 actions, nothing else<\/summary>\n/)
  expect(text).toContain(
    `This step assumed \`${role}\`, limited by a session policy (${rendered.length} of 2048 characters)`,
  )
  expect(text).toContain('| `ecr:GetAuthorizationToken` | `*` |')
  expect(text).toContain('| `arn:aws:ecr:eu-west-1:111122223333:repository/shop/api` |')
  expect(text).toContain(`\`\`\`text\n${rendered}\n\`\`\``)
  expect(text).toMatch(/<\/details>$/)
})

test('a login says where to, for how long and for what', () => {
  const view = { registries: ['public.ecr.aws'], access: 'pull', expiresAt: new Date('2026-11-26T18:40:12Z') }
  expect(loginLine(view)).toMatch(/^✓ logged in to public\.ecr\.aws · until 2026-11-26 18:40 UTC · /)
  expect(loginSummary(view)).toContain('**Logged in to 1 registry** until 2026-11-26 18:40 UTC')
})
