/** docs/torture.md against the code: every fault, with its modes, and every figure that must be zero. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { FAULTS } from '../../../tools/torture/faults/index.ts'
import { wrongs } from '../../../tools/torture/figures.ts'

const page = readFileSync(new URL('../../../docs/torture.md', import.meta.url), 'utf8')

test('the table of faults has every fault, in which modes it is done, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| .* \| (both|embedded|served) \|$/gm)]
  assert.deepEqual(
    rows.map(([, name, modes]) => [name, modes]),
    FAULTS.map(({ name, modes }) => [name, modes.length === 2 ? 'both' : modes[0]]),
  )
})

test('the table of what must hold has every figure that must be zero, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-zA-Z]+)` \| [^|]* \|$/gm)].map(([, name]) => name)
  assert.deepEqual(rows, Object.keys(wrongs([])))
})
