import { describe, expect, test } from '@jest/globals'
import { placeOfCause } from '../../../src/rollout/render/cause-place.ts'
import { manifestsIn } from '../../support/render.ts'

const manifests = manifestsIn(`apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      serviceAccountName: shop
      initContainers:
      - name: wait
        image: shop/wait
      containers:
      - name: side
        image: shop/side
      - name: api
        image: shop/api
        envFrom:
        - secretRef:
            name: shop-database
        livenessProbe:
          httpGet: {path: /}
      volumes:
      - name: settings
        configMap: {name: shop-settings}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {containers: [{name: migrate, image: shop/api}]}}}
`)

const lineOf = (
  code: string,
  subject = 'Deployment shop/api',
  container: string | undefined = 'api',
  says = '',
): unknown => placeOfCause({ code, subject, says, ...(container === '' ? {} : { container }) }, manifests, 'shop')?.line

describe('a cause is annotated', () => {
  test.each([
    ['an image that is not there', lineOf('image-not-found'), 15],
    ['the image of an init container', lineOf('image-not-found', undefined, 'wait'), 10],
    ['a probe that kills', lineOf('liveness-kill'), 19],
    ['a crash loop', lineOf('crash-loop'), 14],
    ['a limit that is set nowhere', lineOf('oom-killed'), 14],
    [
      'a Secret that is missing',
      lineOf('config-missing', undefined, 'api', 'container "api" cannot start: secret "shop-database" not found'),
      18,
    ],
    [
      'a Secret that a second source names',
      lineOf(
        'config-missing',
        undefined,
        'api',
        'container "api" cannot start: Secret shop/shop-database does not exist.',
      ),
      18,
    ],
    [
      'a Secret that no field names',
      lineOf('config-missing', undefined, 'api', 'container "api": Secret shop/shop'),
      2,
    ],
    [
      'a volume whose source is missing',
      lineOf('volume-missing', undefined, '', 'a volume cannot be mounted: configmap "shop-settings" not found'),
      23,
    ],
    ['a ServiceAccount', lineOf('service-account-missing', undefined, ''), 7],
    ['a pod that fits on no node', lineOf('unschedulable', undefined, ''), 2],
    ['a Job under the name of its revision', lineOf('job-failed', 'Job shop/migrate-r12', ''), 28],
  ])('%s', (_, line, expected) => {
    expect(line).toBe(expected)
  })

  test.each([
    ['of an object that is none of ours', 'Deployment shop/other'],
    ['of the release as a whole', 'release'],
    ['of the same name elsewhere', 'Deployment other/api'],
  ])('nowhere when it is %s', (_, subject) => {
    expect(lineOf('crash-loop', subject)).toBeUndefined()
  })
})
