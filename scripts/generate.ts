/** `npm run generate [-- --check]`: writes what follows from the code; with --check it only says what differs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { contracts } from '../src/actions/contracts.ts'
import { actionReadme, actionYaml, actionsTable } from './generated/action-files.ts'
import { buildScanYaml } from './generated/build-scan.ts'
import { configSchema } from './generated/config-schema.ts'
import { healthPage } from './generated/health.ts'
import { scanSchema } from './generated/scan-schema.ts'
import { withSection } from './generated/sections.ts'
import { troubleshootingPage } from './generated/troubleshooting.ts'
import { root } from './project.ts'

/** Path below the root → the text that belongs there. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const contract of contracts) {
    const folder = `actions/${contract.name}`
    files.set(`${folder}/action.yml`, actionYaml(contract))
    files.set(`${folder}/README.md`, actionReadme(contract, present(`${folder}/README.md`)))
  }
  files.set('actions/build-scan/action.yml', buildScanYaml())
  files.set('slipway.schema.json', configSchema())
  files.set('docs/scan.schema.json', scanSchema())
  files.set('docs/troubleshooting.md', troubleshootingPage(root))
  files.set('docs/health.md', healthPage(present('docs/health.md') ?? ''))
  const readme = present('README.md')
  if (readme !== undefined) files.set('README.md', withSection(readme, 'actions', actionsTable(contracts)))
  return files
}

/** Paths of generated files that are not as they should be. */
export function staleFiles(): readonly string[] {
  return [...generatedFiles()].filter(([path, text]) => present(path) !== text).map(([path]) => path)
}

function present(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}

function write(paths: readonly string[]): void {
  const files = generatedFiles()
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), files.get(path) ?? '')
    console.log(`wrote ${path}`)
  }
}

if (import.meta.main) {
  const stale = staleFiles()
  if (!process.argv.includes('--check')) write(stale)
  else if (stale.length > 0) {
    console.error(`Not as the code says: ${stale.join(', ')}. Run "npm run generate".`)
    process.exitCode = 1
  }
}
