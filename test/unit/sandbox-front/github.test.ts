import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createGithub } from '../../../sandbox/github/github.ts'
import { serve, type Answered, type Served } from './ask.ts'

const github = createGithub(() => Date.parse('2026-11-23T16:00:00Z'))
let served: Served

beforeAll(async () => {
  served = await serve(exchange => github.handle(exchange))
})
afterAll(() => served.close())

function ask(method: string, path: string, body?: object, token = 'any'): Promise<Answered> {
  const asked = {
    host: 'api.github.com',
    method,
    path: `/repos/acme/shop${path}`,
    headers: { authorization: `token ${token}` },
  }
  return served.ask(body === undefined ? asked : { ...asked, body: JSON.stringify(body) })
}

const bodyOf = ({ text }: Answered): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
async function idOf(answer: Promise<Answered>): Promise<string> {
  return String(bodyOf(await answer)['id'])
}

const sha = 'a'.repeat(40)

test('without a token it answers as to bad credentials', async () => {
  expect(await served.ask({ host: 'api.github.com', path: '/repos/acme/shop' })).toMatchObject({ status: 401 })
})

test("the sample's repository has its name and its id", async () => {
  expect(bodyOf(await ask('GET', ''))).toMatchObject({
    full_name: 'acme/shop',
    id: 910_000_001,
    default_branch: 'main',
  })
})

test('a comment is made, changed, listed and deleted', async () => {
  const id = await idOf(ask('POST', '/issues/7/comments', { body: 'first' }))
  expect(bodyOf(await ask('PATCH', `/issues/comments/${id}`, { body: 'second' }))).toMatchObject({ body: 'second' })
  expect(JSON.parse((await ask('GET', '/issues/7/comments')).text)).toMatchObject([
    { id: Number(id), body: 'second', user: { login: 'github-actions[bot]' } },
  ])
  expect(await ask('DELETE', `/issues/comments/${id}`)).toMatchObject({ status: 204 })
  expect(await ask('GET', `/issues/comments/${id}`)).toMatchObject({ status: 404 })
})

test("a comment over 65,536 characters and a request that is not GitHub's are refused", async () => {
  expect(await ask('POST', '/issues/7/comments', { body: 'x'.repeat(65_537) })).toMatchObject({ status: 422 })
  const answer = await ask('POST', '/issues/7/comments', { text: 'x' })
  expect(answer.status).toBe(422)
  expect(bodyOf(answer).message).toContain("must have required property 'body'")
})

test('a conclusion completes a check run, and annotations add up', async () => {
  const annotation = { path: 'Dockerfile', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'm' }
  const id = await idOf(ask('POST', '/check-runs', { name: 'scan', head_sha: sha, status: 'in_progress' }))
  const output = { title: 't', summary: 's', annotations: [annotation] }
  await ask('PATCH', `/check-runs/${id}`, { output })
  const done = bodyOf(await ask('PATCH', `/check-runs/${id}`, { conclusion: 'failure', output }))
  expect(done).toMatchObject({ status: 'completed', conclusion: 'failure', output: { annotations_count: 2 } })
})

test('more than fifty annotations in one request are refused', async () => {
  const annotation = { path: 'Dockerfile', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'm' }
  const output = { title: 't', summary: 's', annotations: Array.from({ length: 51 }, () => annotation) }
  expect(await ask('POST', '/check-runs', { name: 'scan', head_sha: sha, output })).toMatchObject({ status: 422 })
})

test('a successful deployment makes the earlier one of its environment inactive', async () => {
  const deploy = async (): Promise<string> => {
    const id = await idOf(ask('POST', '/deployments', { ref: sha, environment: 'prod', required_contexts: [] }))
    await ask('POST', `/deployments/${id}/statuses`, { state: 'success' })
    return id
  }
  const earlier = await deploy()
  await deploy()
  expect(JSON.parse((await ask('GET', `/deployments/${earlier}/statuses`)).text)).toMatchObject([
    { state: 'inactive' },
    { state: 'success' },
  ])
})

test('a SARIF upload must be packed SARIF 2.1.0', async () => {
  const sarif = gzipSync(JSON.stringify({ version: '2.1.0', runs: [] })).toString('base64')
  const id = await idOf(ask('POST', '/code-scanning/sarifs', { commit_sha: sha, ref: 'refs/heads/main', sarif }))
  expect(bodyOf(await ask('GET', `/code-scanning/sarifs/${id}`))).toMatchObject({ processing_status: 'complete' })
  expect(
    await ask('POST', '/code-scanning/sarifs', { commit_sha: sha, ref: 'refs/heads/main', sarif: 'AAAA' }),
  ).toMatchObject({ status: 400 })
})

test('a token without the permission cannot write', async () => {
  const token = github.mintToken({ checks: 'write' })
  expect(await ask('POST', '/issues/7/comments', { body: 'x' }, token)).toMatchObject({ status: 403 })
  expect(await ask('POST', '/check-runs', { name: 'scan', head_sha: sha }, token)).toMatchObject({ status: 201 })
})
