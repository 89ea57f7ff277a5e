/**
 * `node scripts/run.mjs scripts/complete-lock.ts [--check]`: run it after every `npm install`.
 *
 * npm leaves an optional package of another system out of package-lock.json when the registry does not have it at that
 * moment (a mirror that lags behind is enough), and then `npm ci` refuses the lock: "Missing … from lock file".
 * This adds such entries by name, version and system, which is all that npm needs to leave them out of an installation.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root, runMain } from './project.ts'

interface Entry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>
}

/** `@oxfmt/binding-linux-arm64-musl`: system, processor, C library. */
const nativeName =
  /(android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)(?:-(\w+))?$/

/** Entries that the lock lacks, by path. Exact versions only: a range could be met by several. */
export function missingEntries({ packages }: Lock): ReadonlyMap<string, object> {
  const missing = new Map<string, object>()
  for (const [path, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const [, os, cpu, library] = nativeName.exec(name) ?? []
      const known = packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`]
      if (path === '' || known || !os || !cpu || !/^\d/.test(version)) continue
      const libc = os === 'linux' ? libraryOf(library) : undefined
      missing.set(`node_modules/${name}`, {
        version,
        cpu: [cpu],
        ...(dev ? { dev } : {}),
        ...(libc ? { libc: [libc] } : {}),
        optional: true,
        os: [os],
      })
    }
  }
  return missing
}

function libraryOf(name: string | undefined): string | undefined {
  if (name?.startsWith('gnu')) return 'glibc'
  return name?.startsWith('musl') ? 'musl' : undefined
}

async function completeLock(): Promise<void> {
  const file = join(root, 'package-lock.json')
  const lock: Lock = JSON.parse(readFileSync(file, 'utf8'))
  const missing = missingEntries(lock)
  if (missing.size === 0) return
  if (process.argv.includes('--check')) {
    throw new Error(
      `package-lock.json lacks ${missing.size} optional packages, and npm ci would refuse it. Run "node scripts/run.mjs scripts/complete-lock.ts".`,
    )
  }
  const packages = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) })
  const sorted = Object.fromEntries(packages.toSorted(([a], [b]) => a.localeCompare(b, 'en')))
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, undefined, 2)}\n`)
  console.log(`added ${missing.size} optional packages to package-lock.json`)
}

if (import.meta.main) await runMain(completeLock)
