/** Where a call can be meant to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accepted } from '../../../src/domain/decision.ts'
import { FAR_M, NEAR_M, swappedPlace } from '../../../src/domain/dispatch/place.ts'
import { distanceM, type Position } from '../../../src/domain/geo.ts'
import { given } from '../../support/given-when-then.ts'

const VIENNA = { lonDeg: 16.37, latDeg: 48.21 }
const swapped = ({ lonDeg, latDeg }: Position) => ({ lonDeg: latDeg, latDeg: lonDeg })

/** A call at `place`, in a region whose units are at `units`. */
const called = (place: Position, units: readonly Position[]) =>
  given().when(
    () =>
      swappedPlace(place, 'call', from =>
        units.length === 0 ? null : Math.min(...units.map(unit => distanceM(from, unit))),
      ) ?? accepted(),
  )

test('a call far from every unit, and near one with longitude and latitude exchanged, is refused', () => {
  called(swapped(VIENNA), [VIENNA]).thenRefused('invalid-field')
  called(swapped(VIENNA), [{ lonDeg: 140, latDeg: -35 }, VIENNA]).thenRefused('invalid-field')
})

test('the refusal names the field, and says how far both places are', () => {
  const refused = swappedPlace(swapped(VIENNA), 'changes', place => distanceM(place, VIENNA))
  assert.deepEqual(refused?.refusal.details, { path: 'changes.lonE7' })
  assert.match(refused.refusal.message, /longitude and latitude look swapped\. The nearest unit is 4\d{3} km .* 0 km/)
})

test('a call where units are is taken', () => {
  called(VIENNA, [VIENNA]).thenEvents()
})

test('with no unit that could be sent nothing is known of it, and the call is taken', () => {
  called(swapped(VIENNA), []).thenEvents()
})

test('a call that is far from every unit either way is taken', () => {
  called({ lonDeg: 48.21, latDeg: -16.37 }, [VIENNA]).thenEvents()
})

test('a place that would be none with the two exchanged is taken', () => {
  called({ lonDeg: 174.76, latDeg: -36.87 }, [VIENNA]).thenEvents()
})

test('where longitude and latitude are much the same, as in Cairo, either is a place of the region, and the call is taken', () => {
  const cairo = { lonDeg: 31.24, latDeg: 30.04 }
  called(swapped(cairo), [cairo]).thenEvents()
})

test('exactly as far and as near as the bounds say decides', () => {
  const at = (awayM: number, exchangedM: number) =>
    swappedPlace(VIENNA, 'call', place => (place.lonDeg === VIENNA.lonDeg ? awayM : exchangedM)) !== null
  assert.deepEqual([at(FAR_M, 0), at(FAR_M + 1, NEAR_M), at(FAR_M + 1, NEAR_M + 1)], [false, true, false])
})
