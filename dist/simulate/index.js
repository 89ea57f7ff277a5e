import module from 'node:module'
import { join } from 'node:path'

// What this step compiles, the next one of the job finds compiled (ADR 24).
const temp = process.env.RUNNER_TEMP
if (temp) module.enableCompileCache?.(join(temp, 'slipway-compiled'))
const { command } = await import('../slipway/index.js')
await command('simulate')
