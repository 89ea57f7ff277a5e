import { describe, expect, test } from '@jest/globals'
import { explainBuildFailure, readBuildFailure } from '../../../src/image/build-failure.ts'

const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:4f2c9ab01d3e'

const failedRun = `#8 [build 3/4] RUN npm ci
#8 0.412 npm error code E401
#8 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
------
 > [build 3/4] RUN npm ci:
0.412 npm error code E401
0.412 npm error Unable to authenticate
------
Dockerfile:12
--------------------
  10 |     COPY package*.json ./
  11 |
  12 | >>> RUN npm ci
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1
`

const missingFile = `------
 > [2/3] COPY missing.txt /:
------
docker/api.Dockerfile:3
--------------------
   3 | >>> COPY missing.txt /
--------------------
ERROR: failed to build: failed to solve: failed to compute cache key: failed to calculate checksum of ref a::b: "/missing.txt": not found
`

describe('a failed build', () => {
  test('names step, line and exit code, and repeats what the step said', () => {
    const error = explainBuildFailure(readBuildFailure(failedRun), image)
    expect(error).toMatchObject({
      kind: 'user',
      code: 'build-step',
      message: 'The build failed at Dockerfile:12: "RUN npm ci" ended with 1.',
      why: 'npm error code E401\nnpm error Unable to authenticate',
    })
  })

  test('names the missing file of a COPY', () => {
    expect(explainBuildFailure(readBuildFailure(missingFile), image)).toMatchObject({
      code: 'build-step',
      message: 'The build failed at docker/api.Dockerfile:3: "COPY missing.txt /".',
      why: expect.stringContaining('"/missing.txt": not found'),
    })
  })

  test.each([
    [
      'ERROR: failed to build: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory',
      'user',
      'build-dockerfile',
    ],
    [
      'ERROR: failed to build: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN',
      'user',
      'build-dockerfile',
    ],
    [
      'ERROR: failed to build: failed to solve: nope:1: failed to resolve source metadata for docker.io/library/nope:1: docker.io/library/nope:1: not found',
      'user',
      'build-base-image',
    ],
    [
      'ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'remote',
      'build-builder',
    ],
    ['ERROR: no builder "mine" found', 'remote', 'build-builder'],
    [
      `ERROR: failed to push ${image}: tag invalid: The image tag '4f2c' already exists in the 'shop/api' repository and cannot be overwritten because the repository is immutable.`,
      'user',
      'ecr-tag-immutable',
    ],
    [
      `ERROR: failed to build: failed to solve: failed to push ${image}: name unknown: The repository with name 'shop/api' does not exist in the registry`,
      'user',
      'ecr-repository-missing',
    ],
    [
      `ERROR: failed to build: failed to solve: failed to push ${image}: unexpected status from PUT request to https://x/v2/: 403 Forbidden`,
      'denied',
      'push-denied',
    ],
    [
      `ERROR: failed to build: failed to solve: failed to push ${image}: unexpected status from PUT request to https://x/v2/: 500 Internal Server Error`,
      'remote',
      'push-failed',
    ],
    ['', 'remote', 'build-failed'],
  ])('%s', (text, kind, code) => {
    expect(explainBuildFailure(readBuildFailure(text), image)).toMatchObject({ kind, code })
  })
})

describe('a build is worth another try', () => {
  test.each([
    [true, `ERROR: failed to push ${image}: unexpected status from POST request: 429 Too Many Requests`],
    [true, `ERROR: failed to push ${image}: unexpected EOF`],
    [
      true,
      `ERROR: failed to build: failed to solve: python:3: failed to resolve source metadata for docker.io/library/python:3: 503 Service Unavailable`,
    ],
    [false, `ERROR: failed to push ${image}: 403 Forbidden`],
    [false, failedRun],
    [false, 'ERROR: process "/bin/sh -c curl" did not complete successfully: exit code: 503'],
  ])('%s for %s', (expected, text) => {
    expect(readBuildFailure(text).transient).toBe(expected)
  })
})
