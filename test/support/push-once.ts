/**
 * Pushes a layout in a process of its own, to be killed or measured: FOLDER TAG [REPOSITORY]; the password is in
 * REGISTRY_PASSWORD, the origin of a proxy in REGISTRY_ORIGIN. Prints the digest, or ends with the error's code.
 */
import { SlipwayError } from '../../src/runtime/errors.ts'
import { pushFolder } from './platform-push.ts'

const [folder = '', tag = '', repository] = process.argv.slice(2)
const { REGISTRY_PASSWORD: password = '', REGISTRY_ORIGIN: origin } = process.env
try {
  const { digest } = await pushFolder(folder, tag, { user: 'AWS', password }, origin, repository)
  console.log(digest)
} catch (thrown) {
  if (!(thrown instanceof SlipwayError)) throw thrown
  console.log(thrown.code)
  console.error(`${thrown.message} ${thrown.why ?? ''}`)
  process.exitCode = 1
}
