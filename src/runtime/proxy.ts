/** True when the environment names a proxy. What NO_PROXY exempts from it, undici's EnvHttpProxyAgent knows. */
export function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => Boolean(process.env[name]))
}
