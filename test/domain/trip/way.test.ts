/** Which way a trip's unit is on, and which change of an arrival is told. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import { isEtaNews, type TripEta, wayOf } from '../../../src/domain/trip/way.ts'
import { TRIP_PHASES } from '../../../src/domain/vocabulary.ts'

const trip = (phase: TripState['phase'], unitId: string | null = 'A1') =>
  ({ tripId: 'akl.t', unitId, priority: 2, phase, lonDeg: 1, latDeg: 2, times: { offered: 5 } }) as TripState

test('a unit is on its way to the scene from its order on until it is there, and to the destination while it transports', () => {
  const ways = TRIP_PHASES.map(phase => [phase, wayOf(trip(phase))?.toward ?? null])
  assert.deepEqual(
    ways.filter(([, toward]) => toward !== null),
    [
      ['offered', 'scene'],
      ['assigned', 'scene'],
      ['en-route', 'scene'],
      ['transporting', 'destination'],
    ],
  )
  assert.deepEqual(wayOf(trip('en-route'))?.goal, { lonDeg: 1, latDeg: 2 })
  assert.deepEqual(
    (['offered', 'assigned', 'en-route', 'transporting'] as const).map(phase => wayOf(trip(phase))?.toldAtMs),
    [5, 5, null, null],
    'who drives has set out',
  )
  assert.equal(wayOf(trip('offered', null)), null, 'who may still decline is on no way')
})

describe('an arrival is news', () => {
  const ETA: TripEta = {
    ...{ tripId: 'akl.t', unitId: 'A1', toward: 'scene', atMs: 1_000_000, etaMs: 300_000, distanceM: 4_000 },
    ...{ basis: 'roads', roadsVersion: 3, fixAgeMs: 2_000 },
  }
  const isNews = (changes: Partial<TripEta>) => isEtaNews(ETA, { ...ETA, ...changes })

  test('when there was none', () => {
    assert.ok(isEtaNews(null, ETA))
  })

  test('from 5 s on, sooner or later; and not while the unit drives as was expected', () => {
    assert.equal(isNews({}), false)
    assert.equal(isNews({ atMs: 1_020_000, etaMs: 280_000, distanceM: 3_700, fixAgeMs: 0 }), false)
    assert.equal(isNews({ atMs: 1_020_000, etaMs: 284_999 }), false)
    assert.equal(isNews({ atMs: 1_020_000, etaMs: 285_000 }), true)
    assert.equal(isNews({ atMs: 1_020_000, etaMs: 275_001 }), false)
    assert.equal(isNews({ atMs: 1_020_000, etaMs: 275_000 }), true)
  })

  test('after 30 s at any rate', () => {
    assert.equal(isNews({ atMs: 1_029_999, etaMs: 270_001 }), false)
    assert.equal(isNews({ atMs: 1_030_000, etaMs: 270_000 }), true)
  })

  test('when it is of another unit, place or basis, or not known any more', () => {
    const changes: Partial<TripEta>[] = [
      { unitId: 'A2' },
      { toward: 'destination' },
      { basis: 'straight-line' },
      { roadsVersion: 4 },
      { notByRoad: 'busy' },
      { etaMs: null, unknown: 'no-position' },
    ]
    for (const change of changes) assert.equal(isNews(change), true, JSON.stringify(change))
    const unknown: TripEta = { ...ETA, etaMs: null, unknown: 'no-destination' }
    assert.equal(isEtaNews(unknown, unknown), false)
  })
})
