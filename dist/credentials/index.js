import { command } from '../slipway/index.js'

await command('credentials')
