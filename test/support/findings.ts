import type { Finding, Severity } from '../../src/scan/findings.ts'

/** A finding in one package; enhanced unless `extra` says otherwise. */
export function finding(id: string, severity: Severity, extra: Partial<Finding> = {}): Finding {
  return {
    id,
    aliases: [],
    severity,
    title: id,
    package: { name: 'openssl', version: '3.0.15' },
    fix: 'no',
    platforms: [],
    ...extra,
  }
}

export function fixable(id: string, severity: Severity, fixedIn = '3.0.16'): Finding {
  return finding(id, severity, { fix: 'yes', fixedIn })
}
