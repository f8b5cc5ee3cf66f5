/** What leaves memory once it is over, what brings it back, and that nobody can tell the difference. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { Command } from '../../../src/domain/commands.ts'
import type { CallView } from '../../../src/protocol/wire/situation-views.ts'
import { StoreUnavailable } from '../../../src/store/log/journal.ts'
import { callOf, REGION, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const MINUTE = 60_000
const told = (command: Command, id?: string) => world.accepted(world.dispatch(command, id))
const refusalOf = (command: Command) => world.refused(world.dispatch(command))

interface Ended {
  readonly callId: string
  readonly tripId: string
  readonly crew: RecordingSession
}

/** A call whose only trip a crew has brought to its end. */
async function ended(crew: RecordingSession): Promise<Ended> {
  const { callId, tripIds } = await told(
    callOf({ details: { callerName: 'Aroha', phone: '021', address: null, notes: null } }),
  )
  const tripId = (tripIds as string[])[0]!
  const drive = async (command: Command) => void (await world.accepted(world.drive(crew, command)))
  const offerId = crew.view.unit.offerId ?? assert.fail('the unit holds no offer')
  await drive({ type: 'accept-offer', offerId, happenedAtMs: world.nowMs })
  await told({ type: 'add-note', callId: callId as string, text: 'two patients', corrects: null })
  await world.advance(1_000)
  await drive({ type: 'report-phase', tripId, phase: 'on-scene', happenedAtMs: world.nowMs })
  await drive({ type: 'close-trip', tripId, disposition: 'treated-on-scene', happenedAtMs: world.nowMs })
  await world.advance(1_000)
  return { callId: callId as string, tripId, crew }
}

const held = () => ({
  calls: [...world.region.states.callStates()].length,
  trips: [...world.region.states.tripStates()].length,
})
const NOTHING = { calls: 0, trips: 0 }
const ONE = { calls: 1, trips: 1 }

async function snapshots(): Promise<string[]> {
  const entities: string[] = []
  for await (const rows of world.journal.readSnapshots(REGION)) entities.push(...rows.map(({ entity }) => entity))
  return entities.sort()
}
/** How many calls each write takes away from now on. */
function writes(): number[] {
  const counts: number[] = []
  const put = world.journal.putClosedCalls.bind(world.journal)
  world.journal.putClosedCalls = (ownership, calls, whole) => {
    counts.push(calls.length)
    return put(ownership, calls, whole)
  }
  return counts
}
const everything = async ({ callId, tripId }: Ended) => {
  const call = await world.query<CallView>({ type: 'read-call', callId })
  return {
    call,
    byNumber: await world.query<CallView>({ type: 'read-incident', incidentNo: call.incidentNo! }),
    trip: await world.trip(tripId),
    decisions: await world.query({ type: 'read-decisions', tripId }),
  }
}

describe('a call that is over', () => {
  test('leaves memory a quarter of an hour after its last change, with its trips, texts and number, and is answered for as before', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const one = await ended(await world.onDuty('A1', 100))
    const before = await everything(one)
    assert.equal(before.call.details?.callerName, 'Aroha')
    await world.advance(14 * MINUTE)
    assert.deepEqual(held(), ONE)
    await world.advance(2 * MINUTE)
    assert.deepEqual(held(), NOTHING)
    assert.deepEqual(
      (await snapshots()).filter(entity => !entity.startsWith('driver/')),
      ['region'],
    )
    for (const ask of [
      () => world.query({ type: 'read-call', callId: one.callId }),
      () => world.query({ type: 'read-incident', incidentNo: before.call.incidentNo! }),
      () => world.trip(one.tripId),
    ]) {
      assert.deepEqual(held(), NOTHING)
      await ask()
      assert.deepEqual(held(), ONE)
      assert.deepEqual(await everything(one), before)
      await world.advance(17 * MINUTE)
    }
    await world.restart()
    assert.deepEqual(await everything(one), before)
  })

  test('takes what crews and the desk still say of it, and another note gets the next number', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const { callId, tripId, crew } = await ended(await world.onDuty('A1', 100))
    await world.advance(17 * MINUTE)
    const late = { type: 'report-phase', tripId, phase: 'transporting', happenedAtMs: world.nowMs } as const
    assert.equal(await world.refused(world.drive(crew, late)), 'wrong-phase')
    await world.advance(17 * MINUTE)
    assert.deepEqual(held(), NOTHING)
    const said = await told({ type: 'add-note', callId, text: 'a bag was left', corrects: null })
    assert.equal(said.noteNo, 2)
    await world.restart()
    const { notes } = await world.query<CallView>({ type: 'read-call', callId })
    assert.deepEqual(
      notes?.map(({ text }) => text),
      ['two patients', 'a bag was left'],
    )
    await world.advance(18 * MINUTE)
    assert.deepEqual(held(), NOTHING)
    assert.equal((await told({ type: 'add-note', callId, text: 'it was fetched', corrects: null })).noteNo, 3)
  })

  test('is not written again when it leaves as it came', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const { callId, tripId } = await ended(await world.onDuty('A1', 100))
    const counts = writes()
    await world.advance(17 * MINUTE)
    assert.deepEqual(counts, [1])
    await world.trip(tripId)
    await world.advance(17 * MINUTE)
    assert.deepEqual([counts, held()], [[1], NOTHING])
    await told({ type: 'add-note', callId, text: 'more', corrects: null })
    await world.advance(17 * MINUTE)
    assert.deepEqual([counts, held()], [[1, 1], NOTHING])
  })

  test('stays while somebody must answer an alarm of it, and while a unit has not said that it is clear', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const tripId = await world.call()
    await world.advance(10_000)
    const [alarm] = world.region.states.trip(tripId)!.openAlarms
    await told({ type: 'cancel-trip', tripId, reason: 'duplicate-call' })
    await world.advance(40 * MINUTE)
    assert.equal(held().trips, 1)
    await told({ type: 'acknowledge-alarm', tripId, alarmId: alarm!.alarmId })
    await world.advance(17 * MINUTE)
    assert.deepEqual(held(), NOTHING)

    const crew = await world.onDuty('A1', 100)
    const other = await world.call()
    const offerId = crew.view.unit.offerId!
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
    await world.accepted(
      world.drive(crew, { type: 'report-phase', tripId: other, phase: 'on-scene', happenedAtMs: world.nowMs }),
    )
    await told({ type: 'cancel-trip', tripId: other, reason: 'duplicate-call' })
    await world.advance(40 * MINUTE)
    assert.equal(crew.view.unit.status, 'standing-down')
    assert.equal(held().trips, 1)
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs }),
    )
    await world.advance(17 * MINUTE)
    assert.deepEqual(held(), NOTHING)
  })

  test('that changes while it is written stays, and what a kill finds is what it became', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const one = await ended(await world.onDuty('A1', 100))
    await world.advance(14 * MINUTE)
    const put = world.journal.putClosedCalls.bind(world.journal)
    world.journal.putClosedCalls = async (...args) => {
      world.journal.putClosedCalls = put
      const outcome = await put(...args)
      await told({ type: 'add-note', callId: one.callId, text: 'just now', corrects: null })
      return outcome
    }
    await world.advance(2 * MINUTE)
    assert.deepEqual(held(), ONE)
    const before = await everything(one)
    await world.restart()
    assert.deepEqual(held(), ONE)
    assert.deepEqual(await everything(one), before)
  })

  test('that nobody can write stays until somebody can, whether the write stood or not', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const one = await ended(await world.onDuty('A1', 100))
    await world.advance(3 * MINUTE)
    const before = await everything(one)
    for (const fault of ['unavailable', 'unknown-kept', 'unknown-lost'] as const) {
      const put = world.journal.putClosedCalls.bind(world.journal)
      world.journal.putClosedCalls = (...args) => {
        world.journal.putClosedCalls = put
        world.journal.failNext(fault)
        return put(...args)
      }
      await world.advance(16 * MINUTE)
      assert.deepEqual([fault, held()], [fault, NOTHING])
      assert.deepEqual(await everything(one), before)
      await world.restart('drain')
      assert.deepEqual(await everything(one), before)
      await told({ type: 'read-notes', callId: one.callId, noteNo: 1 }).catch(() => undefined)
    }
  })

  test('is not there for a while when the store does not answer, and unknown only when the store says so', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const { tripId } = await ended(await world.onDuty('A1', 100))
    await world.advance(17 * MINUTE)
    const read = world.journal.readClosedCalls.bind(world.journal)
    world.journal.readClosedCalls = () => Promise.reject(new StoreUnavailable('asked for'))
    const command = { type: 'cancel-trip', tripId, reason: 'duplicate-call' } as const
    assert.equal(await refusalOf(command), 'unavailable')
    world.journal.readClosedCalls = () => new Promise(() => {})
    const silent = world.dispatch(command)
    await settle()
    assert.equal(silent.outcome, null)
    await world.advance(900)
    assert.equal(await world.refused(silent), 'unavailable')
    world.journal.readClosedCalls = read
    await world.restart()
    assert.equal(await refusalOf(command), 'wrong-phase')
    assert.equal(await refusalOf({ ...command, tripId: 'akl.nowhere' }), 'unknown-trip')
  })

  test('that is damaged in the store is told as that, and hides no other', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const [one, other] = [await ended(crew), await ended(crew)]
    await world.advance(17 * MINUTE)
    world.journal.harm(REGION, 'log.closed_calls', one.callId, 'changed')
    const command = (tripId: string) => ({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }) as const
    const answers = [one.tripId, other.tripId, 'akl.nowhere'].map(tripId => world.dispatch(command(tripId)))
    const codes = []
    for (const answer of answers) codes.push(await world.refused(answer))
    assert.deepEqual(codes, ['stored-data-damaged', 'wrong-phase', 'unknown-trip'])
    assert.equal(world.region.damage.total > 0, true)
  })
})

describe('commands keep their order', () => {
  test('of one person behind one that waits for the store; those of others do not wait', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const { tripId, callId } = await ended(await world.onDuty('A1', 100))
    await world.advance(17 * MINUTE)
    const read = world.journal.readClosedCalls.bind(world.journal)
    let answer = () => {}
    world.journal.readClosedCalls = async (...args) => {
      await new Promise<void>(resolve => {
        answer = resolve
      })
      return read(...args)
    }
    const asked = [
      world.dispatch({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }),
      world.dispatch(callOf()),
      world.send({ principal: 'desk-2', unitId: null }, { type: 'add-note', callId, text: 'again', corrects: null }),
    ]
    const free = world.send({ principal: 'desk-2', unitId: null }, callOf())
    const alone = world.send({ principal: 'desk-3', unitId: null }, callOf())
    await settle()
    assert.deepEqual(
      asked.map(({ outcome }) => outcome),
      [null, null, null],
    )
    assert.deepEqual([free.outcome, alone.outcome?.ok], [null, true])
    answer()
    await settle()
    assert.equal(await world.refused(asked[0]!), 'wrong-phase')
    answer()
    await settle()
    for (const each of [asked[1]!, asked[2]!, free]) await world.accepted(each)
    const positions = [asked[1]!, alone].map(({ outcome }) => (outcome?.ok ? outcome.position : 0))
    assert.ok(positions[0]! > positions[1]!)
  })
})

test('a command that waits for the store when the engine stops is not decided any more', async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
  const { callId } = await ended(await world.onDuty('A1', 100))
  await world.advance(17 * MINUTE)
  const read = world.journal.readClosedCalls.bind(world.journal)
  let answer = () => {}
  world.journal.readClosedCalls = async (...args) => {
    await new Promise<void>(resolve => {
      answer = resolve
    })
    return read(...args)
  }
  const asked = world.dispatch({ type: 'add-note', callId, text: 'too late', corrects: null })
  await settle()
  const before = (await world.log()).length
  const closing = world.host.close()
  answer()
  await world.advance(1_000)
  await closing
  assert.equal(await world.refused(asked), 'unavailable')
  assert.equal((await world.log()).length, before)
  world.journal.readClosedCalls = read
  await world.start()
})

describe('an outcome that has left memory', () => {
  test('is found in the store: the same id gets it, another body is a conflict, and nothing is done twice', async () => {
    world = await RegionWorld.open({ outcomeBytesMax: 0 })
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    await world.accepted(world.dispatch(callOf(), 'call-2'))
    for (const how of [null, 'crash', 'drain'] as const) {
      if (how !== null) await world.restart(how)
      const [again, twice] = [world.dispatch(callOf(), 'call-1'), world.dispatch(callOf(), 'call-1')]
      await world.accepted(again)
      assert.deepEqual([again.outcome, twice.outcome], [first.outcome, first.outcome])
      assert.equal(await world.refused(world.dispatch(callOf({ priority: 3 }), 'call-1')), 'conflict')
    }
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('is not decided anew while the store does not answer', async () => {
    world = await RegionWorld.open({ outcomeBytesMax: 0 })
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    const read = world.journal.readCommandsOf.bind(world.journal)
    world.journal.readCommandsOf = () => Promise.reject(new StoreUnavailable('asked for'))
    assert.equal(await world.refused(world.dispatch(callOf(), 'call-1')), 'unavailable')
    await world.accepted(world.dispatch(callOf(), 'call-2'))
    world.journal.readCommandsOf = read
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('that is damaged in the store is answered as that', async () => {
    world = await RegionWorld.open({ outcomeBytesMax: 0 })
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    await world.accepted(world.dispatch(callOf(), 'call-2'))
    world.journal.harm(REGION, 'log.commands', 'call-1', 'changed')
    assert.equal(await world.refused(world.dispatch(callOf(), 'call-1')), 'stored-data-damaged')
  })

  test('may have left while the store was asked: then the store is asked again', async () => {
    world = await RegionWorld.open({ outcomeBytesMax: 0 })
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    const read = world.journal.readCommandsOf.bind(world.journal)
    // Another id of the same hash would be looked up, too: as if this one were not there yet.
    let asked = 0
    world.journal.readCommandsOf = async (...args) => {
      asked += 1
      if (asked > 1) return read(...args)
      await world.accepted(world.send({ principal: 'desk-2', unitId: null }, callOf(), 'other'))
      return []
    }
    const again = world.dispatch(callOf(), 'call-1')
    await settle()
    await settle()
    await world.accepted(again)
    assert.equal(asked, 2)
    assert.equal((await world.events('CallEntered')).length, 2)
  })
})
