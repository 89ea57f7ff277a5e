import { describe, expect, test } from '@jest/globals'
import type { AccessDoctor, Purpose } from '../../../src/kubernetes/access/doctor.ts'
import type { Need } from '../../../src/kubernetes/access/review.ts'
import { KubeError } from '../../../src/kubernetes/errors.ts'
import { newSight, releaseNeeds, verifyNeeds, withAccess } from '../../../src/rollout/rights.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { DeniedError } from '../../../src/runtime/errors.ts'
import { recordingLog } from '../../support/context.ts'
import { workload } from '../../support/manifests.ts'
import { object } from '../../support/objects.ts'
import { maps, shop } from '../../support/releases.ts'

const place = { application: 'shop', namespace: 'shop' }
/** `get, list Deployment shop`, `list pods/log shop (optional)`. */
const said = ({ needs }: Purpose): readonly string[] =>
  needs.map(({ kind, namespace = '*', subresource, verbs, optional }: Need) => {
    const what = subresource === undefined ? kind : `${kind}/${subresource}`
    return `${verbs.join()} ${what} ${namespace}${optional === true ? ' (optional)' : ''}`
  })

describe('what a release needs', () => {
  test('of a Deployment: its lock, its records, the object itself, and what it is judged by', () => {
    expect(said(releaseNeeds({ ...place, objects: [workload('true')] }))).toEqual([
      'get,create,update Lease shop',
      'list,create,patch,delete Secret shop',
      'get,create,patch,delete Deployment shop',
      'list,watch Deployment shop',
      'list,watch Pod shop',
      'list,watch Node * (optional)',
      'list,watch ReplicaSet shop',
      'list,watch Event shop (optional)',
      'get Pod/log shop (optional)',
    ])
  })

  test('of configuration alone is no more than to write it', () => {
    const elsewhere = object('ConfigMap', 'b')
    const objects = [...maps('a'), { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'other' } }]
    expect(said(releaseNeeds({ ...place, objects }))).toEqual([
      'get,create,update Lease shop',
      'list,create,patch,delete Secret shop',
      'get,create,patch,delete ConfigMap shop',
      'get,create,patch,delete ConfigMap other',
    ])
  })

  test('to be judged at all is asked for once: what the last good release had is proven', () => {
    const [old, job] = [workload('true'), { ...object('Job', 'migrate'), apiVersion: 'batch/v1' }]
    const kinds = (proven: readonly KubeObject[]): readonly string[] =>
      newSight({ ...place, objects: [old, job, ...maps('a')] }, proven).map(({ kind }) => kind)
    expect(kinds([])).toEqual(['Deployment', 'Pod', 'ReplicaSet', 'Job'])
    expect(kinds([old])).toEqual(['Job'])
    expect(kinds([old, job])).toEqual([])
  })

  test('to be verified is to be read', () => {
    const verbs = verifyNeeds({ ...place, objects: [workload('true')] }).needs.flatMap(need => need.verbs)
    expect([...new Set(verbs)].toSorted()).toEqual(['get', 'list', 'watch'])
  })
})

const lack = new DeniedError('cluster-rights', 'The role lacks 3 rights.', {
  why: 'Missing: …',
  todo: 'Apply it.',
  details: 'kind: Role',
})

/** A doctor that finds the same lack whenever it is asked. */
function doctor(): AccessDoctor & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async explain(failure, purpose) {
      asked.push(`explain ${failure instanceof Error ? failure.message : ''} for ${purpose?.needs.length}`)
      return lack
    },
    async require(purpose, decisive) {
      asked.push(`require ${purpose.needs.length}${decisive === undefined ? '' : `, first ${decisive.length}`}`)
      throw lack
    },
  }
}

describe('a release that may not do what it needs', () => {
  const forbidden = new KubeError({ status: 403, reason: 'Forbidden', message: 'no leases', causes: [] })

  test('is told all that is missing, whatever it met first', async () => {
    const access = doctor()
    const { api, deploy } = shop()
    api.objection = () => forbidden
    await expect(deploy(maps('a'), {}, { access })).rejects.toBe(lack)
    expect(access.asked).toEqual(['explain no leases for 3'])
  })

  test('is told so by a dry run, which would meet nothing', async () => {
    const access = doctor()
    const { api, deploy, rollback } = shop()
    await expect(deploy(maps('a'), { dryRun: true }, { access })).rejects.toBe(lack)
    await deploy(maps('a'))
    await deploy(maps('b'))
    const before = [...api.writes]
    await expect(rollback({ dryRun: true }, { access })).rejects.toBe(lack)
    expect(access.asked.filter(asked => asked.startsWith('require'))).toEqual(['require 3', 'require 3'])
    expect(api.writes).toEqual(before)
  })

  test('is told so before anything is applied, when it could not be judged; configuration alone needs no judge', async () => {
    const access = doctor()
    const { api, deploy } = shop()
    await expect(deploy([workload('true')], {}, { access })).rejects.toBe(lack)
    expect(access.asked[0]).toBe('require 9, first 3')
    expect(api.writes).toEqual([])
    expect(await deploy(maps('a'), {}, { access })).toMatchObject({ result: { verdict: 'healthy' } })
    expect(access.asked.filter(asked => asked.startsWith('require'))).toHaveLength(1)
  })

  test('keeps the words of the API server where there is no doctor', async () => {
    const { api, deploy } = shop()
    api.objection = () => forbidden
    await expect(deploy(maps('a'))).rejects.toBe(forbidden)
  })

  test('whose gate lost its rights keeps its verdict, and the log says what is missing', async () => {
    const [access, log] = [doctor(), recordingLog()]
    const outcome = {
      ...place,
      images: [],
      changes: [],
      dryRun: false,
      result: { verdict: 'unknown', cause: { code: 'permission-lost' } },
    }
    const purpose = (): Purpose => releaseNeeds({ ...place, objects: [] })
    const work = (): Promise<never> => Promise.resolve(outcome as never)
    expect(await withAccess(purpose, { access, log }, work)).toBe(outcome)
    expect(log.lines).toEqual(['warning: The role lacks 3 rights. Missing: … Apply it.', 'kind: Role'])
  })
})
