/** What the judge finds about fixes, from the client's sending to the mark that it is told. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { driverKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { FIX_FLAGS } from '../../../src/store/location/segment-codec.ts'
import { onDuty } from '../../support/scenario.ts'
import { Court, fixOf, type Party } from './court.ts'
import { Ranges } from './ranges.ts'

const hole = (fromSeq: number, toSeq: number): DomainEvent => ({
  type: 'FixHoleRecorded',
  v: 1,
  entity: driverKey('A1'),
  ...{ unitId: 'A1', streamId: 's', fromSeq, toSeq },
})

/** A crew's phone that has sent its first four fixes, a while ago. */
function sentFour(): { court: Court; crew: Party } {
  const court = new Court()
  court.commit(onDuty('A1'))
  const crew = court.driver('A1', [['s', 'gnss', 1]])
  crew.isWelcome()
  crew.sends(['fix', 0, 0, fixOf(1), fixOf(2), fixOf(3), fixOf(4)])
  court.nowMs += 5_000
  return { court, crew }
}

describe('fixes', () => {
  test('that are stored as they were sent, and marked when they are, are right', async () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    crew.hears(['marks', 0, 2])
    court.store('A1', 's', [fixOf(3), fixOf(4)])
    crew.hears(['marks', 0, 4])
    await court.isOver()
    court.findsNothing()
  })

  test('that are stored with another place, or at another time, are found', () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1, 1_000, 7)])
    court.finds('fix-as-sent', /fix 1 of stream s of A1 is stored as 174.76 -36.8499993 .* was sent as 174.76 -36.85/)

    const { court: other } = sentFour()
    other.store('A1', 's', [fixOf(1, 1_001)])
    other.finds('fix-as-sent', /is stored at 1700000001001 and was sent for 1700000001000 \(gnss\)/)
  })

  test('that nobody sent are found', () => {
    const { court } = sentFour()
    court.store('A1', 'another', [fixOf(1)])
    court.finds('fix-as-sent', /fix 1 of stream another of A1 is stored in segment 1, and nobody sent it/)
  })

  test('that count as ahead of the clock and were not are found', () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1)], FIX_FLAGS.future)
    court.finds('fix-as-sent', /was not ahead of the clock, and is stored as if it were/)
  })

  test('that are stored twice are found', () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    court.store('A1', 's', [fixOf(2)])
    court.finds('fix-stored-once', /fix 2 of stream s of A1 is stored again in segment 2/)
  })

  test('a segment that says another count than it holds is found', () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1)], 0, { fixCount: 2 })
    court.finds('fix-as-sent', /segment 1 holds 1 fixes and says 2/)
  })

  test('that are missing between others are found in the end, unless the log has a hole', async () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(4)])
    await court.isOver()
    court.finds('track-without-gap', /stored up to 4, fixes 2 to 3 are missing/)

    const { court: other } = sentFour()
    other.store('A1', 's', [fixOf(1), fixOf(4)])
    other.commit([hole(2, 3)])
    await other.isOver()
    other.findsNothing()
  })

  test('a hole that covers stored fixes is found', () => {
    const { court } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    court.commit([hole(2, 3)])
    court.finds('hole-truthful', /the hole 2 to 3 of stream s of A1 \(position 2\) covers a stored fix/)
  })

  test('that were sent a minute ago and are not stored, or not marked, are found in the end', async () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2), fixOf(3)])
    crew.hears(['marks', 0, 3])
    court.nowMs += 61_000
    await court.isOver()
    court.finds('liveness-fixes', /fix 4 .* was sent 66000 ms ago and is not stored; stored are those up to 3/)

    const { court: other } = sentFour()
    other.store('A1', 's', [fixOf(1), fixOf(2), fixOf(3), fixOf(4)])
    other.nowMs += 61_000
    await other.isOver()
    other.finds('liveness-fixes', /fix 1 .* was sent 60000 ms ago or more, and its client knows of those up to 0/)
  })

  test('of a client that is gone may be lost with it', async () => {
    const { court, crew } = sentFour()
    crew.leaves()
    court.nowMs += 61_000
    await court.isOver()
    court.findsNothing()
  })
})

describe('a mark', () => {
  test('beyond what is stored is found, wherever it is told', () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    crew.hears(['marks', 0, 3])
    court.finds('marks-truthful', /marks fix 3 of stream s of A1; at segment 1, position 1 fix 3 was neither stored/)

    const { court: other } = sentFour()
    other.driver('A1', [['s', 'gnss', 1]]).isWelcome({ streams: [['s', 4]] })
    other.finds('marks-truthful', /marks fix 4 .* fix 1 was neither stored/)
  })

  test('that was true only when it arrived is found', () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1)])
    const ends = court.ends
    court.store('A1', 's', [fixOf(2)])
    crew.hears(['marks', 0, 2], ends)
    court.finds('marks-truthful', /marks fix 2 .* at segment 1, position 1 fix 2 was neither stored/)
  })

  test('over a hole is right once the log has the hole', () => {
    const { court, crew } = sentFour()
    court.commit([hole(1, 2)])
    crew.hears(['marks', 0, 2])
    court.findsNothing()
  })

  test('that goes back on one connection is found', () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    crew.hears(['marks', 0, 2])
    crew.hears(['marks', 0, 1])
    court.finds('marks-rise', /told mark 1 of stream s of A1, after 2/)
  })

  test('that is lower than what the client was told before is found, also on another connection', () => {
    const { court, crew } = sentFour()
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    crew.hears(['marks', 0, 2])
    crew.leaves()
    court.driver('A1', [['s', 'gnss', 3]]).isWelcome({ streams: [['s', 0]] })
    court.finds('marks-rise', /told mark 0 of stream s of A1, after 2/)
  })

  test('of a channel is that of the stream which the feed gave it', () => {
    const court = new Court()
    court.commit(onDuty('A1'), onDuty('A2'))
    const feed = court.feed()
    feed.isWelcome({ role: 'feed' })
    feed.sends(['attach', 'q-1', [[7, 'A1', 's', 'gnss', 1]]])
    feed.hears(['reply', 'q-1', 2, { channels: [[7, 0]], refused: [] }])
    feed.sends(['feed-fixes', 0, [7, ...fixOf(1)]])
    court.nowMs += 5_000
    // Stored under the feed's own name for it.
    court.store('A1', 's~W4sR', [fixOf(1)])
    feed.hears(['feed-marks', [[7, 1]]])
    court.findsNothing()
    feed.hears(['feed-marks', [[7, 2]]])
    court.finds('marks-truthful', /feed-1 .* marks fix 2 of stream s~W4sR of A1/)
  })

  test('of a stream that nobody named is found', () => {
    const { court, crew } = sentFour()
    crew.hears(['marks', 3, 1])
    court.finds('marks-truthful', /was told mark 1 of a stream that it did not name/)
  })
})

test('ranges hold the numbers that were added, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 5 }))), added => {
      const ranges = new Ranges()
      const numbers = new Set<number>()
      for (const [from, more] of added) {
        ranges.add(from, from + more)
        for (let n = from; n <= from + more; n += 1) numbers.add(n)
      }
      const all = Array.from({ length: 50 }, (_, i) => i + 1)
      const firstMissing = all.find(n => !numbers.has(n))!
      assert.deepEqual(
        all.filter(n => ranges.has(n)),
        all.filter(n => numbers.has(n)),
      )
      assert.equal(ranges.through, firstMissing - 1)
      assert.equal(ranges.max, Math.max(0, ...numbers))
      assert.equal(ranges.gaps().length === 0, firstMissing > ranges.max)
    }),
  )
})
