import { github } from '../world.ts'
import { notFound, unprocessable, type Call, type Endpoint, type Reply } from './endpoints.ts'
import { botUser, nodeId, page, type Resource } from './store.ts'

/** GitHub refuses longer comments. */
const longest = 65_536
const permission = ['issues', 'pull_requests']

export const commentEndpoints: readonly Endpoint[] = [
  { method: 'get', path: '/issues/{issue_number}/comments', reply: list },
  { method: 'post', path: '/issues/{issue_number}/comments', permission, reply: create },
  { method: 'get', path: '/issues/comments/{comment_id}', reply: call => reply(find(call)) },
  { method: 'patch', path: '/issues/comments/{comment_id}', permission, reply: update },
  { method: 'delete', path: '/issues/comments/{comment_id}', permission, reply: remove },
]

function list({ store, at, query }: Call): Reply {
  const issue = store.url(`/issues/${at.issue_number}`)
  return {
    status: 200,
    body: page(
      [...store.comments.values()].filter(comment => comment.issue_url === issue),
      query,
    ),
  }
}

function create({ store, at, body }: Call): Reply {
  if (isTooLong(body)) return tooLong
  const id = store.id()
  const comment: Resource = {
    id,
    node_id: nodeId('IC', id),
    url: store.url(`/issues/comments/${id}`),
    html_url: `https://github.com/${github.repository}/issues/${at.issue_number}#issuecomment-${id}`,
    issue_url: store.url(`/issues/${at.issue_number}`),
    user: botUser,
    created_at: store.now(),
    updated_at: store.now(),
    author_association: 'NONE',
    body: body.body,
  }
  store.comments.set(id, comment)
  return { status: 201, body: comment }
}

function update(call: Call): Reply {
  const comment = find(call)
  if (!comment) return notFound
  if (isTooLong(call.body)) return tooLong
  const updated = { ...comment, body: call.body.body, updated_at: call.store.now() }
  call.store.comments.set(Number(comment.id), updated)
  return { status: 200, body: updated }
}

function remove({ store, at }: Call): Reply {
  return store.comments.delete(Number(at.comment_id)) ? { status: 204 } : notFound
}

function find({ store, at }: Call): Resource | undefined {
  return store.comments.get(Number(at.comment_id))
}

function reply(found: Resource | undefined): Reply {
  return found ? { status: 200, body: found } : notFound
}

function isTooLong({ body }: Resource): boolean {
  return String(body).length > longest
}

const tooLong = unprocessable('IssueComment', 'data', `Body is too long (maximum is ${longest} characters)`)
