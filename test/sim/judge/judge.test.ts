/** What the judge finds in memory, in the database, and between the two: each rule by what breaks it. */
import { describe, test } from 'node:test'
import { DriverLocation } from '../../../src/actors/driver/location.ts'
import { callKey, tripKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { START_MS } from '../../support/given-when-then.ts'
import {
  accepted,
  called,
  cancelled,
  closed,
  offered,
  onDuty,
  registered,
  signedOn,
  timedOut,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'
import { Court, fixOf } from './court.ts'

const callClosed = (callId: string): DomainEvent => ({ type: 'CallClosed', v: 1, entity: callKey(callId), callId })
const alarm = (tripId: string, name: 'unacknowledged'): DomainEvent => ({
  type: 'TripAlarmRaised',
  v: 1,
  entity: tripKey(tripId),
  tripId,
  alarm: name,
  unitId: 'A1',
  severity: 1,
})

/** A court with this log, by a policy of the mode in which its offers are. */
function courtWith(...records: (readonly DomainEvent[])[]): Court {
  const modes = records.flat().flatMap(event => (event.type === 'OfferMade' ? event.mode : []))
  const court = new Court(modes[0])
  court.commit(...records)
  return court
}

describe('a log and a memory that are right', () => {
  test('are found right, from the first unit to the end of a trip', async () => {
    const court = courtWith(...untilAssigned(), [closed('T-1', 'A1'), callClosed('C-1')])
    court.judge.recovered('engine-1', court.memory())
    court.judge.look()
    await court.isOver()
    court.findsNothing()
  })

  test('are found right with much that is decided and not durable', () => {
    const court = courtWith(...untilOffered())
    const ahead = new Court()
    ahead.commit(...untilAssigned())
    const memory = ahead.memory({ logDurable: 3 })
    court.judge.turned('engine-1', memory, [accepted('T-1', 'A1', 'O-1')])
    court.judge.look()
    court.findsNothing()
  })
})

describe('in memory, after a step', () => {
  test('a unit that works on a trip which names another is found', () => {
    const court = courtWith(...untilAssigned(), onDuty('A2'))
    const trip = { ...court.world.trip('T-1'), unitId: 'A2', version: 9 }
    court.judge.turned('engine-1', court.memory({ trips: [trip] }), [accepted('T-1', 'A1', 'O-1')])
    court.finds('bound-both-ways', /trip T-1 is assigned with A2, which has no trip/)
  })

  test('a unit with two open trips is found', () => {
    const court = courtWith(...untilAssigned(), called(['T-2']))
    const other = { ...court.world.trip('T-1'), tripId: 'T-2', callId: 'C-2', version: 9 }
    court.judge.turned('engine-1', court.memory({ trips: [other] }), called(['T-2']))
    court.findsAmongOthers('one-open-trip', /unit A1 has T-2 \(assigned\) and T-1 \(assigned\)/)
  })

  test('a pending trip that nobody has in a queue is found', () => {
    const court = courtWith(onDuty('A1'), called(['T-1']))
    court.judge.turned('engine-1', court.memory({ notQueued: ['T-1'] }), called(['T-1']))
    court.finds('trip-has-a-place', /trip T-1 is pending and is not in the queue/)
  })

  test('a trip that is offered and still queued is found', () => {
    const court = courtWith(...untilOffered())
    court.judge.turned('engine-1', court.memory({ queued: ['T-1'] }), [offered('T-1', 'A1', 'O-1')])
    court.finds('trip-has-a-place', /trip T-1 is offered and is in the queue/)
  })

  test('a status that does not follow from the work is found', () => {
    const court = courtWith(...untilAssigned())
    const driver = { ...court.world.driver('A1'), status: 'available' as const, version: 9 }
    court.judge.turned('engine-1', court.memory({ drivers: [driver] }), [accepted('T-1', 'A1', 'O-1')])
    court.finds('status-follows-work', /unit A1 is available and should be assigned/)
  })

  test('a call that outlives its trips is found', () => {
    const court = courtWith(onDuty('A1'), called(['T-1']), [cancelled('T-1', null)])
    court.judge.turned('engine-1', court.memory(), [cancelled('T-1', null)])
    court.finds('call-ends-with-trips', /call C-1 is open, and its trips are cancelled/)
  })

  test('nothing is looked at that the step did not touch, until everything is looked at', () => {
    const court = courtWith(onDuty('A1'), called(['T-1']))
    court.judge.turned('engine-1', court.memory({ notQueued: ['T-1'] }), onDuty('A1'))
    court.findsNothing()
    court.judge.look()
    court.finds('trip-has-a-place', /trip T-1/)
  })

  test('what a crash left wrong is found in what it left', () => {
    const court = courtWith(onDuty('A1'), called(['T-1']))
    court.judge.turned('engine-1', court.memory({ notQueued: ['T-1'] }), onDuty('A1'))
    court.judge.dropped('engine-1')
    court.finds('trip-has-a-place', /trip T-1/)
  })
})

describe('in the database', () => {
  test('a position that is left out is found', () => {
    const court = courtWith(onDuty('A1'))
    court.record(onDuty('A2'), { wrong: { position: 3 } })
    court.finds('log-without-gaps', /position 3 follows position 1/)
  })

  test('a segment that is left out is found', () => {
    const court = courtWith(onDuty('A1'))
    const driver = court.driver('A1', [['s', 'gnss', 1]])
    driver.sends(['fix', 0, 0, fixOf(1)])
    court.store('A1', 's', [fixOf(1)], 0, { segmentNo: 2 })
    court.finds('log-without-gaps', /segment 2 follows segment 0/)
  })

  test('time that runs backwards is found', () => {
    const court = courtWith(onDuty('A1'))
    court.record(onDuty('A2'), { wrong: { recordedAtMs: START_MS } })
    court.finds('time-runs-forward', /position 2 is recorded at 1700000000000, position 1 at 1700000001000/)
  })

  test('a write of an owner that was replaced is found', () => {
    const court = courtWith(onDuty('A1'))
    court.judge.acquired(2)
    court.record(onDuty('A2'), { epoch: 1 })
    court.finds('one-writer', /records from 2 on came in with epoch 1; the region is held with 2/)
  })

  test('an epoch that was there before is found', () => {
    const court = courtWith(onDuty('A1'))
    court.judge.acquired(1)
    court.finds('one-writer', /taken with epoch 1, after epoch 1/)
  })

  test('a unit that the table of open trips has twice is found', () => {
    const court = courtWith(...untilAssigned())
    court.record(called(['T-2']), { wrong: { opens: [{ unitId: 'A1', tripId: 'T-2' }] } })
    court.finds('open-trip-once', /opens T-2 for A1, which has T-1/)
  })

  test('a bound unit that the table does not have is found', () => {
    const court = courtWith(...untilOffered())
    court.record([accepted('T-1', 'A1', 'O-1')], { wrong: { opens: [] } })
    court.finds('open-trip-once', /leaves A1 bound to T-1 and the table with nothing/)
  })

  test('an event that fits nothing before it is found', () => {
    const court = courtWith(onDuty('A1'))
    court.judge.recordsCommitted(1, [
      {
        record: {
          position: 2,
          recordedAtMs: START_MS + 2_000,
          epoch: 1,
          ...{ principal: 'system', commandId: null, trace: null },
          events: [signedOn('A1', 'crew-2')],
        },
        ...{ command: null, opens: [], closes: [], callDetails: null },
      },
    ])
    court.finds('log-makes-sense', /CrewSignedOn at 2 does not fit unit A1, which is available/)
  })

  test('an offer that ends before its deadline is found', () => {
    const court = courtWith(...untilOffered(), [timedOut('T-1', 'A1', 'O-1')])
    court.finds('deadline-kept', /OfferTimedOut of T-1 at position 4 comes 13000 ms before its time/)
  })

  test('an alarm after a start that leaves crews no time to come back is found', () => {
    const court = courtWith(...untilOffered('ordered'))
    court.judge.recovered('engine-1', court.memory())
    court.record([alarm('T-1', 'unacknowledged')], { wrong: { recordedAtMs: START_MS + 30_000 } })
    court.findsNothing()

    const other = courtWith(...untilOffered('ordered'))
    other.nowMs = START_MS + 25_000
    other.judge.recovered('engine-1', other.memory())
    other.record([alarm('T-1', 'unacknowledged')], { wrong: { recordedAtMs: START_MS + 30_000 } })
    other.finds('deadline-kept', /alarm unacknowledged of T-1 at position 4 comes 10000 ms before its time/)
  })

  test('an offer that stays open long after its deadline is found', () => {
    const court = courtWith(...untilOffered())
    court.judge.recovered('engine-1', court.memory())
    court.nowMs += 600_000
    court.judge.look()
    court.finds('deadline-kept', /offer of T-1 to A1 is open, 586000 ms after its deadline/)
  })

  test('a unit that is asked twice in a round is found', () => {
    const court = courtWith(...untilOffered(), [timedOut('T-1', 'A1', 'O-1'), offered('T-1', 'A1', 'O-2')])
    court.findsAmongOthers('deadline-kept', /offer of T-1 to A1 at position 4 is its second in round 1/)
  })

  test('an offer to a unit that does not fit, or was not the best, is found', () => {
    const low = { ...registered('A1'), levelOfCare: 'first-responder' } as DomainEvent
    const court = courtWith([low, signedOn('A1')], called(['T-1']), [offered('T-1', 'A1', 'O-1')])
    court.findsAmongOthers('offer-fits', /needs bls, and the unit is first-responder/)

    const other = courtWith(onDuty('A2'), called(['T-1']), [offered('T-1', 'A2', 'O-1')])
    other.finds('offer-fits', /offer of T-1 to A2 at position 3 names A1 as the best/)
  })
})

describe('between memory and the log', () => {
  test('a state that the log does not make is found', () => {
    const court = courtWith(...untilAssigned())
    const driver = { ...court.world.driver('A1'), callSign: 'another' }
    court.judge.recovered('engine-1', court.memory({ drivers: [driver] }))
    court.finds('rebuild-equals-memory', /has driver\/A1 as .*"another".*; by position 4 the log makes it/)
  })

  test('a trip that memory has lost is found', () => {
    const court = courtWith(onDuty('A1'), called(['T-1']))
    court.judge.recovered('engine-1', new Court().memory({ logDurable: 2, drivers: [court.world.driver('A1')] }))
    court.findsAmongOthers('rebuild-equals-memory', /engine-1, .* does not have trip\/T-1, .* by position 2/)
  })

  test('memory of an owner that was replaced is held to what it could know', () => {
    const court = courtWith(onDuty('A1'))
    const before = court.memory()
    court.judge.recovered('engine-1', before)
    court.judge.acquired(2)
    court.record(onDuty('A2'), { epoch: 2 })
    court.judge.look()
    court.findsNothing()
  })

  test('a unit that was recovered at an old fix is found', () => {
    const court = courtWith(onDuty('A1'))
    court.driver('A1', [['s', 'gnss', 1]]).sends(['fix', 0, 0, fixOf(1), fixOf(2)])
    court.nowMs += 5_000
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    const location = new DriverLocation()
    location.replay('s', { ...at(court, 1) }, 0)
    location.stream('s').receivedSeq = 2
    court.judge.recovered('engine-1', court.memory({ locations: { A1: location } }))
    court.findsAmongOthers('rebuild-equals-memory', /has A1 at .*fix 1 of s.*newest stored fix is .*fix 2 of s/)
  })

  test('a unit that was recovered at another number of its stream is found', () => {
    const court = courtWith(onDuty('A1'))
    court.driver('A1', [['s', 'gnss', 1]]).sends(['fix', 0, 0, fixOf(1), fixOf(2)])
    court.nowMs += 5_000
    court.store('A1', 's', [fixOf(1), fixOf(2)])
    const location = new DriverLocation()
    location.replay('s', at(court, 2), 0)
    location.stream('s').receivedSeq = 1
    court.judge.recovered('engine-1', court.memory({ locations: { A1: location } }))
    court.finds('rebuild-equals-memory', /goes on with stream s of A1 behind fix 1; stored are those up to 2/)
  })

  test('a unit that stands behind its newest stored fix is found', () => {
    const court = courtWith(onDuty('A1'))
    court.judge.recovered('engine-1', court.memory({ locations: { A1: new DriverLocation() } }))
    court.driver('A1', [['s', 'gnss', 1]]).sends(['fix', 0, 0, fixOf(1)])
    court.nowMs += 5_000
    court.store('A1', 's', [fixOf(1)])
    court.judge.look()
    court.finds('place-is-newest', /engine-1 has A1 at no place, and stored is the newer .*fix 1 of s/)
  })

  test('snapshots that are not what the log makes are found in the end', async () => {
    const court = courtWith(onDuty('A1'), called(['T-1']))
    court.judge.recovered('engine-1', court.memory())
    const state = { ...court.world.driver('A1'), callSign: 'another' }
    const { ownership } = await court.journal.acquire('sim')
    const at = { position: 2, segmentNo: 0 }
    await court.journal.putSnapshots(ownership, [
      { entity: 'driver/A1', ...at, state: { form: 9, state, placed: null, streams: [], forgotten: [] } },
      { entity: 'trip/T-1', ...at, state: { form: 9, state: court.world.trip('T-1') } },
      { entity: 'call/C-1', ...at, state: { form: 9, state: court.world.call('C-1') } },
      { entity: 'region', ...at, state: { form: 9, lastRecordedAtMs: START_MS } },
    ])
    court.judge.snapshotsPut()
    await court.isOver()
    court.findsAmongOthers('snapshot-equals-log', /driver\/A1 is .*"Medic A1".* from zero and .*"another"/)
  })
})

describe('of the engine itself', () => {
  test('an error that nothing explains is found', () => {
    const court = new Court()
    court.judge.failed('engine-1', 'a turn threw')
    court.finds('no-internal', /engine-1 says: a turn threw/)
  })

  test('a refused write explains one region that is dropped, and no second', () => {
    const court = new Court()
    court.judge.excuse('content-rejected')
    court.judge.failed('engine-1', 'the region is no longer ours content-rejected')
    court.findsNothing()
    court.judge.failed('engine-1', 'the region is no longer ours content-rejected')
    court.finds('no-internal', /content-rejected/)
  })

  test('an owner that goes on as if its refused write stood is found', () => {
    const court = courtWith(onDuty('A1'))
    court.judge.recovered('engine-1', court.memory())
    court.nowMs += 100_000
    court.judge.excuse('content-rejected')
    court.nowMs += 130_000
    court.judge.look()
    court.finds('refused-write-drops', /engine-1 had a write refused for its content at 101000 ms, and goes on/)
  })

  test('of one rule no more than twenty findings are told, and how many there were', async () => {
    const court = new Court()
    for (let i = 0; i < 25; i += 1) court.judge.failed('engine-1', `mistake ${i}`)
    await court.isOver()
    court.findsAmongOthers('no-internal', /and 5 more of this rule, 25 in all/)
  })
})

/** A stored fix as memory has it. */
function at(court: Court, seq: number) {
  const wire = fixOf(seq)
  const place = { lonDeg: wire[2] / 1e7, latDeg: wire[3] / 1e7 }
  return { seq, fixedAtMs: court.timeOf(wire), ...place, accuracyM: 5, speedMps: null, headingDeg: 90 }
}
