/** Decisions in words: each verdict has its sentence, and the counts of a decision theirs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../../../src/domain/dispatch/eligibility.ts'
import { countsInWords, decisionInWords, verdictInWords } from '../../../src/domain/dispatch/words.ts'

test('each verdict has a sentence that says what it is drawn from', () => {
  const said = (verdict: Verdict) => verdictInWords('A1', verdict)
  assert.equal(said({ reason: null }), 'A1 could go.')
  assert.equal(said({ reason: 'off-duty', isRetired: false }), 'No crew is signed on to A1.')
  assert.equal(said({ reason: 'off-duty', isRetired: true }), 'A1 was given up by the service.')
  assert.equal(said({ reason: 'level-of-care', has: 'bls', needed: 'als' }), 'A1 is bls, and als is needed.')
  assert.equal(said({ reason: 'cannot-transport' }), 'A1 cannot carry a patient, and transport is needed.')
  assert.equal(said({ reason: 'unavailable', because: 'break' }), 'A1 is unavailable: break.')
  assert.equal(said({ reason: 'unavailable', because: null }), 'A1 is unavailable.')
  assert.equal(said({ reason: 'busy', status: 'en-route', tripId: 'T-1' }), 'A1 is en-route with trip T-1.')
  assert.equal(said({ reason: 'busy', status: 'offered', tripId: null }), 'A1 is offered.')
  assert.equal(said({ reason: 'asked-this-round', round: 2 }), 'A1 was asked in round 2 already.')
  assert.equal(
    said({ reason: 'capability', missing: ['bariatric', 'neonatal'] }),
    'A1 does not have bariatric, neonatal.',
  )
  assert.equal(
    said({ reason: 'held-in-reserve', has: 'cct', savesMs: 120_000 }),
    'A1 is held in reserve: few units are as high as cct, and it saves no more than 120 s.',
  )
  const gone = said({ reason: 'disconnected' })
  assert.equal(gone, 'The app of A1 is not there: its crew has to be told by voice.')
  assert.equal(said({ reason: 'no-position' }), 'Nobody knows where A1 is: it has no position.')
  const old = { reason: 'position-lost', fixAgeMs: 400_000, lostAfterMs: 300_000 } as const
  assert.equal(said(old), 'The position of A1 is 400 s old, and counts for 300 s.')
  assert.equal(said({ ...old, fixAgeMs: -400_000 }), 'The position of A1 is of a clock that was wrong.')
})

test('the counts say who could go, who could not and why, the most frequent reason first', () => {
  const candidates = [{ unitId: 'A1', distanceM: 900, fixAgeMs: 0, levelOfCare: 'als' }] as const
  assert.equal(
    countsInWords({ candidates, eligible: 3, excluded: { capability: 1, busy: 12 } }),
    '3 units could go, the nearest of those is A1 at 900 m. 13 units could not: 12 busy, 1 capability.',
  )
  assert.equal(
    countsInWords({ candidates, eligible: 1, excluded: {} }),
    '1 unit could go, the nearest of those is A1 at 900 m. No other unit has a crew.',
  )
  assert.equal(
    countsInWords({ candidates: [], eligible: 0, excluded: { busy: 1 } }),
    'Nobody could go. 1 unit could not: 1 busy.',
  )
  assert.equal(countsInWords({ candidates: [], eligible: 0, excluded: {} }), 'Nobody could go. No unit has a crew.')
})

test('a record of before all were counted says no more than it had', () => {
  assert.equal(countsInWords({ candidates: [], excluded: {} }), '')
  assert.equal(
    countsInWords({ candidates: [], excluded: { busy: 2 } }),
    'As far as was counted, 2 units could not: 2 busy.',
  )
})

test('a decision says who chose whom, and against what', () => {
  const at = (unitId: string, far: number) => ({ unitId, distanceM: far, fixAgeMs: 0, levelOfCare: 'als' }) as const
  const decision = { candidates: [at('A1', 900), at('A2', 950)], eligible: 2, excluded: { busy: 1 } } as const
  const counts = '2 units could go, the nearest of those is A1 at 900 m. 1 unit could not: 1 busy.'
  assert.equal(decisionInWords({ unitId: 'A1', chosenBy: null }, decision), `The desk chose A1, 900 m away. ${counts}`)
  const byHand = { ...decision, candidates: [at('A3', 100), ...decision.candidates], despite: 'capability' } as const
  const said = decisionInWords({ unitId: 'A3', chosenBy: 'dana' }, byHand)
  assert.equal(said, `dana chose A3, 100 m away, although it was passed over as capability. ${counts}`)
  const unplaced = decisionInWords({ unitId: 'A3', chosenBy: 'dana' }, { ...decision, despite: 'no-position' })
  assert.equal(unplaced, `dana chose A3, with no position, although it was passed over as no-position. ${counts}`)
  const nobody = { candidates: [], eligible: 0, excluded: { busy: 3 } } as const
  assert.equal(decisionInWords({ unitId: null, chosenBy: null }, nobody), 'Nobody could go. 3 units could not: 3 busy.')
  // Of before all were counted.
  const { eligible: _, ...before } = { ...decision, excluded: {} }
  assert.equal(decisionInWords({ unitId: 'A1', chosenBy: null }, before), 'The desk chose A1, 900 m away.')
})
