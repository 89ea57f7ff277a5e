import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { partPath } from '../provision/parts.ts'
import { addresses, ports } from '../world.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Flags {
  readonly state: string
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly kubeconfig: string
  readonly python: string
  readonly iamSimulate: string
  readonly listen: Address
  readonly control: Address
  readonly loadBalancer: Address
  readonly registryPort: number
  readonly motoPort: number
}

/** Command line of main.ts; its first comment says what each flag means. Throws when a file is missing. */
export function readFlags(args: readonly string[]): Flags {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      state: text,
      key: text,
      cert: text,
      ca: text,
      kubeconfig: text,
      python: text,
      'iam-simulate': text,
      listen: text,
      control: text,
      'load-balancer': text,
      'registry-port': text,
      'moto-port': text,
    },
  })
  const { state } = values
  if (state === undefined) throw new Error('--state is missing: the folder of the platform')
  const files = {
    key: values.key ?? join(state, 'pki/front.key'),
    cert: values.cert ?? join(state, 'pki/front.crt'),
    ca: values.ca ?? join(state, 'pki/ca.crt'),
    python: values.python ?? join(partPath('python'), 'bin/python'),
    iamSimulate: values['iam-simulate'] ?? join(partPath('node'), 'node_modules'),
  }
  for (const [name, file] of Object.entries(files))
    if (!existsSync(file)) throw new Error(`${name}: ${file} does not exist`)
  return {
    state,
    ...files,
    kubeconfig: values.kubeconfig ?? join(state, 'kubeconfig'),
    listen: address(values.listen, { host: addresses.front, port: 443 }),
    control: address(values.control, { host: '127.0.0.1', port: ports.control }),
    loadBalancer: address(values['load-balancer'], { host: addresses.loadBalancer, port: 80 }),
    registryPort: Number(values['registry-port'] ?? ports.registry),
    motoPort: Number(values['moto-port'] ?? ports.moto),
  }
}

function address(text: string | undefined, otherwise: Address): Address {
  if (text === undefined) return otherwise
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) }
}
