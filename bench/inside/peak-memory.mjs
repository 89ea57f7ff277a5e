/** Preloaded into a process that is measured: at its end it writes its peak resident memory, in bytes, into a file. */
import { writeFileSync } from 'node:fs'

process.on('exit', () => {
  writeFileSync(process.env.SLIPWAY_BENCH_MEMORY, String(process.resourceUsage().maxRSS * 1024))
})
