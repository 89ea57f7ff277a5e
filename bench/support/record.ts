import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'

import { withSection } from '../../scripts/generated/sections.ts'
import { root } from '../../scripts/project.ts'
import type { Bench, Measured } from './bench.ts'

const page = join(root, 'docs/bench.md')
const head = `# Figures

## Side by side

<!-- peers:start -->
<!-- peers:end -->

## All figures

Measured by \`npm run bench -- NAME --record\`; the newest at the end. \`npm run bench -- --list\` names all benches.

| date | bench | figure | holds | demand | peer | machine |
| --- | --- | --- | --- | --- | --- | --- |
`

/** Adds a line to docs/bench.md, and renews the sections that show the measurement. */
export function record(bench: Bench, { figure, ok, sections = [] }: Measured): void {
  for (const { file, name, content } of sections) {
    const path = join(root, file)
    writeFileSync(path, withSection(readFileSync(path, 'utf8'), name, content))
  }
  const date = new Date().toISOString().slice(0, 10)
  const cells = [date, bench.name, figure, ok ? 'yes' : '**no**', bench.demand, bench.peer, machine()]
  const before = existsSync(page) ? readFileSync(page, 'utf8') : head
  writeFileSync(page, `${before.trimEnd()}\n| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`)
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${availableParallelism()} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
}
