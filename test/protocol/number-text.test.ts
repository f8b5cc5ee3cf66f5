/** A number is one at every border: what JSON takes is taken as a text too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NEAREST_QUERY } from '../../src/protocol/call-fields.ts'
import { numberOfText } from '../../src/protocol/number-text.ts'
import { parseQuery } from '../../src/protocol/query.ts'

test('whatever JSON writes for a number is that number as a text', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
      for (const text of [JSON.stringify(value), value.toExponential(), value.toExponential().toUpperCase()]) {
        assert.equal(numberOfText(text), JSON.parse(text) + 0, text)
      }
    }),
  )
})

test('a text is a number when JSON takes it, with a plus or leading zeros too, and else never', () => {
  for (const [text, value] of [
    ['-3.8e-05', -0.000_038],
    ['1E2', 100],
    ['5.0', 5],
    ['1e-400', 0],
    ['-0', 0],
    ['+51.5', 51.5],
    ['007', 7],
    [`0.${'3'.repeat(40)}`, 1 / 3],
  ] as const) {
    assert.ok(Object.is(numberOfText(text), value), text)
  }
  for (const text of [
    '',
    ' 1',
    '1 ',
    '.5',
    '5.',
    '1e',
    'e5',
    '1e5.0',
    '--1',
    '1,5',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
  ]) {
    assert.equal(numberOfText(text), null, text)
  }
  for (const text of ['1e309', '-1e309', '9'.repeat(400)]) assert.equal(numberOfText(text), null)
})

test('nearest is asked at a place beside the meridian in whatever form its degrees are written', () => {
  for (const [lon, lonDeg] of [
    ['-3.8e-05', -0.000_038],
    ['-0.000038', -0.000_038],
    ['1.7476E2', 174.76],
  ] as const) {
    const query = parseQuery(new URLSearchParams({ region: 'sf', lon, lat: '51.5', k: '1e1' }), NEAREST_QUERY)
    assert.deepEqual(query, { ok: true, value: { region: 'sf', lon: lonDeg, lat: 51.5, k: 10 } })
  }
})
