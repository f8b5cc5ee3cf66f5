import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { timeOfDay } from '../../src/console/format.ts'
import { readTimeOfDay } from '../../src/console/late-moment.ts'

const AUCKLAND = 'Pacific/Auckland'
const at = (text: string) => Date.parse(text)

test('a time of day is the last such moment that is not ahead, in the zone of the region', () => {
  const nowMs = at('2026-03-03T01:10:30Z')
  assert.equal(readTimeOfDay('14:03', nowMs, AUCKLAND), at('2026-03-03T01:03:00Z'))
  assert.equal(readTimeOfDay('1403', nowMs, AUCKLAND), at('2026-03-03T01:03:00Z'))
  assert.equal(readTimeOfDay(' 14.03.20 ', nowMs, AUCKLAND), at('2026-03-03T01:03:20Z'))
  assert.equal(readTimeOfDay('14:11', nowMs, AUCKLAND), at('2026-03-02T01:11:00Z'), 'a minute ahead is yesterday')
  assert.equal(readTimeOfDay('23:50', nowMs, 'UTC'), at('2026-03-02T23:50:00Z'))
})

test('what is no time of day is none', () => {
  for (const text of ['', '14', '24:00', '12:60', '12:00:60', 'noon', '12:00 pm', '-1:00'])
    assert.equal(readTimeOfDay(text, at('2026-03-03T01:10:30Z'), 'UTC'), null, text)
})

test('a time before clocks were set reads as it was on the clock', () => {
  // Auckland: summer time ended on 5 April 2026 at three, which became two.
  const nowMs = at('2026-04-04T20:00:00Z')
  const read = readTimeOfDay('23:00', nowMs, AUCKLAND)!
  assert.equal(timeOfDay(read, AUCKLAND), '23:00:00')
  assert.equal(read, at('2026-04-04T10:00:00Z'))
})

test('whatever time is read shows as it was typed, and lies within a day', () => {
  const second = fc.integer({ min: 0, max: 86_399 })
  const moment = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-02-01T00:00:00Z') })
  fc.assert(
    fc.property(second, moment, (seconds, nowMs) => {
      const two = (value: number) => String(value).padStart(2, '0')
      const text = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
      const read = readTimeOfDay(text, nowMs, AUCKLAND)!
      assert.equal(timeOfDay(read, AUCKLAND), text)
      assert.ok(read <= nowMs && nowMs - read <= 86_400_000)
    }),
  )
})
