/**
 * The part of bench/scan-10k.ts that is measured: collects, judges and renders the findings of an image with three
 * platforms, through the real SDK client and a transport that makes up ECR's pages as they are asked for. Prints a JSON
 * line: processor time without that of making pages up, peak memory, and the size of what people see.
 */
import { htmlPage } from '../../src/report/html.ts'
import { scanCheck } from '../../src/report/scan-check.ts'
import { scanComment } from '../../src/report/scan-comment.ts'
import { scanReport, scanSummary } from '../../src/report/scan-report.ts'
import { renderers, scanDocument } from '../../src/report/scan-surfaces.ts'
import { ecrScanSource } from '../../src/scan/ecr-source.ts'
import { parseRules } from '../../src/scan/policy/rule.ts'
import { scanImage } from '../../src/scan/scan-image.ts'
import { awsTransport, type AwsAnswer, type AwsCall } from '../../test/support/aws-answers.ts'
import { testContext } from '../../test/support/image-context.ts'
import { host, imageManifest, indexManifest, session } from '../../test/support/images.ts'

const total = Number(process.argv[2] ?? '10000')
const perPage = 100
const platforms = ['linux/amd64', 'linux/arm64', 'linux/ppc64le'] as const
const index = indexManifest(platforms.map(platform => ({ manifest: imageManifest(platform), platform })))
const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNTRIAGED'] as const

/** As Inspector tells a flaw; every platform has the same packages. */
function finding(number: number): object {
  const name = `package-${number % 1_500}`
  return {
    severity: severities[number % severities.length],
    status: 'ACTIVE',
    title: `CVE-2026-${10_000 + number} - ${name}`,
    description: 'A flaw of the parser lets somebody in who should stay out. '.repeat(6),
    exploitAvailable: number % 9 === 0 ? 'YES' : 'NO',
    fixAvailable: 'YES',
    score: 7.5,
    firstObservedAt: 1_795_430_000,
    packageVulnerabilityDetails: {
      vulnerabilityId: `CVE-2026-${10_000 + number}`,
      relatedVulnerabilities: [`GHSA-aaaa-bbbb-${number}`],
      sourceUrl: `https://nvd.nist.gov/vuln/detail/CVE-2026-${10_000 + number}`,
      vulnerablePackages: [
        {
          name,
          version: '1.2.3',
          fixedInVersion: `1.2.${4 + (number % 7)}`,
          packageManager: 'NPM',
          filePath: `app/node_modules/${name}/package.json`,
          sourceLayerHash: `sha256:${String(number % 12).padStart(64, '0')}`,
        },
      ],
    },
  }
}

let pages = 0
function pageOf({ input }: AwsCall): AwsAnswer {
  pages++
  const from = Number(input['nextToken'] ?? '0')
  const to = Math.min(total, from + perPage)
  return {
    body: {
      imageScanStatus: { status: 'ACTIVE', description: 'Continuous scan is selected for image.' },
      imageScanFindings: {
        imageScanCompletedAt: 1_795_430_000,
        findingSeverityCounts: {},
        enhancedFindings: Array.from({ length: to - from }, (_, at) => finding(from + at)),
      },
      ...(to < total ? { nextToken: String(to) } : {}),
    },
  }
}

let madeUpMs = 0
const transport = awsTransport(call => {
  const begun = process.cpuUsage()
  const answer = answerTo(call)
  const { user, system } = process.cpuUsage(begun)
  madeUpMs += (user + system) / 1_000
  return answer
})

function answerTo(call: AwsCall): AwsAnswer {
  const scanning = { repositoryName: 'shop/api', scanOnPush: true, scanFrequency: 'CONTINUOUS_SCAN' }
  const byOperation: Readonly<Record<string, () => AwsAnswer>> = {
    BatchGetImage: () => ({ body: { images: [{ imageId: { imageDigest: index.digest }, imageManifest: index.raw }] } }),
    GetRegistryScanningConfiguration: () => ({ body: { scanningConfiguration: { scanType: 'ENHANCED' } } }),
    BatchGetRepositoryScanningConfiguration: () => ({ body: { scanningConfigurations: [scanning] } }),
    DescribeImageScanFindings: () => pageOf(call),
  }
  return byOperation[call.operation]?.() ?? { error: 'NotExpectedException' }
}

const source = await ecrScanSource(session, { requestHandler: transport.requestHandler })
const image = `${host}/shop/api@${index.digest}`
const request = { image, failOn: parseRules('critical, high:fixable'), timeoutMs: 600_000 }
const result = await scanImage(request, { session, context: testContext(), source })
const document = scanDocument(result)
const forPrograms = Object.values(renderers).map(render => render(document).length)
const page = htmlPage(scanReport(result))
const check = scanCheck(result)
const { user, system } = process.cpuUsage()
console.log(
  JSON.stringify({
    findings: result.findings.length,
    platforms: result.platforms.filter(({ state }) => state === 'complete').length,
    blocking: result.blocking.length,
    verdict: result.verdict,
    pages,
    cpuMs: (user + system) / 1_000 - madeUpMs,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    comment: scanComment(result).length,
    summaryBytes: Buffer.byteLength(scanSummary(result)),
    checkSummary: check.summary.length,
    surfaces: forPrograms.length,
    htmlBytes: Buffer.byteLength(page),
  }),
)
