import assert from 'node:assert/strict'
import test from 'node:test'
import { unitIdOf } from '../../bench/fleet.ts'
import { ACCURACY_DM, emptySentFixes, NO_HEADING, StoreCheck } from '../../bench/sent-fixes.ts'
import { decodeSegment, SegmentEncoder, type SegmentFix } from '../../src/store/location/segment-codec.ts'

const DRIVERS = 3
const EACH = 4

/** Three drivers, four fixes each, all sent and all called durable. */
function sentFixes() {
  const sent = emptySentFixes(DRIVERS, DRIVERS * EACH)
  for (let n = 0; n < DRIVERS * EACH; n++) {
    sent.fixedAtMs[n] = 1_700_000_000_000 + n
    sent.lonE7[n] = 1_747_600_000 + n * 31
    sent.latE7[n] = -368_500_000 - n * 17
    sent.speedCmps[n] = 1_000 + n
    sent.headingDd[n] = n % 2 === 0 ? NO_HEADING : 900
  }
  sent.sentSeq.fill(EACH)
  sent.toldSeq.fill(EACH)
  return sent
}

/** The rows as they come out of a segment. */
function storedRows(sent = sentFixes()): SegmentFix[] {
  const encoder = new SegmentEncoder()
  for (let n = 0; n < DRIVERS * EACH; n++) {
    const heading = sent.headingDd[n]!
    const fix = {
      seq: Math.floor(n / DRIVERS) + 1,
      fixedAtMs: sent.fixedAtMs[n]!,
      lonDeg: sent.lonE7[n]! / 1e7,
      latDeg: sent.latE7[n]! / 1e7,
      accuracyM: ACCURACY_DM / 10,
      speedMps: sent.speedCmps[n]! / 100,
      headingDeg: heading === NO_HEADING ? null : heading / 10,
    }
    encoder.add(unitIdOf(n % DRIVERS), 'bench', fix, 0)
  }
  return decodeSegment(encoder.finish().bytes)
}

function verdictOn(rows: readonly SegmentFix[], sent = sentFixes()) {
  const check = new StoreCheck(sent)
  for (const row of rows) check.see(row)
  return check.verdict()
}

const ALL_THERE = { sent: 12, lost: 0, unconfirmed: 0, excess: 0, abandoned: 0 }

test('all that was sent, read back from segments in any order, is nothing lost', () => {
  assert.deepEqual(verdictOn(storedRows()), ALL_THERE)
  assert.deepEqual(verdictOn(storedRows().reverse()), ALL_THERE)
})

test('a fix that was called durable and is not stored is lost', () => {
  assert.deepEqual(verdictOn(storedRows().slice(1)), { ...ALL_THERE, lost: 1 })
  assert.deepEqual(verdictOn([]), { ...ALL_THERE, lost: 12 })
})

test('a fix that is stored otherwise than it was sent is lost, whatever differs', () => {
  const changes = [
    { fixedAtMs: 1 },
    { lonDeg: 1 },
    { latDeg: 1 },
    { accuracyM: null },
    { speedMps: null },
    { headingDeg: 12 },
  ]
  for (const change of changes) {
    const [first, ...rest] = storedRows()
    const rows = [{ ...first!, fix: { ...first!.fix, ...change } }, ...rest]
    assert.deepEqual(verdictOn(rows), { ...ALL_THERE, lost: 1, excess: 1 }, JSON.stringify(change))
  }
})

test('a fix that was never called durable is unconfirmed, stored or not, and not lost', () => {
  const sent = sentFixes()
  sent.toldSeq[1] = EACH - 1
  assert.deepEqual(verdictOn(storedRows(), sent), { ...ALL_THERE, unconfirmed: 1 })
  assert.deepEqual(verdictOn(storedRows().slice(0, -2), sent), { ...ALL_THERE, unconfirmed: 1, lost: 1 })
})

test('a fix that went with its phone is neither lost nor unconfirmed, stored or not', () => {
  const sent = sentFixes()
  sent.abandoned[0] = 1
  sent.abandoned[11] = 1
  sent.toldSeq[2] = EACH - 1
  assert.deepEqual(verdictOn(storedRows(), sent), { ...ALL_THERE, abandoned: 2 })
  const without = storedRows().slice(1)
  assert.deepEqual(verdictOn(without, sent), { ...ALL_THERE, abandoned: 2 })
})

test('a second copy, a fix that was not sent and an unknown unit are excess', () => {
  const rows = storedRows()
  const twice = rows[0]!
  const unsent = { ...twice, fix: { ...twice.fix, seq: EACH + 1 } }
  const unknown = { ...twice, unitId: 'X1' }
  assert.deepEqual(verdictOn([...rows, twice, unsent, unknown]), { ...ALL_THERE, excess: 3 })
})
