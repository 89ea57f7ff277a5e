/** `npm run bench -- NAME [--record]`, `npm run bench -- --list`: measures a figure that an issue demands. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { messageOf } from '../src/runtime/errors.ts'
import type { Bench, Measured } from './support/bench.ts'
import { record } from './support/record.ts'

/** Every other file of this folder is a bench. */
async function allBenches(): Promise<readonly Bench[]> {
  const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.ts') && name !== 'run.ts')
  const loaded: readonly { readonly bench: Bench }[] = await Promise.all(
    files.map(name => import(join(import.meta.dirname, name))),
  )
  return loaded.map(({ bench }) => bench).toSorted((a, b) => a.name.localeCompare(b.name))
}

function print(bench: Bench, { figure, details = [] }: Measured): void {
  for (const line of details) console.log(`  ${line}`)
  console.log(`${bench.name}: ${figure} (${bench.demand}, ${bench.peer})`)
}

async function main(args: readonly string[]): Promise<number> {
  const benches = await allBenches()
  const name = args.find(arg => !arg.startsWith('--'))
  if (args.includes('--list')) {
    for (const one of benches) console.log(`${one.name.padEnd(16)} ${one.demand} (${one.peer})`)
    return 0
  }
  const bench = benches.find(one => one.name === name)
  if (!bench) {
    console.error(
      `usage: npm run bench -- NAME [--record] | --list; NAME is one of ${benches.map(one => one.name).join(', ')}`,
    )
    return 2
  }
  const measured = await bench.run()
  if (args.includes('--record')) record(bench, measured)
  print(bench, measured)
  return measured.ok ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (thrown) {
  console.error(`✗ ${messageOf(thrown)}`)
  process.exitCode = 1
}
