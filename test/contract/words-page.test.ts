/** `docs/protocol/words.md` says of the words of others what the tables of the code say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EIDO_PRIMARY, EIDO_SECONDARY, type FieldWord, FMS_KEYS, OURS_ALONE } from '../../src/domain/field-words.ts'
import {
  AXIS_CODES,
  AXIS_ELEMENTS,
  DISPOSITION_AXES,
  type DispositionAxis,
  metPatient,
} from '../../src/domain/trip/disposition-axes.ts'
import { DISPOSITIONS, UNAVAILABLE_REASONS, UNIT_STATUSES } from '../../src/domain/vocabulary.ts'
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

test('the page has each word of others with ours', () => {
  const tables = { 'EIDO primary': EIDO_PRIMARY, 'EIDO secondary': EIDO_SECONDARY, key: FMS_KEYS }
  for (const [head, words] of Object.entries(tables)) {
    const [, text] = DOCUMENT.split(`| ${head} | ours | what differs |\n|---|---|---|\n`)
    assert.deepEqual(text!.split('\n\n')[0]!.trim().split('\n'), words.map(rowOf), head)
  }
})

test('a word that has none of ours, or several, says what differs', () => {
  for (const { word, ours, differs } of [...EIDO_PRIMARY, ...EIDO_SECONDARY, ...FMS_KEYS]) {
    if (ours.length !== 1) assert.ok(differs !== undefined, word)
  }
})

test('every status and reason of ours is a word of EIDO, or is said to be ours alone', () => {
  const told = new Set([...EIDO_SECONDARY.flatMap(({ ours }) => ours), ...OURS_ALONE.map(({ ours }) => ours)])
  // EIDO has a word for each reason, and none for the status.
  const statuses = UNIT_STATUSES.filter(status => status !== 'unavailable').map(status => `status ${status}` as const)
  const reasons = UNAVAILABLE_REASONS.map(reason => `reason ${reason}` as const)
  for (const word of [...statuses, ...reasons]) assert.ok(told.has(word), word)
  for (const { ours: word } of OURS_ALONE) {
    assert.ok(![...EIDO_SECONDARY, ...FMS_KEYS].some(({ ours }) => ours.includes(word)), word)
    assert.ok(DOCUMENT.includes(`The status \`${word.split(' ')[1]}\``), word)
  }
})

const rowOf = ({ word, ours, differs }: FieldWord) => {
  const cells = ours.map(each => each.replace(/ (.+)/, ' `$1`')).join(', ')
  return `| ${word} | ${cells || 'none yet'} | ${differs ?? ''} |`
}
