/** The tables of the domain: rhythm and freshness, ids, the order of fixes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNewer } from '../../src/domain/fix.ts'
import { ROUTED_ID, regionOf } from '../../src/domain/ids.ts'
import { DEFAULT_POLICY, freshnessOf, rhythmOf } from '../../src/domain/policy.ts'
import { UNIT_STATUSES } from '../../src/domain/vocabulary.ts'

test('cadence and staleness go by what the unit is doing', () => {
  const rhythms = Object.fromEntries(
    UNIT_STATUSES.map(s => [s, [rhythmOf(s, DEFAULT_POLICY).cadenceMs, rhythmOf(s, DEFAULT_POLICY).staleAfterMs]]),
  )
  const [responding, moving, parked] = [
    [5_000, 20_000],
    [15_000, 45_000],
    [30_000, 90_000],
  ]
  assert.deepEqual(rhythms, {
    'off-duty': parked,
    available: moving,
    offered: moving,
    assigned: responding,
    'en-route': responding,
    'on-scene': parked,
    transporting: responding,
    'at-destination': parked,
    'standing-down': parked,
    unavailable: parked,
  })
})

test('a position is fresh, then stale from its limit on, then lost from 300 s on', () => {
  for (const status of UNIT_STATUSES) {
    const { staleAfterMs } = rhythmOf(status, DEFAULT_POLICY)
    assert.equal(freshnessOf(status, staleAfterMs - 1, DEFAULT_POLICY), 'fresh')
    assert.equal(freshnessOf(status, staleAfterMs, DEFAULT_POLICY), 'stale')
    assert.equal(freshnessOf(status, 299_999, DEFAULT_POLICY), 'stale')
    assert.equal(freshnessOf(status, 300_000, DEFAULT_POLICY), 'lost')
    assert.equal(freshnessOf(status, -3_000, DEFAULT_POLICY), 'fresh')
  }
})

test('a bare id routes to its region', () => {
  const id = 'akl1.V1StGXR8_Z5jdHi6B-myT'
  assert.match(id, ROUTED_ID)
  assert.equal(regionOf(id), 'akl1')
})

test('fixes are ordered by when they were measured, then by their number; the same fix is not newer', () => {
  const fix = (fixedAtMs: number, seq: number) => ({ fixedAtMs, seq })
  assert.equal(isNewer(fix(1, 1), null), true)
  assert.equal(isNewer(fix(2, 1), fix(1, 9)), true)
  assert.equal(isNewer(fix(1, 9), fix(2, 1)), false)
  assert.equal(isNewer(fix(1, 2), fix(1, 1)), true)
  assert.equal(isNewer(fix(1, 1), fix(1, 1)), false)
})
