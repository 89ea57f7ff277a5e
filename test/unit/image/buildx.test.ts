import { describe, expect, test } from '@jest/globals'
import type { BuildArguments } from '../../../src/image/buildx.ts'
import { buildArguments, findBuildx, pushedDigest, secretLike } from '../../../src/image/buildx.ts'
import type { Exec } from '../../../src/runtime/context.ts'
import { noPrograms } from '../../support/image-context.ts'

const silent: BuildArguments = {
  context: '/src',
  file: '/src/Dockerfile',
  output: { kind: 'push', names: ['host/shop/api:4f2c9ab01d3e'] },
  labels: {},
  buildArgs: {},
  secrets: [],
  platforms: [],
  cacheFrom: [],
  cacheTo: [],
  metadataFile: '/tmp/metadata.json',
  rewriteTimestamps: true,
}
const plain: BuildArguments = { ...silent, provenance: 'max' }

describe('the arguments of a build', () => {
  test('push by name, with provenance and a metadata file', () => {
    const pairs = [
      ['--progress', 'plain'],
      ['--file', '/src/Dockerfile'],
      ['--tag', 'host/shop/api:4f2c9ab01d3e'],
      ['--provenance', 'mode=max'],
      ['--output', 'type=image,push=true,rewrite-timestamp=true'],
      ['--metadata-file', '/tmp/metadata.json'],
    ]
    expect(buildArguments(plain)).toEqual(['build', ...pairs.flat(), '/src'])
  })

  test.each<[string, Partial<BuildArguments>, readonly string[]]>([
    ['every tag', { output: { kind: 'push', names: ['a:1', 'a:2'] } }, ['--tag', 'a:1', '--tag', 'a:2']],
    ['labels', { labels: { 'org.x': 'a b' } }, ['--label', 'org.x=a b']],
    [
      'build arguments, spaces and all',
      { buildArgs: { COMMIT: '4f2c', NOTE: 'a "b" $c' } },
      ['--build-arg', 'COMMIT=4f2c', '--build-arg', 'NOTE=a "b" $c'],
    ],
    ['platforms', { platforms: ['linux/amd64', 'linux/arm64'] }, ['--platform', 'linux/amd64,linux/arm64']],
    ['a target', { target: 'runtime' }, ['--target', 'runtime']],
    [
      'caches',
      { cacheFrom: ['type=gha'], cacheTo: ['type=gha,mode=max'] },
      ['--cache-from', 'type=gha', '--cache-to', 'type=gha,mode=max'],
    ],
    ['no provenance', { provenance: 'off' }, ['--provenance', 'false']],
    [
      'a folder for the image',
      { output: { kind: 'layout', folder: '/t' } },
      ['--output', 'type=oci,tar=false,oci-mediatypes=true,dest=/t,rewrite-timestamp=true'],
    ],
    [
      'a folder with a comma',
      { output: { kind: 'layout', folder: '/a,b' }, rewriteTimestamps: false },
      ['--output', 'type=oci,tar=false,oci-mediatypes=true,"dest=/a,b"'],
    ],
    ['wall-clock file times', { rewriteTimestamps: false }, ['--output', 'type=image,push=true', '--metadata-file']],
  ])('name %s', (_, given, expected) => {
    expect(buildArguments({ ...plain, ...given }).join('\n')).toContain(expected.join('\n'))
  })

  test('name secrets by variable, never by value', () => {
    expect(buildArguments({ ...plain, secrets: ['npm', 'pip'] })).toEqual(
      expect.arrayContaining(['--secret', 'id=npm,env=SLIPWAY_BUILD_SECRET_0', 'id=pip,env=SLIPWAY_BUILD_SECRET_1']),
    )
  })

  test('leave provenance to a builder that refuses the question', () => {
    expect(buildArguments(silent)).not.toContain('--provenance')
  })
})

describe('buildx', () => {
  const answers =
    (table: Readonly<Record<string, string>>): Exec =>
    (command, args) => {
      const stdout = table[[command, ...args].join(' ')]
      return command in table || stdout !== undefined
        ? Promise.resolve({ code: stdout === undefined ? 1 : 0, stdout: stdout ?? '', stderr: '' })
        : noPrograms(command, args)
    }

  test('is found as the plug-in of Docker', async () => {
    const exec = answers({ 'docker buildx version': 'github.com/docker/buildx v0.36.1 0a1b2c3\n' })
    expect(await findBuildx(exec)).toEqual({ command: 'docker', prefix: ['buildx'], version: 'v0.36.1' })
  })

  test('is found alone, beside a Docker without the plug-in', async () => {
    const exec = answers({ docker: '', 'buildx version': 'github.com/docker/buildx v0.36.1\n' })
    expect(await findBuildx(exec)).toEqual({ command: 'buildx', prefix: [], version: 'v0.36.1' })
  })

  test('that is nowhere is the error of a user', async () => {
    await expect(findBuildx(noPrograms)).rejects.toMatchObject({ kind: 'user', code: 'buildx-missing' })
  })
})

test('build arguments that look like secrets are named', () => {
  expect(
    secretLike(['VERSION', 'NPM_TOKEN', 'DB_PASSWORD', 'API_KEY', 'TOKENIZER', 'KEYBOARD', 'GITHUB_SECRET']),
  ).toEqual(['NPM_TOKEN', 'DB_PASSWORD', 'API_KEY', 'GITHUB_SECRET'])
})

test('the digest is read from the metadata file of buildx', () => {
  expect(pushedDigest('{"containerimage.digest":"sha256:1","image.name":"x"}')).toBe('sha256:1')
  expect(pushedDigest('{"buildx.build.ref":"x"}')).toBeUndefined()
})
