import { post } from '../slipway/post.js'

await post('ecr-login')
