import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { buildInputs } from '../../../src/image/build-inputs.ts'
import { buildAndPush } from '../../../src/image/build-push.ts'
import type { BuildRequest } from '../../../src/image/model.ts'
import type { Ecr } from '../../../src/registry/ecr.ts'
import { readManifest, type Manifest } from '../../../src/registry/manifest.ts'
import type { OciRegistry } from '../../../src/registry/oci.ts'
import { blobPath } from '../../../src/registry/push/layout.ts'
import type { Pusher } from '../../../src/registry/push/pusher.ts'
import { tagTaken } from '../../../src/registry/ecr-errors.ts'
import type { Exec } from '../../../src/runtime/context.ts'
import { DeniedError } from '../../../src/runtime/errors.ts'
import { digestOfText, host, imageManifest, indexManifest, session, sha } from '../../support/images.ts'
import type { TestContext } from '../../support/image-context.ts'
import { testContext } from '../../support/image-context.ts'
import { makeLayout } from '../../support/layouts.ts'

/** The configuration of an image with these labels, as a builder writes it. */
const labelled = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Labels: labels } })

/** The hash of a build that gives no inputs. */
const usual = buildInputs(
  { repository: 'shop/api' },
  { folder: '/w', file: '/w/Dockerfile' },
  { workspace: '/w', sha: '' },
).hash
const revision = (commit: string) => ({ 'org.opencontainers.image.revision': commit })

/** A registry in memory with tags and blobs; `immutable` refuses to move a tag, as ECR does. */
function registryOf({ immutable = false } = {}) {
  const manifests = new Map<string, Manifest>()
  const blobs = new Map<string, string>()
  const tags = new Map<string, string>()
  const put = (manifest: Manifest, ...names: readonly string[]): void => {
    manifests.set(manifest.digest, manifest)
    for (const name of names) tags.set(name, manifest.digest)
  }
  const find = (reference: string): Manifest | undefined => manifests.get(tags.get(reference) ?? reference)
  const registry: OciRegistry = {
    host,
    manifest: (_, reference) => Promise.resolve(find(reference)),
    head: (_, reference) => Promise.resolve(find(reference)?.digest),
    config: (_, digest) => Promise.resolve(JSON.parse(blobs.get(digest) ?? '{}')),
    tag(repository, tag, manifest) {
      if (immutable && tags.has(tag)) return Promise.reject(tagTaken(tag, repository))
      put(manifest, tag)
      return Promise.resolve()
    },
  }
  return { registry, put, tags, blobs }
}

/** An image for linux/amd64 with these labels, stored under `names`. */
function put(target: Target, labels: Readonly<Record<string, string>>, ...names: readonly string[]): Manifest {
  const config = labelled(labels)
  const image = imageManifest(`image of ${config}`, config)
  target.put(image)
  target.blobs.set(image.config ?? '', image.configText)
  const index = indexManifest([{ manifest: image, platform: 'linux/amd64' }])
  target.put(index, ...names)
  return index
}

/** As `put`, for a build of `commit` without inputs. */
function store(target: Target, commit: string, ...names: readonly string[]): Manifest {
  return put(target, { ...revision(commit), 'dev.slipway.build-inputs': usual }, ...names)
}

type Target = Pick<ReturnType<typeof registryOf>, 'put' | 'blobs'>

const control: Ecr = {
  host,
  login(mask) {
    mask('secret')
    return Promise.resolve({ host, user: 'AWS', password: 'secret', expiresAt: new Date(0) })
  },
  manifest: () => Promise.resolve(undefined),
  describe: () => Promise.resolve(undefined),
}

interface Run {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Git and buildx; `onBuild` plays the builder and may push. */
function programs(
  runs: Run[],
  onBuild: (attempt: number) => { code: number; stderr?: string; digest?: string },
  driver = 'docker-container',
): Exec {
  const said = (stdout: string) => Promise.resolve({ code: 0, stdout, stderr: '' })
  return (command, args, options = {}) => {
    if (command === 'git') return said('1795430000\n')
    if (args.includes('version')) return said('github.com/docker/buildx v0.36.1\n')
    if (args.includes('inspect')) return said(`Name: builder\nDriver: ${driver}\n`)
    runs.push({ args, env: options.env ?? {} })
    const { code, stderr = '', digest } = onBuild(runs.length)
    const metadata = args[args.indexOf('--metadata-file') + 1]
    if (metadata !== undefined && digest !== undefined)
      writeFileSync(metadata, JSON.stringify({ 'containerimage.digest': digest }))
    options.onLine?.('#1 building', 'stderr')
    return Promise.resolve({ code, stdout: '', stderr })
  }
}

function sample(): string {
  const workspace = mkdtempSync(join(tmpdir(), 'slipway-build-'))
  mkdirSync(join(workspace, 'api'))
  writeFileSync(join(workspace, 'Dockerfile'), 'FROM scratch\n')
  writeFileSync(join(workspace, 'api', 'Dockerfile'), 'FROM scratch\n')
  return workspace
}

/** What BuildKit does with `--label`: it leaves the image in a folder; or with `--tag`, where it pushes by itself. */
function pushed(target: ReturnType<typeof registryOf>, args: readonly string[], immutable: boolean) {
  const valuesOf = (flag: string): readonly string[] => args.filter((_, index) => args[index - 1] === flag)
  const names = valuesOf('--tag').map(name => name.slice(name.lastIndexOf(':') + 1))
  const taken = immutable ? names.find(name => target.tags.has(name)) : undefined
  if (taken !== undefined) return { code: 1, stderr: alreadyExists(taken) }
  const labels = Object.fromEntries(
    valuesOf('--label').map(label => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]),
  )
  const folder = /dest=([^,]+)/.exec(valuesOf('--output')[0] ?? '')?.[1]
  if (folder !== undefined) {
    makeLayout([JSON.stringify(labels)], ['linux/amd64'], { folder, labels })
    return { code: 0 }
  }
  return { code: 0, digest: put(target, labels, ...names).digest }
}

/** ECR's words, as buildx passes them on. */
function alreadyExists(tag: string): string {
  return `ERROR: failed to push x: tag invalid: The image tag '${tag}' already exists in the 'shop/api' repository and cannot be overwritten because the repository is immutable.`
}

/** Pushes a layout into the registry in memory, as far as a tag may move. */
function pusherTo(target: ReturnType<typeof registryOf>, immutable: boolean): Pusher {
  return async ({ layout, repository, tags }) => {
    const { digest, mediaType } = layout.root.descriptor
    const taken = immutable ? tags.find(tag => target.tags.has(tag) && target.tags.get(tag) !== digest) : undefined
    if (taken !== undefined) throw tagTaken(taken, repository)
    const manifest = readManifest(layout.root.raw, { digest, mediaType })
    target.put(manifest, ...tags)
    const config = manifest.config ?? ''
    target.blobs.set(config, readFileSync(blobPath(layout.folder, config), 'utf8'))
    const pushedTags = tags.map(tag => ({ tag, pushed: true }))
    return { host, repository, digest, mediaType, blobs: [], manifests: 1, tags: pushedTags, seconds: 0 }
  }
}

function bench({ immutable = false, driver = 'docker-container', signal = new AbortController().signal } = {}) {
  const target = registryOf({ immutable })
  const runs: Run[] = []
  let push = pusherTo(target, immutable)
  let play: Parameters<typeof programs>[1] = () => pushed(target, runs.at(-1)?.args ?? [], immutable)
  const context: TestContext = testContext({
    workspace: sample(),
    signal,
    exec: programs(runs, attempt => play(attempt), driver),
  })
  const build = (request: Partial<BuildRequest> = {}) =>
    buildAndPush(
      { repository: 'shop/api', ...request },
      { session, context, ecr: control, registry: () => target.registry, pusher: () => push },
    )
  return {
    ...target,
    context,
    runs,
    build,
    onBuild: (next: typeof play) => void (play = next),
    onPush: (next: (usual: Pusher) => Pusher) => void (push = next(push)),
  }
}

describe('a new commit', () => {
  test('is built, pushed and handed on by the digest that the registry has', async () => {
    const { build, runs, context, tags } = bench()
    const result = await build({ tags: ['stable'] })
    const digest = tags.get('4f2c9ab01d3e')
    expect(result).toEqual({
      image: `${host}/shop/api@${digest}`,
      repository: 'shop/api',
      digest,
      tags: ['4f2c9ab01d3e', 'stable'],
      platforms: ['linux/amd64'],
      digests: { 'linux/amd64': digest },
      pushed: expect.objectContaining({ digest }),
      skipped: false,
      seconds: 0,
    })
    expect(tags.get('stable')).toBe(digest)
    expect(runs).toHaveLength(1)
    expect(context.logged).toContain('#1 building')
  })

  test('is labelled with the commit and its time, which is also the time of its files', async () => {
    const { build, runs } = bench()
    await build({ labels: { team: 'checkout', 'org.opencontainers.image.revision': 'forged' } })
    const labels = runs[0]?.args.filter((_, index, all) => all[index - 1] === '--label')
    expect(labels).toEqual(
      expect.arrayContaining([
        'team=checkout',
        `org.opencontainers.image.revision=${sha}`,
        'org.opencontainers.image.source=https://github.com/acme/shop',
        'org.opencontainers.image.created=2026-11-23T10:33:20Z',
      ]),
    )
    expect(runs[0]?.env['SOURCE_DATE_EPOCH']).toBe('1795430000')
    expect(runs[0]?.args).toContainEqual(
      expect.stringMatching(/^type=oci,tar=false,oci-mediatypes=true,dest=.*,rewrite-timestamp=true$/),
    )
  })

  test('needs no exporter that the docker driver does not have', async () => {
    const { build, runs } = bench({ driver: 'docker' })
    await build()
    expect(runs[0]?.args).toContain('type=image,push=true')
    expect(runs[0]?.args).not.toContain('--provenance')
  })

  test('whose tag is another digest in the registry than was pushed is an error', async () => {
    const { build, onBuild, ...target } = bench({ driver: 'docker' })
    onBuild(() => {
      store(target, sha, '4f2c9ab01d3e')
      return { code: 0, digest: digestOfText('what buildx believes') }
    })
    await expect(build()).rejects.toMatchObject({ kind: 'remote', code: 'digest-mismatch' })
  })
})

describe('the same commit again', () => {
  test('is not built: its image is reused', async () => {
    const { build, runs, context, ...target } = bench({ immutable: true })
    const { digest } = store(target, sha, '4f2c9ab01d3e')
    expect(await build()).toMatchObject({ digest, skipped: true, platforms: ['linux/amd64'] })
    expect(runs).toEqual([])
    expect(context.logged).toEqual(['shop/api:4f2c9ab01d3e is in the registry already: nothing to build.'])
  })

  test('gives the stored image the tags that are new', async () => {
    const { build, tags, ...target } = bench({ immutable: true })
    const { digest } = store(target, sha, '4f2c9ab01d3e')
    await build({ tags: ['v2'] })
    expect(tags.get('v2')).toBe(digest)
  })

  test('cannot take over an immutable tag of another image', async () => {
    const { build, ...target } = bench({ immutable: true })
    store(target, sha, '4f2c9ab01d3e')
    store(target, 'b'.repeat(40), 'v2')
    await expect(build({ tags: ['v2'] })).rejects.toMatchObject({ kind: 'user', code: 'ecr-tag-immutable' })
  })

  test('is built on demand', async () => {
    const { build, runs, ...target } = bench()
    store(target, sha, '4f2c9ab01d3e')
    expect(await build({ reuse: false })).toMatchObject({ skipped: false })
    expect(runs).toHaveLength(1)
  })

  test('is an error when the tag holds the image of another commit', async () => {
    const { build, runs, ...target } = bench()
    store(target, 'b'.repeat(40), '4f2c9ab01d3e')
    await expect(build()).rejects.toMatchObject({ kind: 'user', code: 'image-other-commit' })
    expect(runs).toEqual([])
  })

  test('built by two runs at once: the slower one uses the image of the faster one', async () => {
    const { build, onBuild, context, ...target } = bench({ immutable: true, driver: 'docker' })
    onBuild(() => {
      store(target, sha, '4f2c9ab01d3e')
      return {
        code: 1,
        stderr: alreadyExists('4f2c9ab01d3e'),
      }
    })
    expect(await build()).toMatchObject({ skipped: true, digest: target.tags.get('4f2c9ab01d3e') })
    expect(context.logged.at(-1)).toBe('Another run pushed shop/api:4f2c9ab01d3e meanwhile: its image is used.')
  })
})

test('of two runs at once that push by themselves, too, the slower one uses the image of the faster one', async () => {
  const { build, onPush, context, ...target } = bench({ immutable: true })
  onPush(usual => async request => {
    store(target, sha, '4f2c9ab01d3e')
    return usual(request)
  })
  expect(await build()).toMatchObject({ skipped: true, digest: target.tags.get('4f2c9ab01d3e') })
  expect(context.logged.at(-1)).toBe('Another run pushed shop/api:4f2c9ab01d3e meanwhile: its image is used.')
})

describe('the same commit with other inputs', () => {
  test.each<[string, Partial<BuildRequest>]>([
    ['target', { target: 'worker' }],
    ['Dockerfile', { file: 'api/Dockerfile' }],
    ['context', { context: 'api' }],
    ['build argument', { buildArgs: { VARIANT: 'slim' } }],
    ['platform', { platforms: ['linux/arm64'] }],
    ['label', { labels: { team: 'checkout' } }],
  ])('is another image with a tag of its own: another %s', async (_, other) => {
    const { build, runs, tags } = bench({ immutable: true })
    const first = await build()
    const second = await build(other)
    expect(second).toMatchObject({ skipped: false })
    expect(second.digest).not.toBe(first.digest)
    expect(second.tags).toEqual([expect.stringMatching(/^4f2c9ab01d3e-[0-9a-f]{8}$/)])
    expect(tags.get('4f2c9ab01d3e')).toBe(first.digest)
    expect(runs).toHaveLength(2)
  })

  test('is reused by those inputs, and only by them', async () => {
    const { build, runs } = bench({ immutable: true })
    const [api, worker] = [await build({ target: 'api' }), await build({ target: 'worker' })]
    expect(await build({ target: 'api' })).toMatchObject({ skipped: true, digest: api.digest })
    expect(await build({ target: 'worker' })).toMatchObject({ skipped: true, digest: worker.digest })
    expect(runs).toHaveLength(2)
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['another hash', { ...revision(sha), 'dev.slipway.build-inputs': 'f'.repeat(64) }, 'was built with other inputs'],
    ['no hash', revision(sha), 'does not say which inputs it was built with'],
    ['no labels', {}, 'does not say which inputs it was built with'],
  ])('is built where the tag holds an image with %s', async (_, labels, why) => {
    const { build, runs, context, ...target } = bench()
    put(target, labels, '4f2c9ab01d3e')
    expect(await build()).toMatchObject({ skipped: false, digest: target.tags.get('4f2c9ab01d3e') })
    expect(runs).toHaveLength(1)
    expect(context.logged[0]).toBe(`shop/api:4f2c9ab01d3e is in the registry, but ${why}: it is built again.`)
  })

  test('cannot take an immutable tag from an image that does not prove its inputs, and says so', async () => {
    const { build, ...target } = bench({ immutable: true })
    const { digest } = put(target, revision(sha), '4f2c9ab01d3e')
    await expect(build()).rejects.toMatchObject({
      kind: 'user',
      code: 'image-tag-held',
      message: `The new image cannot have the tag 4f2c9ab01d3e of "shop/api": the image that has it, ${digest}, does not say which inputs it was built with.`,
      todo: expect.stringMatching(/^Set on-conflict to suffix or reuse, delete the tag in ECR/),
    })
  })

  test('with a suffix on conflict it is stored beside the other image, and the tag says its digest', async () => {
    const { build, tags, context, ...target } = bench({ immutable: true })
    const other = put(target, revision(sha), '4f2c9ab01d3e')
    const first = await build({ onConflict: 'suffix', tags: ['v2'] })
    const tag = `4f2c9ab01d3e-${first.digest.slice(7, 15)}`
    expect(first).toMatchObject({ skipped: false, tags: [tag, 'v2'] })
    expect(Object.fromEntries(tags)).toEqual({ '4f2c9ab01d3e': other.digest, [tag]: first.digest, v2: first.digest })
    expect(context.logged).toContain(
      `warning: The tag 4f2c9ab01d3e names another image and may not move: this one has the tag ${tag}.`,
    )
    expect(await build({ onConflict: 'suffix', tags: ['v2'] })).toMatchObject({
      digest: first.digest,
      tags: [tag, 'v2'],
    })
    expect(tags.size).toBe(3)
  })

  test('a suffix is for a refused tag only: those of the image that is reused keep their names', async () => {
    const { build, tags, ...target } = bench({ immutable: true })
    const { digest } = store(target, sha, '4f2c9ab01d3e')
    store(target, 'b'.repeat(40), 'v2')
    const { tags: given } = await build({ onConflict: 'suffix', tags: ['v1', 'v2'] })
    expect(given).toEqual(['4f2c9ab01d3e', 'v1', `v2-${digest.slice(7, 15)}`])
    expect(given.map(tag => tags.get(tag))).toEqual([digest, digest, digest])
  })

  test('a tag that names a stranger even with the suffix is an error, not a second suffix', async () => {
    const { build, ...target } = bench({ immutable: true })
    const { digest } = store(target, sha, '4f2c9ab01d3e')
    store(target, 'b'.repeat(40), 'v2', `v2-${digest.slice(7, 15)}`)
    await expect(build({ onConflict: 'suffix', tags: ['v2'] })).rejects.toMatchObject({ code: 'ecr-tag-immutable' })
  })

  test('with reuse on conflict the image that has the tag is used, and a warning says so', async () => {
    const { build, tags, context, ...target } = bench({ immutable: true })
    const { digest } = put(target, revision(sha), '4f2c9ab01d3e')
    expect(await build({ onConflict: 'reuse' })).toMatchObject({ skipped: true, digest, tags: ['4f2c9ab01d3e'] })
    expect(tags.get('4f2c9ab01d3e')).toBe(digest)
    expect(context.logged.at(-1)).toMatch(
      /is used, as on-conflict says: it does not say which inputs it was built with\.$/,
    )
  })

  test('the image of another commit is not used, whatever on-conflict says', async () => {
    const { build, ...target } = bench({ immutable: true })
    store(target, 'b'.repeat(40), '4f2c9ab01d3e')
    await expect(build({ onConflict: 'reuse' })).rejects.toMatchObject({ code: 'image-other-commit' })
  })

  test('nor from an image that this role may not read', async () => {
    const { build, registry, ...target } = bench({ immutable: true })
    store(target, sha, '4f2c9ab01d3e')
    registry.config = () => Promise.reject(new DeniedError('registry-denied', 'no', { todo: 'allow' }))
    await expect(build()).rejects.toMatchObject({
      code: 'image-tag-held',
      message: expect.stringContaining('cannot be read by this role'),
    })
  })

  test('built again without reuse it is the same bit for bit, and keeps its tag', async () => {
    const { build, runs } = bench({ immutable: true })
    const first = await build()
    expect(await build({ reuse: false })).toMatchObject({ skipped: false, digest: first.digest })
    expect(runs).toHaveLength(2)
  })

  test('nor, without reuse, from its own earlier image, where the builder cannot repeat it', async () => {
    const { build } = bench({ immutable: true, driver: 'docker' })
    await build()
    await expect(build({ reuse: false })).rejects.toMatchObject({
      code: 'image-tag-held',
      message: expect.stringContaining('was built with the same inputs, but reuse is off'),
    })
  })
})

describe('a push that fails', () => {
  test('for a passing reason is repeated', async () => {
    const { build, onBuild, context, ...target } = bench({ driver: 'docker' })
    onBuild(attempt =>
      attempt < 3
        ? { code: 1, stderr: 'ERROR: failed to push x: 429 Too Many Requests' }
        : { code: 0, digest: store(target, sha, '4f2c9ab01d3e').digest },
    )
    expect(await build()).toMatchObject({ skipped: false, seconds: 6 })
    expect(context.clock.sleeps).toEqual([2000, 4000])
  })

  test('because the step was cancelled leaves no password behind', async () => {
    const controller = new AbortController()
    const { build, onBuild, context } = bench({ signal: controller.signal })
    let files: readonly string[] = []
    onBuild(() => {
      files = readdirSync(context.tempFolder)
      controller.abort(new Error('cancelled'))
      return { code: 143 }
    })
    await expect(build()).rejects.toThrow('cancelled')
    expect(files).toContainEqual(expect.stringMatching(/^slipway-docker-/))
    expect(readdirSync(context.tempFolder)).toEqual([])
  })

  test('for good is an error, and leaves no password behind', async () => {
    const { build, onBuild, context } = bench()
    onBuild(() => ({ code: 1, stderr: 'ERROR: failed to push x: 403 Forbidden' }))
    await expect(build()).rejects.toMatchObject({ kind: 'denied', code: 'push-denied' })
    expect(readdirSync(context.tempFolder)).toEqual([])
  })
})

describe('secrets', () => {
  test('reach the builder through its environment, masked, and never as an argument', async () => {
    const { build, runs, context } = bench()
    await build({ secrets: { npm: 'npm_s3cret' } })
    expect(runs[0]?.env['SLIPWAY_BUILD_SECRET_0']).toBe('npm_s3cret')
    expect(runs[0]?.args.join(' ')).not.toMatch(/s3cret|AWS:secret/)
    expect(context.masked).toEqual(expect.arrayContaining(['npm_s3cret', 'secret']))
  })

  test('that are build arguments are warned of', async () => {
    const { build, context } = bench()
    await build({ buildArgs: { NPM_TOKEN: 'x' } })
    expect(context.logged[0]).toBe(
      'warning: Build arguments stay readable in the image and its provenance: pass NPM_TOKEN as a build secret instead.',
    )
  })
})

describe('bad input is refused before anyone is asked', () => {
  test.each<[Partial<BuildRequest>, string]>([
    [{ repository: 'Shop/API' }, 'input-repository'],
    [{ context: 'nowhere' }, 'input-context'],
    [{ file: 'api/Other' }, 'input-file'],
    [{ tags: ['not a tag'] }, 'input-tags'],
  ])('%j', async (request, code) => {
    const { build, runs, context } = bench()
    await expect(build(request)).rejects.toMatchObject({ kind: 'user', code })
    expect([runs, context.masked]).toEqual([[], []])
  })
})
