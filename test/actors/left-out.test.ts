/** Fixes of a frame that are left out are told in one refusal: the first with what is wrong, the others by their number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeftOut } from '../../src/actors/driver/left-out.ts'

const told = (count: number) => {
  const leftOut = new LeftOut({ streamIndex: 0 })
  for (let seq = 1; seq <= count; seq++) leftOut.add(seq - 1, { channel: null, seq, field: 'lonE7' })
  return leftOut.refusal?.message ?? null
}

test('none, one, two and many fixes that are wrong are told as people say it', () => {
  assert.equal(told(0), null)
  assert.match(told(1)!, /^`fixes\.0\.lonE7` must be an integer from -?\d+ to \d+; such a fix/)
  assert.match(told(2)!, /, and 1 more fix of the frame is wrong; such a fix/)
  assert.match(told(3)!, /, and 2 more fixes of the frame are wrong; such a fix/)
})
