import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type ncc from '@vercel/ncc'
import { minifySync } from 'oxc-minify'

import { messageOf } from '../../src/runtime/errors.ts'
import { contracts } from '../../src/actions/contracts.ts'
import type { CommandName } from '../../src/main.ts'
import type { BundleSizes } from './sizes.ts'
import { sizesOf } from './sizes.ts'

/** Folder of the one program below dist/; each action has a stub beside it. */
const program = 'slipway'

/** Tools that have a stub too. */
export const commands = ['replay', 'simulate', 'credentials'] as const satisfies readonly CommandName[]

export interface Bundle {
  /** Path below dist/ → content. */
  readonly files: ReadonlyMap<string, Buffer>
  readonly sizes: BundleSizes
}

/**
 * Makes one program of `folder`/lib/main.js and of what it needs from `folder`/node_modules, and a small one of
 * lib/post.js, which has nothing to load lazily.
 * ncc derives the numbers of modules and chunks from paths below the working folder, those of its own loaders among
 * them: hence the chdir, and the folder's own ncc.
 */
export async function bundle(folder: string): Promise<Bundle> {
  process.chdir(folder)
  importEsBuilds(join(folder, 'lib'))
  const result = await callNcc(folder, 'main')
  const post = await callNcc(folder, 'post')
  const files = new Map<string, Buffer>()
  files.set(`${program}/index.js`, Buffer.from(result.code))
  for (const [path, { source }] of Object.entries(result.assets)) {
    files.set(`${program}/${path}`, path.endsWith('.js') ? minified(path, source.toString()) : Buffer.from(source))
  }
  if (Object.keys(post.assets).some(path => path.endsWith('.js'))) throw new Error('lib/post.js is more than one file')
  files.set(`${program}/post.js`, Buffer.from(post.code))
  for (const contract of contracts) {
    const { name } = contract
    files.set(`${name}/index.js`, Buffer.from(stub('main', name)))
    if ('post' in contract) files.set(`${name}/post.js`, Buffer.from(stub('post', name)))
  }
  for (const name of commands) files.set(`${name}/index.js`, Buffer.from(stub('command', name)))
  return { files, sizes: sizesOf(files, `${program}/`, result.stats.compilation.chunkGroups) }
}

/**
 * ncc minifies the main file only, and the chunks are most of the program.
 * Names of functions and classes stay: a debug log must be readable, and the AWS SDK looks at some of them.
 */
function minified(path: string, source: string): Buffer {
  const keepNames = { function: true, class: true }
  const { code, errors } = minifySync(path, source, {
    module: true,
    compress: { target: 'es2024', keepNames },
    mangle: { toplevel: false, keepNames },
    codegen: { removeWhitespace: true },
  })
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`)
  return Buffer.from(code)
}

/** Only the message of its errors: their stack drags megabytes of minified source into the terminal. */
async function callNcc(folder: string, entry: 'main' | 'post'): ReturnType<typeof ncc> {
  const own: { readonly default: typeof ncc } = await import(join(folder, 'node_modules/@vercel/ncc/dist/ncc/index.js'))
  try {
    return await own.default(join(folder, `lib/${entry}.js`), {
      minify: true,
      cache: false,
      quiet: true,
      esm: true,
      license: 'licenses.txt',
    })
  } catch (thrown) {
    // oxlint-disable-next-line preserve-caught-error -- see above
    throw new Error(`ncc: ${messageOf(thrown)}`)
  }
}

/** What the runner or a person starts: it only names the action or the tool. */
function stub(run: 'main' | 'command' | 'post', name: string): string {
  // A clean-up is one small file that is loaded once: nothing to keep.
  if (run === 'post') return `import { post } from '../${program}/post.js'\n\nawait post('${name}')\n`
  return [
    "import module from 'node:module'",
    "import { join } from 'node:path'",
    '',
    '// What this step compiles, the next one of the job finds compiled (ADR 24).',
    'const temp = process.env.RUNNER_TEMP',
    "if (temp) module.enableCompileCache?.(join(temp, 'slipway-compiled'))",
    `const { ${run} } = await import('../${program}/index.js')`,
    `await ${run}('${name}')`,
    '',
  ].join('\n')
}

/**
 * ncc resolves a package to its CommonJS build, which webpack takes whole: 50 to 100 KB of commands for the one or two
 * that a client is used for. The AWS clients also have an ES build, of which only what is imported stays.
 */
function importEsBuilds(lib: string): void {
  for (const path of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.js')) continue
    const text = readFileSync(join(lib, path), 'utf8')
    const pointed = text.replaceAll(/import\('(@aws-sdk\/client-[a-z0-9-]+)'\)/g, "import('$1/dist-es/index.js')")
    if (pointed !== text) writeFileSync(join(lib, path), pointed)
  }
}
