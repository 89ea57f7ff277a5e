import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { BuildLog, Part } from '../provision/part.ts'

const requirements = resolve(import.meta.dirname, '../../examples/shop/requirements.txt')

/** Debian's own Python, whatever else is in PATH; pip comes with the virtual environment. */
const debianPython = '/usr/bin/python3'

/** glibc versions whose wheels run on Debian 12 (glibc 2.36). pip takes a list of tags, not a range. */
const platforms = [
  ...Array.from({ length: 32 }, (_, index) => `manylinux_2_${36 - index}_x86_64`),
  'manylinux2014_x86_64',
  'manylinux2010_x86_64',
  'manylinux1_x86_64',
]

/**
 * Every wheel that the sample's lock file names, as a package index of static files (PEP 503):
 * image builds inside the platform install from it (see index-server.ts), since nothing there reaches the internet.
 * pip refuses a file whose hash is not in the lock.
 */
export const wheelsPart: Part = {
  name: 'wheels',
  inputs: [import.meta.filename, requirements],
  recipe: 1,
  build: buildWheels,
}

async function buildWheels(target: string, log: BuildLog): Promise<void> {
  const files = join(target, 'files')
  const pip = join(target, 'pip')
  await log.run(debianPython, ['-m', 'venv', pip])
  log.says('wheels: downloading what the lock file of the sample names')
  const exact = ['--require-hashes', '--only-binary=:all:', '--no-deps', '--requirement', requirements]
  const python = ['--python-version', '3.11', '--implementation', 'cp']
  const abis = ['cp311', 'abi3', 'none'].flatMap(abi => ['--abi', abi])
  const systems = platforms.flatMap(platform => ['--platform', platform])
  const download = ['-m', 'pip', 'download', '--quiet', '--dest', files]
  await log.run(join(pip, 'bin/python'), [...download, ...exact, ...python, ...abis, ...systems])
  await rm(pip, { recursive: true })
  await writeSimpleIndex(target)
}

/** Writes `simple/<project>/index.html` for each wheel in `<folder>/files`. */
export async function writeSimpleIndex(folder: string): Promise<void> {
  const projects = new Map<string, string[]>()
  for (const file of (await readdir(join(folder, 'files'))).toSorted()) {
    const digest = createHash('sha256')
      .update(await readFile(join(folder, 'files', file)))
      .digest('hex')
    const project = projectOf(file)
    projects.set(project, [...(projects.get(project) ?? []), `../../files/${file}#sha256=${digest}`])
  }
  await writePage(
    join(folder, 'simple'),
    [...projects.keys()].map(project => `${project}/`),
  )
  for (const [project, links] of projects) await writePage(join(folder, 'simple', project), links)
}

/** Normalised project name of a wheel (PEP 427, PEP 503): `pydantic_core-2.50-….whl` → `pydantic-core`. */
function projectOf(wheel: string): string {
  return wheel
    .slice(0, wheel.indexOf('-'))
    .replaceAll(/[-_.]+/g, '-')
    .toLowerCase()
}

async function writePage(folder: string, links: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  const anchors = links.map(
    link => `<a href="${link}">${link.replace(/.*\/(?=[^/])/, '').replace(/#.*|\/$/, '')}</a><br>`,
  )
  await writeFile(join(folder, 'index.html'), `<!DOCTYPE html>\n<title>Index</title>\n${anchors.join('\n')}\n`)
}
