import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdFilter } from '../../src/base/id-filter.ts'

const idOf = (n: number) => `anna\nc-${n}`

test('it has every id that was added, and seldom one that was not', () => {
  const filter = new IdFilter(1 << 20)
  for (let n = 0; n < 50_000; n++) filter.add(idOf(n), n)
  for (let n = 0; n < 50_000; n++) assert.ok(filter.mayHave(idOf(n)), String(n))
  let wrong = 0
  for (let n = 50_000; n < 100_000; n++) if (filter.mayHave(idOf(n))) wrong += 1
  assert.ok(wrong < 30, `${wrong} of 50,000`)
})

test('it keeps within its bytes, and forgets no id for that', () => {
  const filter = new IdFilter(16_384)
  for (let n = 0; n < 20_000; n++) filter.add(idOf(n), n)
  assert.ok(filter.bytes <= 16_384, `${filter.bytes} bytes`)
  for (let n = 0; n < 20_000; n++) assert.ok(filter.mayHave(idOf(n)))
})

test('it forgets what is old by parts, and nothing that is not', () => {
  const filter = new IdFilter(1 << 20)
  for (let n = 0; n < 30_000; n++) filter.add(idOf(n), n)
  const { bytes } = filter
  filter.forgetBefore(15_000)
  assert.ok(filter.bytes < bytes)
  for (let n = 15_000; n < 30_000; n++) assert.ok(filter.mayHave(idOf(n)))
  filter.forgetBefore(30_000)
  assert.equal(filter.bytes, 0)
  assert.equal(filter.mayHave(idOf(29_999)), false)
})

test('an empty one has nothing', () => {
  assert.equal(new IdFilter(1).mayHave('x'), false)
})
