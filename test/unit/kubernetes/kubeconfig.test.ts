import { describe, expect, test } from '@jest/globals'
import { KubeConfig } from '@kubernetes/client-node'
import { readKubeconfig } from '../../../src/kubernetes/kubeconfig.ts'

const pem = (name: string): string => `-----BEGIN ${name}-----\nAAAA\n-----END ${name}-----\n`
const base64 = (text: string): string => Buffer.from(text).toString('base64')

function config(user: string): string {
  return `
apiVersion: v1
kind: Config
current-context: here
contexts:
  - { name: there, context: { cluster: other, user: other } }
  - { name: here, context: { cluster: prod, user: me } }
clusters:
  - { name: other, cluster: { server: 'https://other' } }
  - { name: prod, cluster: { server: 'https://127.0.0.1:6443', certificate-authority-data: ${base64(pem('CERTIFICATE'))} } }
users:
  - { name: me, user: ${user} }
`
}

const noFiles = (path: string): Promise<string> => Promise.reject(new Error(`read ${path}`))

describe('a kubeconfig', () => {
  test('with a client certificate is read as client-node reads it', async () => {
    const text = config(`{ client-certificate-data: ${base64(pem('CERT'))}, client-key-data: ${base64(pem('KEY'))} }`)
    const oracle = new KubeConfig()
    oracle.loadFromString(text)
    const user = oracle.getCurrentUser()
    expect(await readKubeconfig(text, noFiles)).toEqual({
      server: oracle.getCurrentCluster()?.server,
      ca: Buffer.from(oracle.getCurrentCluster()?.caData ?? '', 'base64').toString(),
      clientCertificate: {
        certificate: Buffer.from(user?.certData ?? '', 'base64').toString(),
        key: Buffer.from(user?.keyData ?? '', 'base64').toString(),
      },
    })
  })

  test('may name files and hold a token', async () => {
    const text = config('{ token: secret }').replace(/certificate-authority-data: \S+/, 'certificate-authority: ca.crt')
    const connection = await readKubeconfig(text, async path => `contents of ${path}`)
    expect(connection).toMatchObject({ ca: 'contents of ca.crt' })
    expect(await connection.token?.(false)).toBe('secret')
  })

  test.each([
    ['an exec plugin', config('{ exec: { command: aws } }'), 'exec plugin'],
    [
      'a context that is not there',
      config('{}').replace('current-context: here', 'current-context: gone'),
      'no entry "gone"',
    ],
    ['something else', 'just text', 'no YAML mapping'],
  ])('with %s is refused in one sentence', async (_, text, says) => {
    await expect(readKubeconfig(text, noFiles)).rejects.toThrow(says)
  })
})
