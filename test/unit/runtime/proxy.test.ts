import { describe, expect, test } from '@jest/globals'
import { proxyTo } from '../../../src/runtime/proxy.ts'

const cluster = 'https://abc.gr7.eu-west-1.eks.amazonaws.com'
const proxy = 'http://ci:hunter2@proxy.corp:3128'

describe('the proxy on the way to a server', () => {
  test.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: proxy }, 'http://proxy.corp:3128'],
    [{ https_proxy: proxy, HTTPS_PROXY: 'http://other:1' }, 'http://proxy.corp:3128'],
    [{ HTTP_PROXY: proxy }, 'http://proxy.corp:3128'],
    [{ HTTPS_PROXY: proxy, NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'localhost, .eks.amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: '*.amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'ABC.gr7.eu-west-1.eks.amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'abc.gr7.eu-west-1.eks.amazonaws.com:443' }, undefined],
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'abc.gr7.eu-west-1.eks.amazonaws.com:6443' }, 'http://proxy.corp:3128'],
    // Without a leading dot an entry is one name (undici).
    [{ HTTPS_PROXY: proxy, NO_PROXY: 'amazonaws.com' }, 'http://proxy.corp:3128'],
  ])('%j → %s, without its password', (env, expected) => {
    expect(proxyTo(cluster, env)).toBe(expected)
  })
})
