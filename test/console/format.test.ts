/** Numbers as a dispatcher reads and types them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  age,
  coordinates,
  distance,
  duration,
  metresBetween,
  readCoordinates,
  shortNumber,
} from '../../src/console/format.ts'

test('a clock shows minutes and seconds, hours where there are some, and what is not yet with a minus', () => {
  assert.deepEqual([0, 999, 61_000, 3_599_999, 3_600_000, 36_061_000, -5_000].map(duration), [
    '0:00',
    '0:00',
    '1:01',
    '59:59',
    '1:00:00',
    '10:01:01',
    '−0:05',
  ])
})

test('an age is never less than nothing, and never rounded up to younger words', () => {
  assert.deepEqual([-100, 0, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000].map(age), [
    '0 s',
    '0 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '23 h',
    '1 d',
  ])
})

test('coordinates are read as people type them, latitude first, and nothing else is taken for some', () => {
  const place = { latDeg: -36.8775, lonDeg: 174.76 }
  for (const typed of ['-36.8775, 174.76', ' -36.8775 174.7600 ', '-36.8775;+174.76']) {
    assert.deepEqual(readCoordinates(typed), place, typed)
  }
  assert.deepEqual(readCoordinates(coordinates(place)), place)
  for (const typed of [
    '',
    '12',
    '1 2 3',
    '91 0',
    '0 181',
    '1e2 0',
    '-36,8775 174,76',
    'here there',
    'NaN NaN',
    '0x1 2',
  ]) {
    assert.equal(readCoordinates(typed), null, typed)
  }
})

test('distances and numbers are as short as they are said on the radio', () => {
  assert.deepEqual([999.4, 1_000, 9_949, 12_600].map(distance), ['999 m', '1.0 km', '9.9 km', '13 km'])
  assert.deepEqual(['2026-000123-1', '2026-000100-12', 'Ab3'].map(shortNumber), ['123-1', '100-12', 'Ab3'])
  const east = metresBetween({ latDeg: 60, lonDeg: 10 }, { latDeg: 60, lonDeg: 10.01 })
  assert.ok(Math.abs(east - 556) < 2, `${east}`)
})
