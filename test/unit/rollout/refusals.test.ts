import { describe, expect, test } from '@jest/globals'
import { KubeError, type KubeCause } from '../../../src/kubernetes/errors.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { explainRefusals } from '../../../src/rollout/preview/refusals.ts'
import { deployment, object } from '../../support/objects.ts'

const error = (status: number, message: string, causes: readonly KubeCause[] = []): KubeError =>
  new KubeError({ status, reason: 'Invalid', message, causes })

const statefulSet = (storage: string, image = 'postgres:17'): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'shop' },
  spec: {
    template: { spec: { containers: [{ name: 'db', image }] } },
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage } } } }],
  },
})

describe('a field that cannot be changed', () => {
  test('is named with both values where the server names it', () => {
    const live = deployment('api', 'shop/api', { spec: { selector: { matchLabels: { app: 'api' } } } })
    const wanted = deployment('api', 'shop/api:2', { spec: { selector: { matchLabels: { app: 'web' } } } })
    const causes = [{ reason: 'FieldValueInvalid', message: 'field is immutable', field: 'spec.selector' }]
    const refused = error(
      422,
      'Deployment.apps "api" is invalid: spec.selector: Invalid value: {…}: field is immutable',
      causes,
    )
    expect(explainRefusals([{ object: wanted, live, error: refused }])).toMatchObject({
      code: 'field-immutable',
      message: 'Deployment api: spec.selector.matchLabels.app (api → web) cannot be changed',
      todo: expect.stringContaining('`kubectl delete deployment api --cascade=orphan`'),
    })
  })

  test('is found where the server only says what may be changed', () => {
    const says =
      'StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than ' +
      "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    const live = statefulSet('1Gi')
    const causes = [{ reason: 'FieldValueForbidden', message: says, field: 'spec' }]
    expect(
      explainRefusals([{ object: statefulSet('2Gi', 'postgres:18'), live, error: error(422, says, causes) }]),
    ).toMatchObject({
      code: 'field-immutable',
      message:
        'StatefulSet shop/db: spec.volumeClaimTemplates[data].spec.resources.requests.storage (1Gi → 2Gi) cannot be changed',
    })
  })

  test('of a Secret is named without its value', () => {
    const [live, wanted] = ['b25l', 'dHdv'].map(key => ({
      ...object('Secret', 'keys'),
      immutable: true,
      data: { key },
    }))
    const says = 'Secret "keys" is invalid: data: Forbidden: field is immutable when `immutable` is set'
    const causes = [
      { reason: 'FieldValueForbidden', message: 'field is immutable when `immutable` is set', field: 'data' },
    ]
    const { message } = explainRefusals([{ object: wanted ?? object('', ''), live, error: error(422, says, causes) }])
    expect(message).toBe('Secret keys: data.key cannot be changed')
  })

  test('is told in the words of the server where it is not found', () => {
    const live = object('Thing', 'a')
    expect(explainRefusals([{ object: live, live, error: error(422, 'spec.mode is immutable') }]).message).toBe(
      'Thing a: spec.mode is immutable',
    )
  })
})

describe('a field that another manager owns', () => {
  const conflict = (manager: string, field: string): KubeError => {
    const message = `conflict with "${manager}" using apps/v1`
    return error(409, message, [{ reason: 'FieldManagerConflict', message, field }])
  }

  test('is named with the manager, and who that is', () => {
    const object = deployment('api')
    const refused = explainRefusals([{ object, live: object, error: conflict('kubectl-edit', '.spec.template') }])
    expect(refused).toMatchObject({
      code: 'field-conflict',
      message: 'The API server refuses Deployment api: kubectl-edit owns .spec.template',
      why: 'Another manager owns fields that the manifests set (kubectl-edit is somebody with kubectl). Nothing was applied.',
    })
  })

  test('for the number of pods says to leave it out', () => {
    const object = deployment('api')
    const refused = explainRefusals([
      { object, live: object, error: conflict('kube-controller-manager', '.spec.replicas') },
    ])
    expect(refused.todo).toContain('Remove `spec.replicas` from the manifest')
    expect(refused.why).toContain('HorizontalPodAutoscaler')
  })
})
