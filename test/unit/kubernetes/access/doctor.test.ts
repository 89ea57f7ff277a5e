/** The collector, over a loopback API server: when it asks for rights, and that it never makes matters worse. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { Session } from '../../../../src/identity/model.ts'
import { accessDoctor, type AccessDoctor } from '../../../../src/kubernetes/access/doctor.ts'
import { createCluster } from '../../../../src/kubernetes/client.ts'
import { KubeError } from '../../../../src/kubernetes/errors.ts'
import { DeniedError } from '../../../../src/runtime/errors.ts'
import { startApiServer } from '../../../support/api-server.ts'
import { recordingLog } from '../../../support/context.ts'
import { json, type Handler, type Loopback } from '../../../support/loopback.ts'
import { SkippingClock } from '../../../support/manual-clock.ts'

const session: Session = {
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  accountId: '111122223333',
  partition: 'aws',
  region: 'eu-west-1',
  credentials: () => Promise.reject(new Error('not needed')),
}
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function doctorAt(
  handler: Handler,
  signal = new AbortController().signal,
): Promise<{ doctor: AccessDoctor; server: Loopback }> {
  const server = await startApiServer(handler)
  const [clock, log] = [new SkippingClock(), recordingLog()]
  const client = createCluster({ server: server.url, clock, random: () => 0.5, log })
  closing.push(server.close, client.close)
  const cluster = { name: 'prod', endpoint: server.url, ca: '', status: 'ACTIVE', publicAccess: true, publicCidrs: [] }
  const token = (): Promise<string> => Promise.resolve('')
  const { review } = client
  return {
    server,
    doctor: accessDoctor({ cluster, session, token, review, writes: true, context: { clock, log, signal } }),
  }
}

/** Refuses these verbs, and says who asks. */
const refusing =
  (...verbs: readonly string[]): Handler =>
  ({ path, body }, response) => {
    if (path.endsWith('/selfsubjectreviews')) return json(response, 201, { status: { userInfo: { groups: ['ci'] } } })
    json(response, 201, { status: { allowed: !verbs.some(verb => body.includes(`"verb":"${verb}"`)) } })
  }

const pods = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' }
const purpose = { application: 'shop', needs: [{ ...pods, verbs: ['list', 'watch', 'delete'] }] }
const forbidden = (message: string): KubeError =>
  new KubeError({ status: 403, reason: 'Forbidden', message, causes: [] })
const noList = forbidden(
  'pods is forbidden: User "ci:1" cannot list resource "pods" in API group "" in the namespace "shop"',
)

describe('the doctor', () => {
  test('answers a 403 with all rights that are missing', async () => {
    const { doctor } = await doctorAt(refusing('list', 'delete'))
    expect(await doctor.explain(noList, purpose)).toMatchObject({
      code: 'cluster-rights',
      why: 'Missing (2): list, delete on pods in namespace "shop".',
      cause: noList,
    })
  })

  test('knows the right that was refused, even where nobody thought of it', async () => {
    const { doctor } = await doctorAt(refusing('list'))
    const none = { application: 'shop', needs: [] }
    expect(await doctor.explain(noList, none)).toMatchObject({ why: 'Missing (1): list on pods in namespace "shop".' })
  })

  test('finds the same behind what a preview made of several refusals', async () => {
    const { doctor } = await doctorAt(refusing('watch'))
    const about = { object: 'Pod shop/api' }
    const preview = new DeniedError('deploy-denied', 'The API server refuses 2 objects', { todo: '', about })
    expect(await doctor.explain(preview, purpose)).toMatchObject({ code: 'cluster-rights', about })
  })

  test.each([
    ['an admission policy refused', forbidden('violates PodSecurity "restricted"'), 0],
    ['it is no question of access', new KubeError({ status: 409, reason: 'Conflict', message: '', causes: [] }), 0],
    ['all rights are there', noList, 3],
  ])('leaves the error as it is when %s', async (_, failure, questions) => {
    const { doctor, server } = await doctorAt(refusing())
    expect(await doctor.explain(failure, purpose)).toBe(failure)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(questions)
  })

  test('leaves it as well when it may not ask itself', async () => {
    const { doctor } = await doctorAt((_, response) => json(response, 403, { kind: 'Status', message: 'no reviews' }))
    expect(await doctor.explain(noList, purpose)).toBe(noList)
  })

  test('says nothing more once the step was cancelled', async () => {
    const { doctor, server } = await doctorAt(refusing('list'), AbortSignal.abort())
    expect(await doctor.explain(noList, purpose)).toBe(noList)
    expect(server.requests).toEqual([])
  })

  test('asked before anything failed, throws only when a right is missing', async () => {
    const { doctor } = await doctorAt(refusing('delete'))
    await expect(doctor.require(purpose)).rejects.toMatchObject({ code: 'cluster-rights' })
    await expect(doctor.require({ ...purpose, needs: [{ ...pods, verbs: ['list'] }] })).resolves.toBeUndefined()
    const optional = { ...pods, verbs: ['delete'], optional: true }
    await expect(doctor.require({ ...purpose, needs: [optional] })).resolves.toBeUndefined()
  })

  test('asked for a few rights first, is content with them', async () => {
    const { doctor, server } = await doctorAt(refusing('delete'))
    const list = { ...pods, verbs: ['list'] }
    await expect(doctor.require(purpose, [list])).resolves.toBeUndefined()
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
    await expect(doctor.require(purpose, [{ ...pods, verbs: ['delete'] }])).rejects.toMatchObject({
      why: 'Missing (1): delete on pods in namespace "shop".',
    })
  })

  test('does not stand in the way of who may not ask for its rights', async () => {
    const { doctor } = await doctorAt((_, response) => json(response, 403, { kind: 'Status', message: 'no reviews' }))
    await expect(doctor.require(purpose)).resolves.toBeUndefined()
  })
})
