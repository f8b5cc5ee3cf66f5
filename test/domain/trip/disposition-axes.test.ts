/** Dispositions on the four axes of NEMSIS. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AXIS_CODES,
  AXIS_ELEMENTS,
  DISPOSITION_AXES,
  type DispositionAxis,
  metPatient,
  NOT_APPLICABLE,
} from '../../../src/domain/trip/disposition-axes.ts'
import { DISPOSITIONS, type Disposition } from '../../../src/domain/vocabulary.ts'

const AXES = Object.keys(AXIS_ELEMENTS) as DispositionAxis[]
const codesOf = (disposition: Disposition, axis: DispositionAxis) => DISPOSITION_AXES[disposition][axis]
const having = (axis: DispositionAxis, codes: readonly string[]) =>
  DISPOSITIONS.filter(each => codesOf(each, axis).length > 0 && codesOf(each, axis).every(code => codes.includes(code)))

test('each code is one of its axis, each axis says no code twice, and no code is unused', () => {
  const used = new Set<string>()
  for (const disposition of DISPOSITIONS) {
    for (const axis of AXES) {
      const codes = codesOf(disposition, axis)
      const start = `42${AXIS_ELEMENTS[axis].slice(-2)}`
      for (const code of codes) assert.ok(code === NOT_APPLICABLE || code.startsWith(start), `${disposition} ${code}`)
      for (const code of codes) assert.ok(code in AXIS_CODES, code)
      assert.equal(new Set(codes).size, codes.length, disposition)
      for (const code of codes) used.add(code)
    }
  }
  assert.deepEqual([...used].sort(), Object.keys(AXIS_CODES).sort())
})

test('one word says that this unit carried the patient, and two that another one did or has the care', () => {
  assert.deepEqual(having('transport', ['4230001', '4230003']), ['transported'])
  assert.deepEqual(having('transport', ['4230005', '4230007']), ['transported-by-other-unit'])
  assert.deepEqual(having('crew', ['4229003']), ['transferred-to-other-unit'])
})

test('a patient who refused to be looked at was carried by nobody, as NEMSIS has it', () => {
  for (const disposition of DISPOSITIONS) {
    if (!codesOf(disposition, 'care').includes('4228007')) continue
    for (const code of codesOf(disposition, 'transport')) assert.ok(['4230009', '4230013'].includes(code), disposition)
  }
})

test('where there was no patient nobody was cared for, and no patient was carried', () => {
  for (const disposition of having('unit', ['4227003', '4227009', '4227011'])) {
    assert.deepEqual(codesOf(disposition, 'care'), [NOT_APPLICABLE], disposition)
    for (const code of codesOf(disposition, 'transport')) assert.ok(['4230011', NOT_APPLICABLE].includes(code), code)
  }
})

test('a crew met a patient where the word says so; whoever assists may not have', () => {
  const others = DISPOSITIONS.filter(disposition => !metPatient(disposition))
  const expected = ['no-patient-found', 'cancelled-on-scene', 'no-patient-contact', 'non-patient', 'assist']
  assert.deepEqual(others, expected)
})
