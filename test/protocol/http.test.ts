/** The two HTTP inputs that carry fields: the body of a call and the query for the nearest units. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NEAREST_QUERY } from '../../src/protocol/call-fields.ts'
import { parseQuery } from '../../src/protocol/query.ts'
import { parseCallBody } from './call-body.ts'

const CALL = { lonDeg: 174.7633, latDeg: -36.8485, priority: 2, needs: [{ levelOfCare: 'als' }] }
const body = (change: object) => parseCallBody(JSON.stringify({ ...CALL, ...change }))
const query = (text: string) => parseQuery(new URLSearchParams(text), NEAREST_QUERY)
function refused(
  parsed: { ok: true } | { ok: false; refusal: { code: string; details?: Readonly<Record<string, unknown>> } },
) {
  assert.ok(!parsed.ok)
  return [parsed.refusal.code, parsed.refusal.details?.path].filter(part => part !== undefined).join(' ')
}

test('a key that the body does not have is said to be none of its keys, so that nobody looks for a wrong value', () => {
  const parsed = body({ region: 'sf' })
  assert.equal(refused(parsed), 'invalid-field region')
  assert.match(parsed.ok ? '' : parsed.refusal.message, /^`region` is no key of this body; /)
})

test('a call needs its place in degrees, a priority and what it needs; the rest is null', () => {
  assert.deepEqual(body({}), {
    ok: true,
    value: {
      type: 'enter-call',
      lonDeg: 174.7633,
      latDeg: -36.8485,
      priority: 2,
      problem: null,
      needs: [{ levelOfCare: 'als', capabilities: [] }],
      receivedAtMs: null,
      details: null,
    },
  })
})

test('[HT-4] a place is rounded to 1e-7 degree, as the wire has it', () => {
  const parsed = body({ lonDeg: 174.76330004999, latDeg: -0.00000004 })
  assert.ok(parsed.ok)
  assert.equal(parsed.value.lonDeg, 174.7633)
  assert.equal(parsed.value.latDeg, 0)
})

test('a bad body is refused with the path of the field', () => {
  assert.equal(refused(body({ lonDeg: 180.1 })), 'invalid-field lonDeg')
  assert.equal(refused(body({ latDeg: '12' })), 'invalid-field latDeg')
  assert.equal(refused(body({ latDeg: undefined, latE7: 1 })), 'invalid-field latDeg')
  assert.equal(
    refused(body({ needs: [{ levelOfCare: 'als', capabilities: [7] }] })),
    'invalid-field needs.0.capabilities.0',
  )
  assert.equal(refused(body({ details: { notes: '\0' } })), 'invalid-field details.notes')
  assert.equal(refused(parseCallBody('{"lonDeg":1e999}')), 'invalid-field lonDeg')
  assert.equal(refused(parseCallBody('[]')), 'invalid-field body')
  assert.equal(refused(parseCallBody('"\\u0000"')), 'invalid-field body')
  assert.equal(refused(parseCallBody('null')), 'invalid-field body')
  assert.equal(refused(parseCallBody('')), 'malformed-frame')
  assert.equal(refused(parseCallBody('{"a":'.repeat(5_000))), 'malformed-frame')
})

test('a body must be UTF-8', () => {
  assert.equal(refused(parseCallBody(new Uint8Array([0x22, 0xff, 0x22]))), 'malformed-frame')
  assert.ok(parseCallBody(new TextEncoder().encode(JSON.stringify(CALL))).ok)
})

test('[HT-3] a nearest query asks for five units of any level unless it says otherwise', () => {
  assert.deepEqual(query('region=akl&lon=174.7633&lat=-36.8485'), {
    ok: true,
    value: { region: 'akl', lon: 174.7633, lat: -36.8485, k: 5 },
  })
  assert.deepEqual(query('region=akl&lon=-180&lat=90&k=100&levelOfCare=cct&other=1'), {
    ok: true,
    value: { region: 'akl', lon: -180, lat: 90, k: 100, levelOfCare: 'cct' },
  })
})

test('a bad query is refused with the name of the parameter', () => {
  assert.equal(refused(query('')), 'invalid-field region')
  assert.equal(refused(query('region=AKL&lon=1&lat=1')), 'invalid-field region')
  for (const lon of ['', 'x', '181', '2e2', '1e', '0x10', 'NaN', 'Infinity', ' 1', '1,5', '--1']) {
    assert.equal(refused(query(`region=akl&lat=1&lon=${encodeURIComponent(lon)}`)), 'invalid-field lon', lon)
  }
  for (const k of ['', '0', '101', '1.5', '-1'])
    assert.equal(refused(query(`region=akl&lon=1&lat=1&k=${k}`)), 'invalid-field k', k)
  assert.equal(refused(query('region=akl&lon=1&lat=1&levelOfCare=vet')), 'invalid-field levelOfCare')
  assert.equal(refused(query('region=akl&lon=1')), 'invalid-field lat')
})
