import { readFileSync } from 'node:fs'

import { expect, test } from '@jest/globals'

/** A row with a demand in docs/size.md, which the build writes and `npm run check` holds against `dist/`. */
const row = /^\| (?<what>[^|]+) \| (?<bytes>[\d ]+) \| ≤ (?<most>[\d ]+) \|$/gm

const bytesOf = (text = ''): number => Number(text.replaceAll(' ', ''))

test('no action loads more than it may, nor does the whole bundle weigh more', () => {
  const rows = [...readFileSync('docs/size.md', 'utf8').matchAll(row)].map(({ groups = {} }) => ({
    what: groups['what'],
    bytes: bytesOf(groups['bytes']),
    most: bytesOf(groups['most']),
  }))
  expect(rows.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['all of `dist/`', 'packed (gzip)', '`deploy` loads at most', '`scan` loads at most']),
  )
  expect(rows.filter(({ bytes, most }) => !(bytes > 0 && bytes <= most))).toEqual([])
})
