import { expect, test } from '@jest/globals'
import type { BuildRequest } from '../../../src/image/model.ts'
import { repositoriesOfBuild } from '../../../src/image/repositories.ts'
import type { Files } from '../../../src/runtime/files.ts'
import { host } from '../../support/images.ts'

const filesOf = (texts: Readonly<Record<string, string>>): Files => ({
  kind: async path => (path in texts ? 'file' : 'missing'),
  list: async () => [],
  read: async path => texts[path] ?? Promise.reject(new Error('ENOENT')),
})
const build = (dockerfile: string, more: Partial<BuildRequest> = {}) =>
  repositoriesOfBuild({ repository: 'shop/api', ...more }, host, filesOf({ Dockerfile: dockerfile }))

test.each([
  { what: 'a base image elsewhere', dockerfile: 'FROM public.ecr.aws/docker/library/python:3.11', pull: [] },
  {
    what: 'a base image in the same registry',
    dockerfile: `FROM ${host}/base/python:3.11 AS build`,
    pull: ['base/python'],
  },
  { what: 'one by digest', dockerfile: `FROM --platform=linux/amd64 ${host}/base@sha256:00`, pull: ['base'] },
  { what: 'a file copied from an image', dockerfile: `COPY --from=${host}/tools:1 /a /a`, pull: ['tools'] },
  { what: 'its own last image', dockerfile: `FROM ${host}/shop/api:main`, pull: [] },
  {
    what: 'a registry that is an argument with a default',
    dockerfile: `ARG REGISTRY=${host}\nARG BASE=$REGISTRY/base\nFROM \${BASE}:1`,
    pull: ['base'],
  },
  { what: 'the registry of somebody else', dockerfile: `FROM x${host}.evil.example/base`, pull: [] },
])('a build reads $what: $pull', async ({ dockerfile, pull }) => {
  expect(await build(dockerfile)).toEqual({ push: ['shop/api'], pull })
})

test('a build argument replaces the default of its name', async () => {
  const buildArgs = { REGISTRY: host }
  expect(await build('ARG REGISTRY\nFROM $REGISTRY/base:1', { buildArgs })).toMatchObject({ pull: ['base'] })
  expect(await build('FROM ${REGISTRY:-docker.io}/base:1', { buildArgs })).toMatchObject({ pull: ['base'] })
  expect(await build('FROM ${REGISTRY:-docker.io}/base:1')).toMatchObject({ pull: [] })
})

test('caches are read, and written where they are written to', async () => {
  const cacheTo = [`type=registry,ref=${host}/shop/cache:main,mode=max`]
  const cacheFrom = [`type=registry,ref=${host}/shop/cache:main`, `${host}/shop/old-cache:main`]
  expect(await build('FROM scratch', { cacheTo, cacheFrom })).toEqual({
    push: ['shop/api', 'shop/cache'],
    pull: ['shop/old-cache'],
  })
})

test('a Dockerfile that is missing is told by who needs it', async () => {
  expect(await build('', { file: 'none/Dockerfile' })).toEqual({ push: ['shop/api'], pull: [] })
})
