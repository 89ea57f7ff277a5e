/**
 * The first program inside the platform's namespaces: starts every part, each as soon as what it needs is there,
 * writes a line per stage to `progress.log`, and `platform.json` when the node is Ready; then it watches.
 * Started by lifecycle/up.ts: `node main.ts NAME`.
 */
import { existsSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stateFolder } from '../home.ts'
import { applyClusterObjects, relayKubernetesService, startDns, startMetricsServer } from './cluster-services.ts'
import type { Context } from './context.ts'
import { serveControl } from './control.ts'
import {
  defaultAccountReady,
  startApiServer,
  startAuthenticator,
  startControllers,
  startEtcd,
} from './control-plane.ts'
import { startPostgres, startRedis, type DatabaseAccess } from './data.ts'
import { environmentFor, platformRecord } from './environment.ts'
import { frontMain, startFront } from './front.ts'
import { seedRegistry, startBuildkit, startPackageIndex, startRegistry } from './images.ts'
import { Kube } from './kube.ts'
import { setUpMounts, setUpNetwork } from './network.ts'
import { nodeReady, startContainerd, startKubelet } from './node.ts'
import { makePki, writeKubeconfig } from './pki.ts'
import { registerSimulatedNodes, startKwok } from './simulated.ts'
import { rememberFresh } from './reset.ts'
import { Supervisor } from './supervisor.ts'

const started = Date.now()
const [name] = process.argv.slice(2)
if (name === undefined) throw new Error('usage: main.ts NAME')
await main(name)

async function main(name: string): Promise<void> {
  const state = stateFolder(name)
  try {
    const environment = environmentFor(state)
    const temporary = join(state, 'tmp')
    await mkdir(temporary, { recursive: true, mode: 0o777 })
    const supervisor = new Supervisor(state, { ...environment, TMPDIR: temporary })
    const context: Context = { name, state, supervisor, stage: stageTo(state) }
    const database = await start(context)
    await writeFile(join(state, 'env.json'), JSON.stringify(environment, undefined, 1))
    await writeFile(join(state, 'platform.json'), JSON.stringify(platformRecord(name, database, started), undefined, 1))
    await say(state, `ready ${seconds(started)}`)
  } catch (error) {
    await say(state, `failed ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}

/** Independent things start side by side; `await` stands only where something is really needed. */
async function start(context: Context): Promise<DatabaseAccess> {
  const { state, stage } = context
  await stage('network and mounts', async () => {
    await setUpNetwork()
    await setUpMounts(state)
  })
  const etcd = stage('etcd', () => startEtcd(context))
  const containerd = stage('containerd', () => startContainerd(context))
  await stage('certificates', async () => {
    await makePki(join(state, 'pki'))
    await writeKubeconfig(state, 'admin')
  })
  const images = stage('registry, BuildKit', async () => {
    await Promise.all([startRegistry(context).then(seedRegistry), startBuildkit(context), startPackageIndex()])
  })
  const data = stage('PostgreSQL, Redis', async () => {
    const [access] = await Promise.all([startPostgres(context), startRedis(context)])
    return access
  })
  const front = existsSync(frontMain)
    ? stage('front (AWS, GitHub, OIDC)', () => startFront(context))
    : say(state, '! sandbox/front/main.ts is missing: no AWS, no GitHub')
  const all = [images, data, front, startCluster(context, etcd, containerd)] as const
  const [, access] = await Promise.all(all)
  await rememberFresh(state)
  await serveControl(context)
  return access
}

async function startCluster(context: Context, etcd: Promise<void>, containerd: Promise<void>): Promise<void> {
  const { state, stage } = context
  const kube = new Kube(state)
  const webhook = await stage('EKS authenticator', () => startAuthenticator(context))
  await etcd
  await stage('API server', () => startApiServer(context, kube, webhook))
  const services = stage('cluster services', async () => {
    await Promise.all([startControllers(context), applyClusterObjects(kube), relayKubernetesService()])
    await startMetricsServer(context)
    await startDns(context)
  })
  await containerd
  await startKubelet(context)
  const simulated = stage('simulated nodes', async () => {
    await startKwok(context)
    await registerSimulatedNodes(kube)
  })
  await Promise.all([stage('node Ready', () => nodeReady(context, kube)), services, simulated])
  await defaultAccountReady(context, kube)
  kube.close()
}

function stageTo(state: string): Context['stage'] {
  return async (title, work) => {
    const since = Date.now()
    const result = await work()
    await say(state, `✓ ${title.padEnd(28)} ${seconds(since)}`)
    return result
  }
}

async function say(state: string, line: string): Promise<void> {
  await mkdir(state, { recursive: true })
  await appendFile(join(state, 'progress.log'), `${line}\n`)
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`
}
