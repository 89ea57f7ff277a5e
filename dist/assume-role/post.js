import { post } from '../slipway/post.js'

await post('assume-role')
