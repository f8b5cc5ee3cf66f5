/** `docs/protocol/words.md` says of the words of others what the tables of the code say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AXIS_CODES,
  AXIS_ELEMENTS,
  DISPOSITION_AXES,
  type DispositionAxis,
  metPatient,
} from '../../src/domain/trip/disposition-axes.ts'
import { DISPOSITIONS } from '../../src/domain/vocabulary.ts'
import { DOCUMENT, tableAfter } from '../protocol/document.ts'

test('the page has the codes of every disposition on the four axes', () => {
  const axes = Object.keys(AXIS_ELEMENTS) as DispositionAxis[]
  const expected = DISPOSITIONS.map(disposition => {
    const codes = axes.map(axis => DISPOSITION_AXES[disposition][axis].join(', ') || 'none')
    return [`\`${disposition}\``, metPatient(disposition) ? 'yes' : 'no', ...codes]
  })
  assert.deepEqual(tableAfter('## Dispositions'), expected)
  const head = axes.map(axis => `${axis}, ${AXIS_ELEMENTS[axis]}`).join(' | ')
  assert.ok(DOCUMENT.includes(`| disposition | met a patient | ${head} |`))
})

test('the page has the words of NEMSIS for each code', () => {
  const [, text] = DOCUMENT.split('| code | words of NEMSIS |\n|---|---|\n')
  const rows = text!.split('\n\n')[0]!.trim().split('\n')
  const expected = Object.entries(AXIS_CODES).map(([code, words]) => `| ${code} | ${words} |`)
  assert.deepEqual(rows, expected)
})
