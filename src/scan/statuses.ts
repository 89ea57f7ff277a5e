import type { Reason } from './model.ts'

/** What a scan status means for the wait: it goes on, there is a result, or there will never be one. */
export type StatusMeaning = 'wait' | 'result' | ((description: string) => Reason)

/** Every status of the ECR API (ScanStatus in its service model). One that is not here is new, and inconclusive. */
const meanings: Readonly<Record<string, StatusMeaning>> = {
  PENDING: 'wait',
  IN_PROGRESS: 'wait',
  // Results cannot be served at the moment: it may pass, and the deadline bounds it.
  FINDINGS_UNAVAILABLE: 'wait',
  COMPLETE: 'result',
  ACTIVE: 'result',
  FAILED: description => ({
    code: 'scan-failed',
    says: `The scan failed: ${description || 'ECR gives no reason'}`,
    todo: 'An operating system that ECR does not know cannot be scanned; else start the scan again.',
  }),
  UNSUPPORTED_IMAGE: description => ({
    code: 'scan-unsupported',
    says: `ECR cannot scan this kind of image: ${description || 'unsupported operating system or media type'}`,
    todo: 'Use a base image that ECR can scan, or judge this image by other means.',
  }),
  SCAN_ELIGIBILITY_EXPIRED: () => ({
    code: 'scan-expired',
    says: 'Amazon Inspector no longer scans this image: it is outside of the re-scan window.',
    todo: 'Push the image again, or lengthen the re-scan duration.',
  }),
  LIMIT_EXCEEDED: () => ({
    code: 'scan-limit',
    says: 'The account used up its basic scans of these 24 hours in this region (100,000).',
    todo: 'Run the job again later, or use enhanced scanning.',
  }),
  IMAGE_ARCHIVED: () => archived,
}

export function meaningOf(status: string): StatusMeaning {
  return (
    meanings[status] ??
    (() => ({
      code: 'scan-status-unknown',
      says: `ECR answers with a scan status that Slipway does not know: ${status || 'none'}.`,
      todo: 'Update Slipway.',
    }))
  )
}

export const archived: Reason = {
  code: 'scan-archived',
  says: 'The image is archived, and archived images are not scanned.',
  todo: 'Restore it in ECR, or push it again.',
}

export const unsupported: Reason = {
  code: 'scan-unsupported',
  says: 'ECR cannot scan this kind of image.',
  todo: 'Use a base image that ECR can scan, or judge this image by other means.',
}

export const notConfigured: Reason = {
  code: 'scan-not-configured',
  says: 'Scanning is enhanced in this registry, and no filter includes this repository: it will never be scanned.',
  todo: 'Add the repository to a scan rule of the registry (ECR, private registry, scanning).',
}

export function neverScanned(seconds: number): Reason {
  return {
    code: 'scan-not-found',
    says: `ECR knows of no scan of this image after ${seconds} s.`,
    todo: 'Turn scan-on-push on for this repository, or allow ecr:StartImageScan.',
  }
}

export function tooSlow(seconds: number, status: string): Reason {
  return {
    code: 'scan-timeout',
    says: `The scan gave no settled result within ${seconds} s (last status: ${status}).`,
    todo: 'Run the job again, or raise the input timeout.',
  }
}
