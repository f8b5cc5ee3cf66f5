/** When those are to come again who came before the engine served. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnedAway } from '../../../src/gateway/limits/turned-away.ts'

function row(perS = 1_500) {
  const clock = { ms: 0 }
  return { clock, turnedAway: new TurnedAway(perS, () => clock.ms) }
}

test('[HS-11] a few are told to come in a second', () => {
  const { clock, turnedAway } = row()
  for (let n = 0; n < 50; n += 1) assert.ok(turnedAway.retryAfterMs() <= 1_033)
  clock.ms = 2_000
  assert.equal(turnedAway.retryAfterMs(), 1_000)
})

test('[HS-11] of a crowd that comes at once each has a place of its own, as many a second as the engine can take', () => {
  const { turnedAway } = row()
  const placesMs = Array.from({ length: 12_000 }, () => turnedAway.retryAfterMs())
  const perSecond = Array.from(
    { length: 10 },
    (_, second) => placesMs.filter(placeMs => Math.floor(placeMs / 1_000) === second).length,
  )
  assert.deepEqual([perSecond[0], perSecond.reduce((sum, count) => sum + count)], [0, 12_000])
  for (const count of perSecond) assert.ok(count <= 1_502, `${perSecond}`)
})

test('[HS-11] a crowd that comes no faster than that waits no longer for being large', () => {
  const { clock, turnedAway } = row()
  for (let n = 0; n < 45_000; n += 1, clock.ms += 1_000 / 1_500) assert.ok(turnedAway.retryAfterMs() <= 1_001)
})

test('nobody can make the row so long that others are kept away', () => {
  const { clock, turnedAway } = row()
  for (let n = 0; n < 100_000; n += 1) assert.ok(turnedAway.retryAfterMs() <= 10_000)
  clock.ms = 10_000
  assert.equal(turnedAway.retryAfterMs(), 1_000)
})
