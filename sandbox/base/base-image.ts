import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildLog, Part } from '../provision/part.ts'
import { baseImage, ports } from '../world.ts'
import { packageIndexUrl } from './index-server.ts'
import { writeOciLayout } from './oci-layout.ts'

/** 2025-01-01: files that the build itself writes carry this time, so that two builds of the same packages agree. */
const epochSeconds = 1_735_689_600

/**
 * `usr-is-merged` stands in for `usrmerge`, which would bring the whole of Perl (75 MB) into the image.
 * `libstdc++6` is in every image that has apt, so wheels with C++ in them count on it.
 * `python3-pip` comes without recommended packages, so without a compiler.
 */
const packages = ['usr-is-merged', 'ca-certificates', 'libstdc++6', 'python3', 'python3-venv', 'python3-pip']

const withoutDocs = ['doc', 'man', 'info', 'locale'].map(folder => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)

/** As companies do it: the base image knows the package index, so that no Dockerfile has to. */
const pipConfig = `[global]\nindex-url = ${packageIndexUrl}\n`

/**
 * What the public python image has and Debian's packages have not: `python` on the PATH, and a pip that installs
 * outside a virtual environment. Debian's bytecode stays: a read-only container could not write it again at start.
 */
const finish = [
  'ln -s python3 "$1/usr/bin/python"',
  'rm -f "$1/usr/lib/python3.11/EXTERNALLY-MANAGED"',
  `printf '${pipConfig.replaceAll('\n', '\\n')}' > "$1/etc/pip.conf"`,
  'rm -rf "$1"/var/log/* "$1"/var/cache/debconf/*-old "$1"/var/cache/ldconfig/*',
].join(' && ')

/**
 * The sample's base image, made from Debian packages: no public registry can be reached from within the platform.
 * `<part>/layout` is an OCI image layout; `<part>/packages.txt` lists what is in it.
 * Reproducible for the same package versions (mmdebstrap honours SOURCE_DATE_EPOCH).
 */
export const baseImagePart: Part = {
  name: 'base-image',
  inputs: [import.meta.filename, join(import.meta.dirname, 'oci-layout.ts')],
  // The one thing of world.ts that is written into the image.
  recipe: ports.packages,
  build: buildBaseImage,
}

async function buildBaseImage(target: string, log: BuildLog): Promise<void> {
  const tar = join(target, 'root.tar')
  log.says('base image: Debian 12 with Python 3.11')
  const listing = `--customize-hook=dpkg-query --admindir="$1/var/lib/dpkg" -W > "${join(target, 'packages.txt')}"`
  await log.run(
    'mmdebstrap',
    [
      '--variant=essential',
      '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
      `--include=${packages.join(',')}`,
      ...withoutDocs,
      listing,
      `--customize-hook=${finish}`,
      'bookworm',
      tar,
    ],
    { env: { SOURCE_DATE_EPOCH: String(epochSeconds), PYTHONHASHSEED: '0', LC_ALL: 'C.UTF-8' } },
  )
  log.says('base image: packing')
  await writeOciLayout(join(target, 'layout'), tar, {
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
    command: ['python3'],
    labels: { 'org.opencontainers.image.base.name': 'debian:bookworm' },
    created: new Date(epochSeconds * 1000).toISOString(),
  })
  await rm(tar)
}

/** Runs a command to its end and throws when it fails. */
export type Run = (command: string, args: readonly string[]) => Promise<unknown>

/**
 * Pushes the base image into the platform's registry under the path of its public name
 * (`docker/library/python:3.11-slim-bookworm`). Does nothing that the registry already has.
 * @param registry host and port without scheme, such as `127.0.0.1:5000`
 * @param crane path of the crane program
 * @param partPath folder of the finished `base-image` part
 */
export async function seedBaseImage(registry: string, crane: string, partPath: string, run: Run): Promise<void> {
  await run(crane, ['push', '--insecure', join(partPath, 'layout'), `${registry}/${pathOf(baseImage)}`])
}

/** `public.ecr.aws/docker/library/python:3.11` → `docker/library/python:3.11` */
function pathOf(image: string): string {
  return image.slice(image.indexOf('/') + 1)
}
