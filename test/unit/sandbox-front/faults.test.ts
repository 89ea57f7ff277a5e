import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createFaults } from '../../../sandbox/front/faults.ts'
import { sendJson } from '../../../sandbox/front/http.ts'
import { serve, type Served } from './ask.ts'

const faults = createFaults()
const ecr = { host: 'api.ecr.us-east-1.amazonaws.com', path: '/', headers: { 'x-amz-target': 'X.DescribeImages' } }
let served: Served

beforeAll(async () => {
  served = await serve(async exchange => {
    if (!(await faults.apply(exchange))) sendJson(exchange, 200, {})
  })
})
afterAll(() => served.close())

test('a fault hits as many matching requests as asked, in the shape of the service', async () => {
  faults.add({ match: 'DescribeImages', times: 2, status: 400, code: 'ThrottlingException', message: 'Rate exceeded' })
  const throttled = { status: 400, text: '{"__type":"ThrottlingException","message":"Rate exceeded"}' }
  expect(await served.ask({ ...ecr, headers: { 'x-amz-target': 'X.PutImage' } })).toMatchObject({ status: 200 })
  expect(await served.ask(ecr)).toMatchObject(throttled)
  expect(await served.ask(ecr)).toMatchObject(throttled)
  expect(await served.ask(ecr)).toMatchObject({ status: 200 })
})

test('a fault can name its host, set headers and break the connection', async () => {
  const registry = { host: '123456789012.dkr.ecr.us-east-1.amazonaws.com', path: '/v2/' }
  faults.add({ host: registry.host, status: 429, headers: { 'retry-after': '2' } })
  expect(await served.ask(ecr)).toMatchObject({ status: 200 })
  expect(await served.ask(registry)).toMatchObject({ status: 429, headers: { 'retry-after': '2' } })
  faults.add({ reset: true })
  await expect(served.ask(registry)).rejects.toMatchObject({ code: 'ECONNRESET' })
})
