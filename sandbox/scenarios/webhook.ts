/** Admission webhooks for the pods of one namespace: one that says no, and one that says nothing. */
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Stage } from './scenario.ts'

export async function denying(stage: Stage, message: string): Promise<void> {
  await install(stage, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { readonly request: { readonly uid: string } }
      const answer = { uid: review.request.uid, allowed: false, status: { code: 403, message } }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }))
    })
  })
}

/** Takes the question and never answers: the API server gives up after 2 s, each time. */
export async function silent(stage: Stage): Promise<void> {
  await install(stage, () => undefined)
}

async function install(stage: Stage, listener: RequestListener): Promise<void> {
  const { namespace, kube, state, atEnd } = stage
  const pki = (file: string): Promise<Buffer> => readFile(join(state, 'pki', file))
  // The API server's own certificate is good for 127.0.0.1, too.
  const server = createServer({ cert: await pki('apiserver.crt'), key: await pki('apiserver.key') }, listener)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${namespace}`
  await kube.apply(path, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'signatures.policy.example.com',
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: (await pki('ca.crt')).toString('base64') },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        failurePolicy: 'Fail',
        timeoutSeconds: 2,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  })
  atEnd(async () => {
    await kube.send('DELETE', path)
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
}
