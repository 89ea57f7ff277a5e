/** Rebuilds dist/ in another folder and compares: it must be what the sources say, byte by byte, wherever it is built. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { bundle } from './bundle/bundle.ts'
import { compile, filesIn, sizePage } from './build.ts'
import { root, runMain } from './project.ts'

interface LockedPackage {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
}

/** Paths of the packages that end up in a bundle, such as `node_modules/undici`. */
function runtimePackages(): readonly string[] {
  const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  )
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path]) => path)
}

function copyTo(folder: string): void {
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  for (const path of [...runtimePackages(), 'node_modules/@vercel/ncc'])
    cpSync(join(root, path), join(folder, path), { recursive: true })
}

/** Paths below the root whose committed content is not what a rebuild in `folder` gives. */
async function differences(folder: string): Promise<readonly string[]> {
  copyTo(folder)
  await compile(folder)
  const { files, sizes } = await bundle(folder)
  const dist = join(root, 'dist')
  const wrong = [...files].filter(([path, content]) => !same(join(dist, path), content)).map(([path]) => `dist/${path}`)
  const extra = filesIn(dist)
    .filter(path => !files.has(path))
    .map(path => `dist/${path}`)
  const page = same(join(root, 'docs/size.md'), Buffer.from(sizePage(sizes))) ? [] : ['docs/size.md']
  return [...wrong, ...extra, ...page]
}

function same(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content)
  } catch {
    return false
  }
}

async function checkDist(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-rebuild-'))
  try {
    const wrong = await differences(folder)
    if (wrong.length === 0) return
    throw new Error(`A rebuild gives other bytes for ${wrong.join(', ')}. Run "npm run build" and commit dist/.`)
  } finally {
    process.chdir(root)
    rmSync(folder, { recursive: true, force: true })
  }
}

await runMain(checkDist)
