import { describe, expect, test } from '@jest/globals'
import { check } from '../../support/render.ts'

const configMap = (fields: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n${fields}\n`

/** A Deployment whose container has `fields`, from line 11 on. */
const deployment = (fields: string, image = 'shop/api', spec = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:${spec}
  template:
    spec:
      containers:
      - name: api
        image: ${image}
${fields.replaceAll(/^/gm, '        ')}
`

const refusal = (text: string, request?: Parameters<typeof check>[1]): unknown => {
  try {
    return check(text, request)
  } catch (thrown) {
    return thrown
  }
}

describe('a value that nothing filled in is refused, with its path and line:', () => {
  test.each([
    ['an image', deployment('ports: []', 'shop/api:${TAG}'), '10', 'containers[0].image', '${TAG}'],
    [
      'an image with a default',
      deployment('ports: []', '"${REPO:-shop}/api"'),
      '10',
      'containers[0].image',
      '${REPO:-shop}',
    ],
    ['an image without braces', deployment('ports: []', 'shop/api:$TAG'), '10', 'containers[0].image', '$TAG'],
    [
      'a template',
      deployment('ports: []', '"{{ .Values.image }}"'),
      '10',
      'containers[0].image',
      '{{ .Values.image }}',
    ],
    ['a field', deployment('workingDir: /srv/${app}'), '11', 'containers[0].workingDir', '${app}'],
    [
      'the whole value of a variable',
      deployment('env:\n- name: URL\n  value: ${URL}'),
      '13',
      'containers[0].env[0].value',
      '${URL}',
    ],
  ])('%s', (_, text, line, path, placeholder) => {
    expect(refusal(text)).toMatchObject({
      code: 'placeholder-left',
      message: `k8s/api.yaml:${line}: spec.template.spec.${path} of Deployment api still holds ${placeholder}.`,
      place: { file: 'k8s/api.yaml', line: Number(line) },
    })
  })

  test.each([
    ['a name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${APP}-settings"}', 'metadata.name'],
    [
      'an annotation',
      configMap('').replace('{name: a}', '{name: a, annotations: {role-arn: "arn:aws:iam::${ACCOUNT}:role/a"}}'),
      'metadata.annotations.role-arn',
    ],
    [
      'the image of a custom resource',
      'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{image: "a:${T}"}]}}}',
      'containers[0].image',
    ],
  ])('%s', (_, text, path) => {
    expect(refusal(text)).toMatchObject({ code: 'placeholder-left', message: expect.stringContaining(path) })
  })

  test('several are counted, and what stands around them is not repeated', () => {
    const text = deployment('workingDir: secret-${A}\nterminationMessagePath: ${B}', 'a:${C}')
    const { message } = refusal(text) as Error
    expect(message).toContain('still holds ${C} (and 2 more like it).')
    expect(message).not.toContain('secret')
  })
})

describe('text that belongs to somebody else is left alone:', () => {
  test.each([
    ['data of a ConfigMap', configMap('data: {nginx: "set $URI ${HOST} {{ .Name }}"}')],
    ['data of a Secret', configMap('stringData: {a: "${HOST}"}').replace('ConfigMap', 'Secret')],
    ['a command', deployment('command: [sh, -c, "echo ${HOME} $PATH"]')],
    ['arguments', deployment('args: ["--format={{ json . }}", "$(NAME)", "${NAME}"]')],
    ['a probe that runs a command', deployment('livenessProbe: {exec: {command: [sh, -c, "test $READY"]}}')],
    ['references of Kubernetes', deployment('env:\n- {name: A, value: "x-$(B)"}\n- {name: B, value: b}')],
    ['a variable of the same container', deployment('env:\n- {name: A, value: "${B}"}\n- {name: B, value: b}')],
    ['a dollar inside a password', deployment('env:\n- {name: A, value: "pa$WORD"}')],
    ['an expression with a dollar', deployment('env:\n- {name: A, value: "^/api(/|$)(.*)"}')],
    [
      'an annotation with a snippet',
      configMap('').replace(
        '{name: a}',
        '{name: a, annotations: {snippet: "rewrite $request_uri ${host} {{ with x }}"}}',
      ),
    ],
    [
      'fields of a custom resource',
      'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec: {target: {template: {data: {url: "{{ .host }} ${X}"}}}}',
    ],
    [
      'the schema of a definition',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {versions: [{schema: {description: "use ${VAR}"}}]}',
    ],
    ['a text of several lines', deployment('workingDir: |\n  a\n  ${B}')],
  ])('%s', (_, text) => {
    expect(check(text)).toEqual([])
  })
})

test.each([
  ['a part of a value', 'env:\n- name: A\n  value: "http://${HOST}:80"', '${HOST}'],
  ['a value where names come from elsewhere', 'envFrom: []\nenv:\n- name: A\n  value: ${HOST}', '${HOST}'],
  ['a value without braces', 'env:\n- name: A\n  value: $HOST', '$HOST'],
])('%s may be meant for the application: a warning at its line', (_, fields, placeholder) => {
  expect(check(deployment(fields))).toEqual([
    {
      place: { file: 'k8s/api.yaml', line: 10 + fields.split('\n').length },
      says: expect.stringMatching(
        new RegExp(`holds ${placeholder.replaceAll('$', String.raw`\$`)}: Kubernetes expands only`),
      ),
    },
  ])
})

describe('namespaces', () => {
  const elsewhere = configMap('').replace('{name: a}', '\n  name: a\n  namespace: other')

  test('other than that of the release are refused, at the line that names them', () => {
    expect(refusal(elsewhere)).toMatchObject({
      code: 'namespace-foreign',
      message: 'k8s/api.yaml:5: ConfigMap a is for namespace "other", this release for "shop".',
      todo: expect.stringContaining('"other-namespaces: other"'),
      place: { line: 5 },
    })
  })

  test.each([
    ['that is allowed', elsewhere, { otherNamespaces: ['other'] }],
    ['that is the own one', elsewhere, { namespace: 'other' }],
    ['of a kind that lives in none', elsewhere.replace('ConfigMap', 'Namespace'), {}],
    ['that is not named', configMap(''), {}],
  ])('one %s is fine', (_, text, request) => {
    expect(check(text, request)).toEqual([])
  })
})

describe('times that contradict each other', () => {
  const limits = { timeoutMs: 60_000, soakMs: 20_000 }

  test.each([
    [
      'a progress deadline within minReadySeconds',
      deployment('ports: []', 'a', ' {progressDeadlineSeconds: 30, minReadySeconds: 30}').replace(
        '\n  template',
        '\nx',
      ),
      'k8s/api.yaml:5: spec.progressDeadlineSeconds of Deployment api is 30 s, and minReadySeconds 30 s',
    ],
    [
      'a minReadySeconds beyond the usual progress deadline',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  minReadySeconds: 600\n',
      'k8s/api.yaml:4: spec.progressDeadlineSeconds of Deployment api is 600 s, and minReadySeconds 600 s',
    ],
    [
      'a minReadySeconds for which the timeout has no room',
      'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  minReadySeconds: 40\n',
      'k8s/api.yaml:5: spec.minReadySeconds of StatefulSet db is 40 s, and the inputs "timeout" and "soak" are 60 s and 20 s',
    ],
    [
      'a first readiness probe after the timeout',
      deployment('readinessProbe:\n  initialDelaySeconds: 45'),
      'k8s/api.yaml:12: spec.template.spec.containers[0].readinessProbe.initialDelaySeconds of Deployment api is 45 s, and the inputs',
    ],
  ])('are refused when no pod could become healthy: %s', (_, text, message) => {
    expect(refusal(text, limits)).toMatchObject({
      code: 'timeouts-contradict',
      message: expect.stringContaining(message),
    })
  })

  test.each([
    [
      'a startup probe with more patience than the release',
      deployment('startupProbe:\n  periodSeconds: 5\n  failureThreshold: 30'),
      'k8s/api.yaml:11: spec.template.spec.containers[0].startupProbe of Deployment api gives the container 150 s to start',
    ],
    [
      'a grace period beyond the timeout',
      deployment('ports: []').replace('    spec:\n', '    spec:\n      terminationGracePeriodSeconds: 120\n'),
      'k8s/api.yaml:8: spec.template.spec.terminationGracePeriodSeconds of Deployment api lets an old pod take 120 s to end',
    ],
    [
      'a Job that may run longer than the release',
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: m}\nspec:\n  activeDeadlineSeconds: 61\n',
      'k8s/api.yaml:5: spec.activeDeadlineSeconds of Job m gives the Job 61 s',
    ],
  ])('are a warning when it may only take longer: %s', (_, text, says) => {
    expect(check(text, limits)).toEqual([
      { says: expect.stringContaining(says), place: expect.objectContaining({ file: 'k8s/api.yaml' }) },
    ])
  })

  test('are none with the usual inputs and the usual probes', () => {
    const probes = 'readinessProbe: {initialDelaySeconds: 10}\nstartupProbe: {failureThreshold: 30}'
    expect(check(deployment(probes))).toEqual([])
  })
})
