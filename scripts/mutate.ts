/**
 * `npm run mutate [-- FILE …] [--sample N] [--record]`: flips one rule after the other in health/ and the core of the
 * gate; some test has to notice each. `--sample N` takes every N-th; `--record` writes docs/mutation.md.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { root } from './project.ts'
import { mutantsOf, type Mutant } from './mutation/mutants.ts'
import { pageOf, type Judged } from './mutation/page.ts'

const core = [
  'judge',
  'ledger',
  'quorum',
  'confirm',
  'state',
  'subjects',
  'store',
  'server-time',
  'second-sources/second-source',
]
const rulesFiles = [
  ...core.map(name => `src/rollout/gate/${name}.ts`),
  ...readdirSync(join(root, 'src/health')).map(name => `src/health/${name}`),
]
/** Quick ones first: most mutants are noticed by the first few. Long series of seeds are no part of it. */
const testFiles = ['test/unit/health', 'test/unit/gate', 'test/unit/world']
  .flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}`))
  .filter(name => name.endsWith('.test.ts') && !/(replay|kubelet|keep|narration)\.test/.test(name))
/** Longer than the slowest run without a mutant by far: it does not end. */
const longestMs = 240_000
/** A process keeps all modules that it ever loaded. */
const mutantsPerProcess = 60

function start(): ChildProcess {
  return fork(join(root, 'scripts/mutation/worker.ts'), {
    env: { ...process.env, SLIPWAY_TRACES: '12' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}

/** What noticed the mutant; null when nothing did. */
function ask(worker: ChildProcess, mutant: Mutant | undefined): Promise<string | null> {
  return new Promise(resolve => {
    const end = (by: string | null): void => {
      clearTimeout(timer)
      worker.removeAllListeners()
      resolve(by)
    }
    const timer = setTimeout(() => end('no end'), longestMs)
    worker.on('message', (told: { readonly by: string | null }) => end(told.by))
    worker.on('exit', () => end('the process ended'))
    worker.send({ mutant, files: testFiles })
  })
}

/** Takes mutants off the list until none is left. */
async function work(queue: Mutant[], judged: (result: Judged) => void): Promise<void> {
  let worker = start()
  let count = 0
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const by = await ask(worker, mutant)
    judged({ mutant, by })
    // What has no end goes on in the background: with a new process it does not.
    if (++count % mutantsPerProcess !== 0 && by !== 'no end' && by?.endsWith('(no end)') !== true && worker.connected)
      continue
    worker.kill('SIGKILL')
    worker = start()
  }
  worker.kill('SIGKILL')
}

const args = process.argv.slice(2)
const sample = Number(args[args.indexOf('--sample') + 1] ?? '1') || 1
const wanted = args.filter(arg => arg.endsWith('.ts'))
const chosen = rulesFiles.filter(file => wanted.length === 0 || wanted.some(part => file.endsWith(part)))
const all = chosen.flatMap(file => mutantsOf(file, readFileSync(join(root, file), 'utf8')))
const queue = all.filter((_, index) => index % (args.includes('--sample') ? sample : 1) === 0)

const first = start()
const before = await ask(first, undefined)
first.kill('SIGKILL')
if (before !== null) {
  console.error(`✗ without any mutant a test fails already: ${before}`)
  process.exitCode = 1
} else {
  const total = queue.length
  console.log(`${total} of ${all.length} mutants in ${chosen.length} files, ${testFiles.length} test files`)
  const results: Judged[] = []
  const report = (result: Judged): void => {
    results.push(result)
    const { mutant, by } = result
    if (by === null)
      console.log(`survived: ${mutant.file}:${mutant.line} ${mutant.operator}: ${mutant.before} → ${mutant.after}`)
    if (results.length % 25 === 0) console.log(`… ${results.length} of ${total}`)
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, () => work(queue, report)))
  const killed = results.filter(({ by }) => by !== null).length
  console.log(`${killed} of ${total} noticed (${((100 * killed) / total).toFixed(1)} %)`)
  if (args.includes('--record')) writeFileSync(join(root, 'docs/mutation.md'), pageOf(results, all.length))
}
