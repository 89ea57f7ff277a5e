import { main } from '../slipway/index.js'

await main('assume-role')
