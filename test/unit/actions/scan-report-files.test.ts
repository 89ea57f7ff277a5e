import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { prepareReportFiles, reportFiles, writeReportFiles } from '../../../src/actions/scan-report-files.ts'
import { seededScan } from '../../support/scan-results.ts'

const checkout = (): string => mkdtempSync(join(tmpdir(), 'slipway-reports-'))

test('each format that is asked for is written at its path, in folders that are made, secrets hidden', async () => {
  const workspace = checkout()
  const asked = reportFiles.parse(
    'SARIF=out/scan.sarif, json=./scan.json\ncsv = a/b/scan.csv\njunit=scan.xml',
    'reports',
  )
  const files = await prepareReportFiles(asked, workspace)
  const hide = (text: string): string => text.replaceAll('package-0', '***')
  expect(await writeReportFiles(files, seededScan(3), hide)).toEqual({
    sarif: join(workspace, 'out/scan.sarif'),
    json: join(workspace, 'scan.json'),
    csv: join(workspace, 'a/b/scan.csv'),
    junit: join(workspace, 'scan.xml'),
  })
  for (const file of Object.values(files)) {
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('package-1')
    expect(text).not.toContain('package-0')
    expect(text).toContain('***')
  }
})

test('nothing is written where nothing is asked for', async () => {
  expect(await writeReportFiles({}, seededScan(1), text => text)).toEqual({})
})

test.each(['folder', 'file/scan.json'])(
  'a place that no file can be in is an error before the scan: %s',
  async path => {
    const workspace = checkout()
    mkdirSync(join(workspace, 'folder'))
    writeFileSync(join(workspace, 'file'), '')
    await expect(prepareReportFiles({ json: path }, workspace)).rejects.toMatchObject({ code: 'input-reports' })
  },
)
