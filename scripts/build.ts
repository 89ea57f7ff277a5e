/** `npm run build`: src/ → lib/ (TypeScript 7) → dist/ (ncc), and the table of sizes in docs/size.md. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { bundle } from './bundle/bundle.ts'
import { sizeTable } from './bundle/sizes.ts'
import type { BundleSizes } from './bundle/sizes.ts'
import { root, run, runMain, wordsOf } from './project.ts'

/** Compiles src/ to `folder`/lib. Throws with the compiler's words. */
export async function compile(folder: string): Promise<void> {
  rmSync(join(folder, 'lib'), { recursive: true, force: true })
  const result = await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'lib')])
  if (result.code !== 0) throw new Error(wordsOf(result))
}

/** Text of docs/size.md. Only bytes: it must be the same wherever it is made. */
export function sizePage(sizes: BundleSizes): string {
  return [
    '# Size of `dist/`',
    'Written by `npm run build`. "Loads at most" counts every chunk that an action can reach; a run loads fewer.',
    `${sizeTable(sizes)}\n`,
  ].join('\n\n')
}

/** Files below `folder`, as paths relative to it. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

async function build(): Promise<void> {
  await compile(root)
  const { files, sizes } = await bundle(root)
  const dist = join(root, 'dist')
  mkdirSync(dist, { recursive: true })
  for (const path of filesIn(dist)) if (!files.has(path)) rmSync(join(dist, path))
  for (const [path, content] of files) writeIfNew(join(dist, path), content)
  writeIfNew(join(root, 'docs/size.md'), Buffer.from(sizePage(sizes)))
  console.log(sizeTable(sizes))
}

function writeIfNew(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  if (present(path)?.equals(content) !== true) writeFileSync(path, content)
}

function present(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

if (import.meta.main) await runMain(build)
