import { constants } from 'node:os'
import { SlipwayError } from '../src/runtime/errors.ts'
import { parse, unknown } from './lifecycle/command-line.ts'
import { down } from './lifecycle/down.ts'
import { status } from './lifecycle/status.ts'
import { up } from './lifecycle/up.ts'
import { attach } from './platform.ts'
import { requireRoot } from './provision/debian.ts'
import { provision } from './provision/provision.ts'

const help = `The local platform: a real Kubernetes with a real node, AWS and GitHub stand-ins, in namespaces of its own.

usage: npm run platform -- COMMAND [--name NAME]

  provision        make every part (once; ≤25 min on a bare machine)
  up               start the platform, provisioned first if need be
  status           what runs; exit 0 only when all is well
  enter CMD …      run a command inside (no command: a shell); its exit code is the exit code
  reset            empty the cluster, the AWS and GitHub state and the databases
  down             end it; nothing stays behind but logs

  --name NAME      which platform (default: default); several can run at once
`

type Command = (name: string, args: readonly string[]) => Promise<number>

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const commands: Readonly<Record<string, Command>> = {
  async provision() {
    await provision(print)
    return 0
  },
  async up(name) {
    await up(name, print)
    return 0
  },
  async status(name) {
    return (await status(name, print)) ? 0 : 1
  },
  async enter(name, args) {
    requireRoot()
    const [command = 'bash', ...rest] = args
    const child = attach(name).spawn(command, rest, { stdio: 'inherit' })
    // The command hears Ctrl-C itself; this process only waits for how it ends.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
    })
  },
  async reset(name) {
    requireRoot()
    const started = Date.now()
    await attach(name).reset()
    print(`✓ platform "${name}" is clean after ${((Date.now() - started) / 1000).toFixed(1)} s`)
    return 0
  },
  async down(name) {
    requireRoot()
    await down(name, print)
    return 0
  },
}

async function main(): Promise<number> {
  const { name, word, rest } = parse(process.argv.slice(2))
  const asked = word === 'enter' ? [] : [word, rest[0]]
  if (word === undefined || asked.some(said => said === '--help' || said === '-h' || said === 'help')) {
    process.stdout.write(help)
    return word === undefined ? 2 : 0
  }
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined
  if (!command) throw unknown(`"${word}" is no command of the platform.`)
  if (word !== 'enter' && rest.length > 0) throw unknown(`"${rest[0]}" means nothing after "${word}".`)
  return command(name, rest)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof SlipwayError)) throw error
  process.stderr.write(`✗ ${error.message}\n${error.why === undefined ? '' : `  ${error.why}\n`}  ${error.todo}\n`)
  process.exitCode = 1
}
