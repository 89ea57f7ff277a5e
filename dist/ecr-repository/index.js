import { main } from '../slipway/index.js'

await main('ecr-repository')
