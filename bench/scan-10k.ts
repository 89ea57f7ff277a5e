import { join } from 'node:path'

import { createExec } from '../src/runtime/exec.ts'
import type { Bench } from './support/bench.ts'

const most = { cpuMs: 3_000, peakMb: 250, comment: 65_536, summaryBytes: 1_048_576 }
const findings = 10_000
const platforms = 3

interface Measured {
  readonly findings: number
  readonly platforms: number
  readonly blocking: number
  readonly verdict: string
  readonly pages: number
  readonly cpuMs: number
  readonly peakBytes: number
  readonly comment: number
  readonly summaryBytes: number
  readonly checkSummary: number
  readonly surfaces: number
  readonly htmlBytes: number
}

export const bench: Bench = {
  name: 'scan-10k',
  demand: `10,000 findings on 3 platforms, collected, judged and rendered for every surface: ≤ ${most.cpuMs / 1_000} s of processor time, ≤ ${most.peakMb} MB; comment ≤ 65,536 characters, summary ≤ 1 MiB`,
  peer: 'no measured peer: the four scan actions for ECR that were read ask for the first page only (their source)',
  async run() {
    const exec = createExec(process.env)
    const program = join(import.meta.dirname, 'inside/scan-10k.ts')
    const { code, stdout, stderr } = await exec(process.execPath, [program, String(findings)])
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const run = JSON.parse(stdout) as Measured
    const peakMb = run.peakBytes / 1e6
    const isWhole = run.findings === findings && run.platforms === platforms && run.verdict === 'fail'
    const fits = run.comment <= most.comment && run.summaryBytes <= most.summaryBytes
    return {
      figure: `${(run.cpuMs / 1_000).toFixed(2)} s of processor time, ${peakMb.toFixed(0)} MB; comment ${run.comment} characters, summary ${run.summaryBytes} bytes`,
      ok: isWhole && fits && run.cpuMs <= most.cpuMs && peakMb <= most.peakMb,
      details: [
        `${run.findings} findings on ${run.platforms} platforms in ${run.pages} pages, ${run.blocking} block; ${run.surfaces} files for programs, HTML of ${run.htmlBytes} bytes, check of ${run.checkSummary} characters`,
        'start of the process and loading of all modules from source included; making up the pages is not',
      ],
    }
  },
}
