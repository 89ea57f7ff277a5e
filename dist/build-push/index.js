import { main } from '../slipway/index.js'

await main('build-push')
