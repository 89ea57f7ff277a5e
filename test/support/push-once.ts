/** Pushes a layout, to be killed: FOLDER ORIGIN TAG; the password is in REGISTRY_PASSWORD. */
import { pushFolder } from './platform-push.ts'

const [folder = '', origin = '', tag = ''] = process.argv.slice(2)
await pushFolder(folder, tag, { user: 'AWS', password: process.env['REGISTRY_PASSWORD'] ?? '' }, origin)
