/** What is typed into the pages of supervisors and administrators, and what becomes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPassword } from '../../src/console/office/new-password.ts'
import {
  numbersOf,
  pathsChanged,
  policyWith,
  rangeOf,
  readNumber,
  spokenNumber,
  typedNumber,
} from '../../src/console/office/policy-numbers.ts'
import { POLICY_GROUPS_EN } from '../../src/console/office/policy-words.ts'
import { fieldsChanged, type RecordField, typedOf, valueTyped } from '../../src/console/office/record-fields.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'

test('every number of a policy has its words, once, and no words are of a number that there is not', () => {
  const named = POLICY_GROUPS_EN.flatMap(({ numbers }) => numbers.map(([name]) => name))
  assert.deepEqual([...named].sort(), Object.keys(DEFAULT_POLICY).sort())
  for (const [name, label, meaning] of POLICY_GROUPS_EN.flatMap(({ numbers }) => numbers)) {
    assert.ok(label.length > 2 && meaning.length > 2, name)
  }
})

test('every number that stands is typed and read back as itself', () => {
  for (const [path, value] of numbersOf(DEFAULT_POLICY)) {
    assert.equal(readNumber(path, typedNumber(path, value)), value, path)
  }
})

test('spans are typed in seconds, with a comma or a point; what is no number is none', () => {
  assert.equal(typedNumber('orderWarnMs.1', 20_000), '20')
  assert.equal(readNumber('orderWarnMs.1', ' 2,5 '), 2_500)
  assert.equal(readNumber('roundsMax', '3'), 3)
  for (const typed of ['', 'soon', '1 2']) assert.equal(readNumber('roundsMax', typed), null, typed)
  assert.equal(spokenNumber('waitAlarmMs.1', 180_000), '180 s')
  assert.equal(rangeOf('orderTimeoutMs.1'), '2 to 600 s')
  assert.equal(rangeOf('mode'), '')
})

test('a policy with other numbers differs in those alone', () => {
  const changed = policyWith(
    DEFAULT_POLICY,
    new Map<string, number | string>([
      ['roundsMax', 5],
      ['orderWarnMs.2', 30_000],
    ]),
  )
  assert.deepEqual(pathsChanged(DEFAULT_POLICY, changed as typeof DEFAULT_POLICY), ['orderWarnMs.2', 'roundsMax'])
  assert.equal(DEFAULT_POLICY.orderWarnMs[2], 20_000)
})

const field = (kind: RecordField['kind']): RecordField => ({ name: 'x', label: 'X', kind })

test('words, numbers and what may be left out are read as they are meant', () => {
  assert.deepEqual(valueTyped(field('words'), ' stroke, burns  trauma '), ['stroke', 'burns', 'trauma'])
  assert.deepEqual(
    [valueTyped(field('units'), ''), valueTyped(field('units'), 'all'), valueTyped(field('units'), 'A1 A2')],
    [null, 'all', ['A1', 'A2']],
  )
  assert.deepEqual([valueTyped(field('optional'), ' '), valueTyped(field('optional'), 'x')], [null, 'x'])
  // The engine says what it must be.
  assert.deepEqual([valueTyped(field('number'), '-36.85'), valueTyped(field('number'), 'north')], [-36.85, 'north'])
  assert.equal(typedOf(field('words'), ['a', 'b']), 'a b')
})

test('what somebody else has changed is told by its field', () => {
  const fields = [field('text'), { ...field('words'), name: 'y' }]
  assert.deepEqual(
    fieldsChanged(fields, { x: 'a', y: ['b'] }, { x: 'a', y: ['b', 'c'] }).map(({ name }) => name),
    ['y'],
  )
})

test('a new password is long enough, without letters that look alike, and never the same', () => {
  const made = new Set(Array.from({ length: 200 }, newPassword))
  assert.equal(made.size, 200)
  for (const password of made) assert.match(password, /^([2-9a-km-np-z]{5}-){3}[2-9a-km-np-z]{5}$/)
})
