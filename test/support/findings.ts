import type { Finding, Severity } from '../../src/scan/findings.ts'
import type { Scene } from '../../src/scan/policy/judge.ts'

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

/** A scan of shop/api at noon of a day, with nothing to compare with. */
export const scene: Scene = {
  repository: 'shop/api',
  now: Date.UTC(2026, 10, 26, 12),
  factsOf: () => ({ change: 'introduced', part: 'app' }),
}
