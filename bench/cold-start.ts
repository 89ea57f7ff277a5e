import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ActionContract } from '../src/runtime/contract.ts'
import { contracts } from '../src/actions/contracts.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

const rounds = 31
/** Ratios to bare Node, which hold on other machines too: 66 ms and 30 ms where it takes 28 and 25. */
const most = { inputError: 2.6, post: 1.2, megabytes: 75 } as const

interface Program {
  readonly name: string
  readonly args: readonly string[]
  readonly exitCode: number
  /** What it may take at most, in times of bare Node. */
  readonly ratio: number
}

const bare: Program = { name: 'bare Node', args: ['--eval', '0'], exitCode: 0, ratio: 1 }

const programs: readonly Program[] = contracts.flatMap(({ name, ...contract }: ActionContract) => {
  const folder = join(root, 'dist', name)
  return [
    { name, args: [join(folder, 'index.js')], exitCode: 1, ratio: most.inputError },
    ...(contract.post
      ? [{ name: `${name}, post`, args: [join(folder, 'post.js')], exitCode: 0, ratio: most.post }]
      : []),
  ]
})

function start({ args, exitCode }: Program, env: Readonly<Record<string, string>> = {}): void {
  const { status } = spawnSync(process.execPath, args, {
    env: { PATH: process.env['PATH'], INPUT_REGION: 'us-east-l', ...env },
  })
  if (status !== exitCode) throw new Error(`node ${args.join(' ')} ended with ${status}, not ${exitCode}`)
}

/** Milliseconds from start to exit. */
function timed(program: Program): number {
  const started = performance.now()
  start(program)
  return performance.now() - started
}

/** Peak resident memory in MB, in a run of its own: the file that writes it down takes some itself. */
function peakMegabytes(program: Program): number {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-memory-'))
  try {
    const file = join(folder, 'peak')
    const preload = join(import.meta.dirname, 'inside/peak-memory.mjs')
    start(program, { NODE_OPTIONS: `--import=${preload}`, SLIPWAY_BENCH_MEMORY: file })
    return Number(readFileSync(file, 'utf8')) / 1e6
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const bench: Bench = {
  name: 'cold-start',
  demand: `beside bare Node in one run: an input error ≤ ${most.inputError} × (66 ms where that takes 28) and ≤ ${most.megabytes} MB, a clean-up after the job ≤ ${most.post} ×`,
  peer: 'configure-aws-credentials 4.0 × and 74 MB, its post 2.2 ×; amazon-ecr-login 3.6 × and 79 MB, its post 2.3 ×; google auth 2.8 × and 65 MB',
  async run() {
    const bareTook: number[] = []
    const took = programs.map(() => [] as number[])
    // Interleaved, so that whatever else the machine does falls on all of them alike.
    for (let round = 0; round < rounds; round++) {
      bareTook.push(timed(bare))
      programs.forEach((program, at) => took[at]?.push(timed(program)))
    }
    const base = median(bareTook)
    const measured = programs.map((program, at) => {
      const ms = median(took[at] ?? [])
      return { ...program, ms, times: ms / base, megabytes: median([1, 2, 3].map(() => peakMegabytes(program))) }
    })
    const slowest = (ratio: number) =>
      measured.filter(one => one.ratio === ratio).reduce((a, b) => (b.ms > a.ms ? b : a))
    const [error, post] = [slowest(most.inputError), slowest(most.post)]
    const megabytes = Math.max(...measured.map(one => one.megabytes))
    return {
      figure: `input error ${error.times.toFixed(2)} × (${error.ms.toFixed(0)} ms, bare Node ${base.toFixed(0)} ms), ${megabytes.toFixed(0)} MB; post ${post.times.toFixed(2)} × (${post.ms.toFixed(0)} ms)`,
      ok: measured.every(one => one.times <= one.ratio && one.megabytes <= most.megabytes),
      details: [
        `medians of ${rounds} starts each, one after the other; bare Node ${peakMegabytes(bare).toFixed(0)} MB`,
        ...measured.map(
          one =>
            `${one.name.padEnd(18)} ${one.ms.toFixed(1)} ms, ${one.times.toFixed(2)} × bare Node, ${one.megabytes.toFixed(0)} MB`,
        ),
      ],
    }
  },
}
