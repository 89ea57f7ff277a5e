/** True when the environment names a proxy. What NO_PROXY exempts from it, undici's EnvHttpProxyAgent knows. */
export function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => Boolean(process.env[name]))
}

/**
 * The proxy through which requests to `server` go, for messages: without what may be a password. Reads HTTPS_PROXY and
 * NO_PROXY as undici's EnvHttpProxyAgent does, the lower-case names first.
 */
export function proxyTo(
  server: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const proxy = (env['https_proxy'] ?? env['HTTPS_PROXY']) || env['http_proxy'] || env['HTTP_PROXY']
  if (!proxy) return undefined
  const { hostname, port } = new URL(server)
  const exempt = env['no_proxy'] ?? env['NO_PROXY'] ?? ''
  if (exempt === '*' || exempt.split(/[,\s]/).some(entry => exempts(entry, hostname, port || '443'))) return undefined
  return URL.canParse(proxy) ? new URL(proxy).origin : 'of HTTPS_PROXY'
}

/** An entry with a leading dot or asterisk means all names that end so; any other is one name. */
function exempts(entry: string, hostname: string, port: string): boolean {
  const [, name = '', only = port] = /^(.+?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
  if (name === '' || only !== port) return false
  return /^[.*]/.test(name) ? hostname.endsWith(name.replace(/^\*/, '')) : hostname === name
}
