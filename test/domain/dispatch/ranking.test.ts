/** Ranking: the nearest first, as many as are kept, and what the record says of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BY_STRAIGHT_LINE } from '../../../src/domain/dispatch/far.ts'
import { decisionOf, fixAgeOf, rank } from '../../../src/domain/dispatch/ranking.ts'
import type { Candidate } from '../../../src/domain/events/decision-record.ts'
import { START_MS } from '../../support/given-when-then.ts'
import { PLACE } from '../../support/scenario.ts'

const units = fc
  .uniqueArray(fc.stringMatching(/^[A-C][0-9]$/), { maxLength: 20 })
  // Few distances, so that many are alike.
  .chain(ids => fc.tuple(...ids.map(id => fc.tuple(fc.constant(id), fc.constantFrom(0, 0.4, 0.6, 900, 20_000)))))
  .map(pairs => pairs.map(([unitId, far]): Candidate => ({ unitId, distanceM: far, fixAgeMs: 0, levelOfCare: 'als' })))

/** The best by a look at all of them, again and again. */
function picked(candidates: readonly Candidate[], k: number): Candidate[] {
  const isBetter = (a: Candidate, b: Candidate) =>
    a.distanceM < b.distanceM || (a.distanceM === b.distanceM && a.unitId < b.unitId)
  const best = candidates.find(one => candidates.every(other => other === one || isBetter(one, other)))
  return k === 0 || best === undefined
    ? []
    : [best, ...picked(candidates.toSpliced(candidates.indexOf(best), 1), k - 1)]
}

test('the nearest goes first, of two equally near the one whose id goes first; no more are kept than the record has place for', () => {
  fc.assert(
    fc.property(units, fc.integer({ min: 1, max: 8 }), (candidates, candidatesRecorded) => {
      assert.deepEqual(rank(candidates, { candidatesRecorded }), picked(candidates, candidatesRecorded))
    }),
  )
})

test('the rank goes by exact distances, the record has them to the metre', () => {
  const at = (unitId: string, far: number): Candidate => ({ unitId, distanceM: far, fixAgeMs: 0, levelOfCare: 'als' })
  const ranked = rank([at('A1', 900.4), at('A2', 900.1)], { candidatesRecorded: 5 })
  const passedOver = [{ unitId: 'A3', distanceM: 12.5, reason: 'busy' } as const]
  const seen = { basis: BY_STRAIGHT_LINE, candidates: ranked, passedOver, eligible: 4, excluded: { busy: 2 } }
  const candidates = [at('A2', 900), at('A1', 900)]
  const kept = { candidates, excluded: { busy: 2 }, eligible: 4, passedOver: [{ ...passedOver[0], distanceM: 13 }] }
  assert.deepEqual(decisionOf(seen, { version: 7 }), { policyVersion: 7, basis: 'straight-line', ...kept })
  assert.equal(decisionOf(seen, { version: 7 }, 'capability').despite, 'capability')
})

test('by road the soonest goes first, however far it is, and the record says by which roads', () => {
  const basis = { basis: 'roads', roadsVersion: 3 } as const
  const at = (unitId: string, far: number, etaMs: number, estimated?: 'off-road'): Candidate => ({
    ...{ unitId, distanceM: far, etaMs, fixAgeMs: 0, levelOfCare: 'als', ...(estimated && { estimated }) },
  })
  const given = [
    at('A1', 300, 90_000),
    at('A3', 2_000, 60_000),
    at('A2', 900.4, 60_000),
    at('A4', 80, 70_000, 'off-road'),
  ]
  const ranked = rank(given, { candidatesRecorded: 3 })
  const kept = [at('A2', 900, 60_000), at('A3', 2_000, 60_000), at('A4', 80, 70_000, 'off-road')]
  assert.deepEqual(
    decisionOf({ basis, candidates: ranked, passedOver: [], eligible: 4, excluded: {} }, { version: 7 }),
    {
      ...{ policyVersion: 7, ...basis, candidates: kept, excluded: {}, eligible: 4, passedOver: [] },
    },
  )
})

test('the fix of a clock that is ahead is of now, and so is none', () => {
  const fix = { ...PLACE, seq: 1, streamId: 's', fixedAtMs: START_MS }
  const placed = { ...fix, accuracyM: null, speedMps: null, headingDeg: null }
  assert.deepEqual(
    [START_MS + 2_000, START_MS - 500].map(nowMs => fixAgeOf(placed, nowMs)),
    [2_000, 0],
  )
  assert.equal(fixAgeOf(null, START_MS), 0)
})
