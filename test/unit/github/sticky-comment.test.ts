import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'

import { createGithub } from '../../../sandbox/github/github.ts'
import { githubClient, type GitHubClient } from '../../../src/github/client.ts'
import { keepComment, type StickyComment } from '../../../src/github/sticky-comment.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { httpSend } from '../../../src/runtime/http.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { serve, type Served } from '../sandbox-front/ask.ts'

// Every request is held against GitHub's OpenAPI description.
const github = createGithub(() => Date.parse('2026-11-26T16:00:00Z'))
let served: Served
beforeAll(async () => {
  served = await serve(exchange => github.handle(exchange))
})
afterAll(() => served.close())
beforeEach(() => github.clear())
jest.setTimeout(120_000)

/** Reading GitHub's description takes its time on a busy machine; that is no silence of GitHub. */
const patient: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms * 20, signal) }

function client(token = github.mintToken({ pull_requests: 'write' })): GitHubClient {
  const ports = { clock: patient, random: () => 0, send: httpSend }
  const apiUrl = `http://127.0.0.1:${served.port}`
  return githubClient({ apiUrl, repository: 'acme/shop', token, patienceMs: 60_000 }, ports)
}

const mark = '<!-- slipway:image-scan:v1 key=0a0a0a0a -->'
const wanted: StickyComment = { pullRequest: 7, body: '### Scan\n', mark, create: true, asBot: true }

interface Kept {
  readonly id: number
  readonly body: string
}
const kept = (): readonly Kept[] => (github.state() as { readonly comments: readonly Kept[] }).comments

test('the first scan makes a comment, the same again leaves it alone, another changes it in place', async () => {
  expect(await keepComment(client(), wanted)).toBe('made')
  expect(kept()).toMatchObject([{ body: `### Scan\n\n${mark}` }])
  expect(await keepComment(client(), wanted)).toBe('unchanged')
  expect(await keepComment(client(), { ...wanted, body: '### Scan passed' })).toBe('changed')
  expect(kept()).toMatchObject([{ body: `### Scan passed\n\n${mark}` }])
})

test('where nothing need be said, no comment is begun, but one that is there is kept up to date', async () => {
  expect(await keepComment(client(), { ...wanted, create: false })).toBe('none')
  expect(kept()).toEqual([])
  await keepComment(client(), wanted)
  expect(await keepComment(client(), { ...wanted, body: 'passed', create: false })).toBe('changed')
})

test('each pull request and each image has a comment of its own, found on any page', async () => {
  const api = client()
  for (let index = 0; index < 101; index++) await api.post('/issues/7/comments', { body: `comment ${index}` })
  expect(await keepComment(api, wanted)).toBe('made')
  expect(await keepComment(api, wanted)).toBe('unchanged')
  expect(await keepComment(api, { ...wanted, mark: '<!-- slipway:image-scan:v1 key=0b0b0b0b -->' })).toBe('made')
  expect(await keepComment(api, { ...wanted, pullRequest: 8 })).toBe('made')
  expect(kept()).toHaveLength(104)
})

test('a token without the permission is refused with the words of GitHub', async () => {
  const api = client(github.mintToken({ contents: 'read' }))
  await expect(keepComment(api, wanted)).rejects.toMatchObject({ status: 403 })
  expect(kept()).toEqual([])
})

/** A pull request with one comment; what is written to it by whom. */
function withComment(comment: object, viewer: string): { readonly api: GitHubClient; readonly written: string[] } {
  const written: string[] = []
  const write = (path: string): Promise<unknown> => Promise.resolve(written.push(path))
  const get = (): Promise<unknown> => Promise.resolve([comment])
  return { api: { get, post: write, patch: write, viewer: () => Promise.resolve(viewer) }, written }
}

const old = `old\n\n${mark}`
const bot = 'github-actions[bot]'

test.each([
  ['a stranger who planted the mark', { login: 'mallory', type: 'User' }, old, bot],
  ['a person with the name of the bot', { login: 'github-actions', type: 'User' }, old, bot],
  ['another bot', { login: 'renovate[bot]', type: 'Bot' }, old, bot],
  ['another member, where the token is of a person', { login: 'grace', type: 'User' }, old, 'ada'],
  ['a bot with the name of the person', { login: 'ada[bot]', type: 'Bot' }, old, 'ada'],
  ['an account that is gone', null, old, bot],
  ['our own bot that quotes the mark', { login: bot, type: 'Bot' }, `> ${mark}\n\nhow?`, bot],
])('the comment of %s is not taken for our own', async (_, user, body, viewer) => {
  const { api, written } = withComment({ id: 1, body, user }, viewer)
  expect(await keepComment(api, { ...wanted, asBot: viewer === bot })).toBe('made')
  expect(written).toEqual(['/issues/7/comments'])
})

test.each([
  ['the bot of the workflow', { login: bot, type: 'Bot' }, bot],
  ['an app that GraphQL names without its suffix', { login: 'ship[bot]', type: 'Bot' }, 'ship'],
  ['the person whose token it is', { login: 'ada', type: 'User' }, 'ada'],
])('the comment of %s is', async (_, user, viewer) => {
  const { api, written } = withComment({ id: 1, body: old, user }, viewer)
  expect(await keepComment(api, { ...wanted, asBot: viewer !== 'ada' })).toBe('changed')
  expect(written).toEqual(['/issues/comments/1'])
})
