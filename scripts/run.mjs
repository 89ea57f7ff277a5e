/**
 * Runs one of our TypeScript programs: `node scripts/run.mjs scripts/check.ts --fix`.
 *
 * Plain JavaScript, because the machine's own Node may be older than the one that everything here needs.
 * It installs the packages when they do not fit package-lock.json and hands over to Node 24.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const neededMajor = 24
const [script, ...rest] = process.argv.slice(2)

if (!script) stop('usage: node scripts/run.mjs SCRIPT.ts [arguments]')
if (!installed()) install()
handOver(findNode())

/** True when node_modules holds what package-lock.json asks for; npm keeps its own record of what it installed. */
function installed() {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  if (!wanted) stop('package-lock.json is missing: the checkout is not complete.')
  if (!present) return false
  const extra = Object.keys(present).some(path => !(path in wanted))
  return !extra && Object.entries(wanted).every(([path, entry]) => path === '' || fits(entry, present[path]))
}

/** Optional packages of other systems are not installed, and that is right. */
function fits(wanted, present) {
  if (!present) return wanted.optional === true
  return wanted.version === present.version && wanted.integrity === present.integrity
}

function packagesOf(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined
}

function install() {
  process.stderr.write('slipway: installing packages (npm ci) …\n')
  // Without our own node_modules/.bin: npm would run on the very Node that it is about to replace.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => !folder.startsWith(join(root, 'node_modules')))
  const env = { ...process.env, PATH: path.join(delimiter) }
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (done.error) stop(`npm cannot be started (${done.error.message}). Install Node 20 or newer, with npm.`)
  if (done.status !== 0) stop('npm ci failed; its own words are above.')
}

/** This Node when it is new enough, else the one that comes as a package. */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= neededMajor && existsSync(process.execPath))
    return process.execPath
  const brought = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) return brought
  return stop(
    `Node ${neededMajor} is needed; this is ${process.version}, and no packaged Node fits ${process.platform}-${process.arch}.\n` +
      `Install Node ${neededMajor} and run the command again.`,
  )
}

function handOver(node) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  const child = spawn(node, [join(root, script), ...rest], { cwd: root, env, stdio: 'inherit' })
  // On a terminal, Ctrl-C reaches the child by itself; sent twice it would mean "stop at once".
  const forwarded = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (forwarded.includes(signal)) child.kill(signal)
    })
  }
  child.on('error', error => stop(`Node ${neededMajor} cannot be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)))
}

function stop(message) {
  process.stderr.write(`slipway: ${message}\n`)
  process.exit(1)
}
