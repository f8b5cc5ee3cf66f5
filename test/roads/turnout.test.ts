import assert from 'node:assert/strict'
import test from 'node:test'
import { UNIT_STATUSES, type UnitStatus } from '../../src/domain/vocabulary.ts'
import { turnoutMs, USUAL_TURNOUT } from '../../src/roads/times/turnout.ts'

const NOON = { minute: 12 * 60 }
const standing = (status: UnitStatus, isAtStation: boolean) => ({ status, speedMps: 0, isAtStation })

test('a unit at its station takes 60 s by day and 90 s by night', () => {
  const at = (hour: number, minute = 0) => turnoutMs(standing('available', true), { minute: hour * 60 + minute })
  assert.deepEqual([at(6), at(12), at(21, 45)], [60_000, 60_000, 60_000])
  assert.deepEqual([at(22), at(0), at(5, 45)], [90_000, 90_000, 90_000])
})

test('a unit that is free by radio takes 30 s, and one that rolls 10 s, by night as by day, also past its station', () => {
  for (const minute of [0, 12 * 60]) {
    assert.equal(turnoutMs(standing('available', false), { minute }), 30_000)
    for (const isAtStation of [false, true])
      assert.equal(turnoutMs({ status: 'available', speedMps: 3, isAtStation }, { minute }), 10_000)
  }
})

test('a unit whose speed nobody knows stands, and walking pace is no driving', () => {
  assert.equal(turnoutMs({ status: 'available', speedMps: null, isAtStation: true }, NOON), 60_000)
  assert.equal(turnoutMs({ status: 'available', speedMps: 2.7, isAtStation: false }, NOON), 30_000)
})

test('a crew that works with its vehicle does not turn out of a station beside it', () => {
  const fromStation = UNIT_STATUSES.filter(status => turnoutMs(standing(status, true), NOON) === 60_000)
  assert.deepEqual(fromStation, ['off-duty', 'available', 'offered', 'unavailable'])
})

test('the rules are parameters, and a night need not go over midnight', () => {
  const rules = { ...USUAL_TURNOUT, nightFromMin: 60, nightUntilMin: 120, atStationByNightMs: 7 }
  const at = (minute: number) => turnoutMs(standing('available', true), { minute }, rules)
  assert.deepEqual([59, 60, 119, 120].map(at), [60_000, 7, 7, 60_000])
})
