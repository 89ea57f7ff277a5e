import { randomBytes } from 'node:crypto'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { postgresBin } from '../provision/debian.ts'
import { addresses } from '../world.ts'
import type { Context } from './context.ts'
import { run } from './run.ts'

/** How the application reaches its database. */
export interface DatabaseAccess {
  readonly user: string
  readonly password: string
  readonly database: string
}

const folder = '/run/slipway/postgres'
const account = 'shop'

/**
 * PostgreSQL as RDS would offer it: a user and a database of the application.
 * It refuses to run as root, so its data folder is bound to where the user `postgres` can reach it.
 */
export async function startPostgres({ state, supervisor }: Context): Promise<DatabaseAccess> {
  const bin = postgresBin()
  if (!bin) throw new Error('PostgreSQL is not installed: run `npm run platform -- provision`')
  const [uid, gid] = [Number(await run('id', ['-u', 'postgres'])), Number(await run('id', ['-g', 'postgres']))]
  const data = join(state, 'postgres')
  for (const path of [data, folder]) await mkdir(path, { recursive: true, mode: 0o700 })
  await run('mount', ['--bind', data, folder])
  await chown(folder, uid, gid)
  const asPostgres = ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups', '--']
  const options = [
    '--pgdata',
    `${folder}/data`,
    '--no-sync',
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
  ]
  await run('setpriv', [...asPostgres, join(bin, 'initdb'), ...options])
  await writeFile(`${folder}/data/pg_hba.conf`, 'local all postgres trust\nhost all all 0.0.0.0/0 scram-sha-256\n')
  const settings = {
    listen_addresses: addresses.database,
    unix_socket_directories: folder,
    fsync: 'off',
    shared_buffers: '32MB',
    max_connections: '100',
  }
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  supervisor.start({
    name: 'postgres',
    command: join(bin, 'postgres'),
    args: ['-D', `${folder}/data`, ...flags],
    cwd: '/',
    uid,
    gid,
  })
  await supervisor.ready('postgres', async () => (await psql('postgres', 'SELECT 1')).includes('1'))
  const access = { user: account, password: randomBytes(12).toString('base64url'), database: account }
  await psql('postgres', `CREATE ROLE ${account} LOGIN PASSWORD '${access.password}'`)
  await createDatabase()
  return access
}

/** Drops the application's database with everything in it, whoever is connected, and makes an empty one. */
export async function recreateDatabase(): Promise<void> {
  await psql('postgres', `DROP DATABASE IF EXISTS ${account} WITH (FORCE)`)
  await createDatabase()
}

async function createDatabase(): Promise<void> {
  await psql('postgres', `CREATE DATABASE ${account} OWNER ${account} STRATEGY FILE_COPY`)
}

async function psql(database: string, statement: string): Promise<string> {
  return run('psql', ['-h', folder, '-U', 'postgres', '-d', database, '-v', 'ON_ERROR_STOP=1', '-tAc', statement])
}

/** Redis as ElastiCache would offer it, in memory only. */
export async function startRedis({ state, supervisor }: Context): Promise<void> {
  const data = join(state, 'redis')
  await mkdir(data, { recursive: true })
  const flags = [
    '--bind',
    addresses.cache,
    '--port',
    '6379',
    '--save',
    '',
    '--appendonly',
    'no',
    '--protected-mode',
    'no',
    '--dir',
    data,
  ]
  supervisor.start({ name: 'redis', command: 'redis-server', args: flags })
  await supervisor.ready('redis', async () => (await redis('PING')).includes('PONG'))
}

export async function flushRedis(): Promise<void> {
  await redis('FLUSHALL')
}

async function redis(...command: string[]): Promise<string> {
  return run('redis-cli', ['-h', addresses.cache, ...command])
}
