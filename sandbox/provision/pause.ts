import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../home.ts'
import { goEnvironment } from './go.ts'
import type { BuildLog, Part } from './part.ts'

/** Name of the image that every pod sandbox runs; never pulled, but loaded into containerd when it starts. */
export const pauseImage = 'slipway.local/pause:1'

const source = join(root, 'sandbox/pause/main.go')
const sameBytes = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']

/** `pause.tar`, an image archive for `ctr images import`. No public image can be pulled in here, so it is our own. */
export const pausePart: Part = {
  name: 'pause',
  inputs: [source],
  recipe: 1,
  async build(target, log) {
    const files = join(target, 'files')
    await mkdir(join(files, 'layer'), { recursive: true })
    const env = { ...goEnvironment(), GOFLAGS: '', GO111MODULE: 'off' }
    await log.run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(files, 'layer/pause'), source], { env })
    await log.run('tar', ['-C', join(files, 'layer'), ...sameBytes, '-cf', join(files, 'layer.tar'), 'pause'])
    await archive(files, join(target, 'pause.tar'), log)
    await rm(files, { recursive: true })
  },
}

async function archive(files: string, file: string, log: BuildLog): Promise<void> {
  const layer = createHash('sha256')
    .update(await readFile(join(files, 'layer.tar')))
    .digest('hex')
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  }
  await writeFile(join(files, 'config.json'), JSON.stringify(config))
  const manifest = [{ Config: 'config.json', RepoTags: [pauseImage], Layers: ['layer.tar'] }]
  await writeFile(join(files, 'manifest.json'), JSON.stringify(manifest))
  await log.run('tar', ['-C', files, ...sameBytes, '-cf', file, 'manifest.json', 'config.json', 'layer.tar'])
}
