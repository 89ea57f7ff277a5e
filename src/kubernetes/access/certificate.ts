import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import type { Instant } from '../../runtime/clock.ts'

/** A certificate as far as it explains why it is not trusted. */
export interface Certificate {
  /** Common name, or organisation. */
  readonly subject: string
  readonly issuer: string
  readonly validFrom: Instant
  readonly validTo: Instant
}

/** The certificate that a server shows (port); undefined when it shows none. */
export type ShownCertificate = (server: string, signal: AbortSignal) => Promise<Certificate | undefined>

const patienceMs = 4_000

/**
 * Looks at a certificate that was refused. Trust is off for this one connection, over which nothing is sent: it ends
 * with the handshake.
 */
export const shownCertificate: ShownCertificate = (server, signal) => {
  const { hostname, port } = new URL(server)
  return new Promise(resolve => {
    const socket = connect({
      host: hostname,
      port: Number(port || '443'),
      // A server is asked for by name; an address is none.
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      rejectUnauthorized: false,
      timeout: patienceMs,
    })
    const end = (certificate?: Certificate): void => {
      socket.destroy()
      resolve(certificate)
    }
    signal.addEventListener('abort', () => end(), { once: true })
    socket.once('secureConnect', () => end(certificateOf(socket.getPeerCertificate())))
    socket.once('timeout', () => end())
    socket.once('error', () => end())
  })
}

function certificateOf({
  subject,
  issuer,
  valid_from: from,
  valid_to: to,
}: Partial<PeerCertificate>): Certificate | undefined {
  if (subject === undefined || issuer === undefined || from === undefined || to === undefined) return undefined
  return { subject: nameIn(subject), issuer: nameIn(issuer), validFrom: Date.parse(from), validTo: Date.parse(to) }
}

function nameIn({ CN, O }: PeerCertificate['subject']): string {
  return [CN, O].flat().find(part => part !== undefined && part !== '') ?? 'nobody by name'
}
