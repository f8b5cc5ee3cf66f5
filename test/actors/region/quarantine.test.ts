/** Actors that an event did not fit: each is held as it was, and its neighbours go on. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { driverKey, tripKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { NearestResult } from '../../../src/protocol/wire/answer-views.ts'
import type { UnitView } from '../../../src/protocol/wire/situation-views.ts'
import { callOf, REGION, RegionWorld, SCENE, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

/** A state that can be read and that no event fits any more: evolving copies every field. */
function breakState(state: object | undefined, field: 'homeStation' | 'enteredAtMs' | 'version'): void {
  assert.ok(state !== undefined)
  Object.defineProperty(state, field, {
    enumerable: true,
    configurable: true,
    get: () => {
      throw new Error('a broken state')
    },
  })
}
const breakUnit = (unitId: string) => breakState(world.region.states.driver(unitId), 'homeStation')
const breakTrip = (tripId: string) => breakState(world.region.states.trip(tripId), 'enteredAtMs')

const heldInMetrics = async () => {
  const line = /^goldenhour_quarantined_actors\{region="akl"\} (\d+)$/m.exec(await world.metricsText())
  return line === null ? null : Number(line[1])
}
const offersSince = async (position: number) =>
  (await world.log())
    .filter(record => record.position > position)
    .flatMap(record => record.events)
    .flatMap(event => (event.type === 'OfferMade' ? [`${event.tripId}>${event.unitId}`] : []))
const notices = (session: ReturnType<RegionWorld['dispatcher']>) =>
  session.all('error').map(([id, code, , details]) => [id, code, details])

/** A record that the engine would never write stands at the end of the log. */
async function writeIntoLog(...events: DomainEvent[]): Promise<void> {
  const { ownership, logEnd } = await world.journal.acquire(REGION)
  const record = { position: logEnd + 1, recordedAtMs: world.machine.wallMs(), epoch: ownership.epoch }
  const cause = { principal: 'system', commandId: null, trace: null }
  const rest = { command: null, opens: [], closes: [], callDetails: null }
  await world.journal.appendRecords(ownership, [{ record: { ...record, ...cause, events }, ...rest }])
}
const signedOn = (unitId: string, principal: string): DomainEvent => ({
  type: 'CrewSignedOn',
  v: 1,
  entity: driverKey(unitId),
  unitId,
  principal,
  happenedAtMs: world.machine.wallMs(),
})

describe('a unit that an offer does not fit', () => {
  test('[ER-6] is passed over in the same turn: the call goes to the next unit', async () => {
    await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    breakUnit('A1')
    const before = world.region.logHead
    const tripId = await world.call()
    assert.deepEqual(await offersSince(before), [`${tripId}>A2`])
    assert.equal(world.region.logHead, before + 1)
    assert.equal(await heldInMetrics(), 1)
    world.crash()
    assert.equal(await heldInMetrics(), null, 'a region that left is no longer shown')
  })

  test('[ER-6] is not found as the nearest, and is offered nothing when others are free no more', async () => {
    await world.onDuty('A1', 100)
    breakUnit('A1')
    const tripId = await world.call()
    const found = await world.query<NearestResult>({ type: 'nearest', ...SCENE, k: 5, levelOfCare: null })
    assert.deepEqual(found.units, [])
    assert.deepEqual((await world.trip(tripId)).alarms, ['no-eligible-unit'])
    await world.onDuty('A2', 900)
    assert.equal((await world.trip(tripId)).offer!.unitId, 'A2')
  })

  test('[ER-6] can be read, and its fixes are stored and place it', async () => {
    const crew = await world.onDuty('A1', 100)
    breakUnit('A1')
    await world.call()
    const seq = world.fixAt(crew, 700)
    world.host.tell(crew, { type: 'mark', streamIndex: 0 })
    await world.advance(200)
    const unit = await world.query<UnitView>({ type: 'read-unit', unitId: 'A1' })
    assert.deepEqual([unit.status, unit.connected], ['available', true])
    assert.equal(Math.round((unit.fix!.latE7 / 1e7 - SCENE.latDeg) * 111_195), 700)
    assert.deepEqual(crew.last('marks'), [0, seq])
    const found = await world.query<NearestResult>({ type: 'nearest', ...SCENE, k: 5, levelOfCare: null })
    assert.deepEqual(found.units, [], 'a fix does not bring it back')
  })

  test('[ER-6] does not keep the units of the same import from being registered, or retired', async () => {
    await world.import(['A1'], ['A2'], ['A3'])
    breakUnit('A1')
    const units = (['A1', 'A2', 'A4'] as const).map(unitId => ({ unitId, callSign: `New ${unitId}` }))
    const rest = { levelOfCare: 'als', capabilities: [], homeStation: null } as const
    const all = units.map(unit => ({ ...unit, ...rest }))
    world.region.ref.tell({ type: 'units', units: all, retired: ['A1', 'A3'] })
    await settle()
    const registered = (await world.events('UnitRegistered')).map(({ callSign }) => callSign)
    assert.deepEqual(registered.slice(3), ['New A2', 'New A4'])
    assert.deepEqual(
      (await world.events('UnitRetired')).map(({ unitId }) => unitId),
      ['A3'],
    )
  })

  test('[ER-6] leaves the holes in the tracks of others recorded', async () => {
    await world.import(['A1'], ['A2'])
    breakUnit('A1')
    const feed = world.feed()
    await settle()
    await world.attach(feed, [1, 'A1', 'f-1', 'gnss', 5], [2, 'A2', 'f-2', 'gnss', 7])
    const holes = (await world.events('FixHoleRecorded')).map(({ unitId, toSeq }) => [unitId, toSeq])
    assert.deepEqual(holes, [['A2', 6]])
  })
})

describe('a trip that an offer does not fit', () => {
  test('[ER-6] leaves the queue in the same turn, and those behind it get their units', async () => {
    const first = await world.call()
    const second = await world.call()
    const third = await world.call()
    for (const tripId of [first, second]) breakTrip(tripId)
    const before = world.region.logHead
    await world.onDuty('A1', 100)
    assert.deepEqual(await offersSince(before), [`${third}>A1`])
    assert.equal(await heldInMetrics(), 2)
    assert.deepEqual(
      world.region.pendingByPriority().map(([, count]) => count),
      [0, 0, 0, 0, 0],
    )
    await world.onDuty('A2', 100)
    assert.deepEqual(await offersSince(before), [`${third}>A1`], 'it stays out of the queue')
    assert.equal((await world.trip(first)).phase, 'pending')
  })

  test('[ER-6] is told to whoever watches the board: at once, or after the answer to watch-board', async () => {
    const watching = world.dispatcher()
    const other = world.dispatcher()
    await settle()
    world.host.tell(watching, { type: 'watch-board', id: 'w', fromPosition: null })
    const tripId = await world.call()
    breakTrip(tripId)
    await world.onDuty('A1', 100)
    const notice = [null, 'quarantined', { unitIds: [], tripIds: [tripId], callIds: [] }]
    assert.deepEqual([notices(watching), notices(other)], [[notice], []])
    world.host.tell(other, { type: 'watch-board', id: 'w', fromPosition: null })
    await settle()
    assert.deepEqual(notices(other), [notice])
    assert.deepEqual(
      other.messages.slice(-4, -1).map(([type]) => type),
      ['reply', 'board', 'error'],
    )
  })

  test('[ER-6] is refused to commands that name it, and its call can be entered anew', async () => {
    const tripId = await world.call()
    breakTrip(tripId)
    await world.onDuty('A1', 100)
    const before = world.region.logHead
    const answer = world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' })
    assert.equal(await world.refused(answer), 'quarantined')
    assert.ok(answer.outcome?.ok === false)
    assert.deepEqual(answer.outcome.refusal.details, { tripId })
    assert.match(answer.outcome.refusal.message, /enter its call anew.* supervisor release it/)
    assert.equal(world.region.logHead, before)
    // What happens to the call is no event of this trip.
    const { callId } = await world.trip(tripId)
    await world.accepted(world.dispatch({ type: 'amend-call', callId, priority: 3 }))
    assert.notEqual((await world.trip(tripId)).priority, 3)
    assert.equal((await world.trip(await world.call())).offer?.unitId, 'A1')
  })

  test('[ER-6] has deadlines that do nothing', async () => {
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    breakTrip(tripId)
    const before = world.region.logHead
    const failures = async () => /^goldenhour_turn_failures_total (\d+)$/m.exec(await world.metricsText())![1]
    await world.advance(20_000)
    const after = await failures()
    assert.equal(world.region.quarantine.has(tripKey(tripId)), true)
    await world.advance(600_000)
    assert.deepEqual([world.region.logHead, await failures()], [before, after])
    assert.equal((await world.trip(tripId)).phase, 'offered')
  })
})

test('[ER-6] a command whose event does not fit is answered internal, and quarantined from then on', async () => {
  const crew = await world.onDuty('A1', 100)
  breakUnit('A1')
  const before = world.region.logHead
  const rest = { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs } as const
  assert.equal(await world.refused(world.drive(crew, rest, 'c-1')), 'internal')
  assert.equal(await world.refused(world.drive(crew, rest, 'c-1')), 'quarantined')
  // Nothing would be recorded of this one: it is the crew already.
  assert.equal(await world.refused(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs })), 'quarantined')
  const desk = { ...rest, type: 'set-unit-status', unitId: 'A1' } as const
  assert.equal(await world.refused(world.dispatch(desk)), 'quarantined')
  assert.equal(world.region.logHead, before)
})

test('[ER-6] an event of a neighbour changes the neighbour alone, and what let the unit go stays true after a restart', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const offerId = crew.view.unit.offerId!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  breakUnit('A1')
  const enRoute = { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs } as const
  assert.equal(await world.refused(world.drive(crew, enRoute)), 'internal')
  assert.equal(await world.refused(world.drive(crew, enRoute)), 'quarantined')
  await world.accepted(world.dispatch(enRoute))
  assert.equal((await world.trip(tripId)).phase, 'en-route')
  assert.equal(world.region.states.driver('A1')?.status, 'assigned')
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }))
  assert.equal((await world.trip(tripId)).phase, 'cancelled')
  assert.equal(world.region.states.driver('A1')?.status, 'assigned')
  await world.restart('crash')
  assert.equal(world.region.states.driver('A1')?.status, 'available')
  // And nothing is left in the database that would keep it from its next trip.
  world.connect('A1', [['s-A1', 'gnss', 2]], undefined, crew.principal)
  await world.advance(60_000)
  assert.equal((await world.trip(await world.call())).offer?.unitId, 'A1')
})

test('[ER-6] a trip that was offered to a unit in quarantine goes to the next one at its deadline', async () => {
  await world.onDuty('A1', 100)
  const tripId = await world.call()
  breakUnit('A1')
  await world.onDuty('A2', 500)
  const { offer } = await world.trip(tripId)
  await world.advance(offer!.deadlineAtMs - world.nowMs + 10_000)
  assert.equal((await world.trip(tripId)).offer?.unitId, 'A2')
})

test('[ER-6] a trip whose call is in quarantine is worked to its end', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  const offerId = crew.view.unit.offerId!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  const { callId } = await world.trip(tripId)
  breakState(world.region.states.call(callId), 'version')
  const amended = { type: 'amend-call', callId, priority: 3 } as const
  assert.equal(await world.refused(world.dispatch(amended)), 'internal')
  assert.equal(await world.refused(world.dispatch(amended)), 'quarantined')
  const close = { type: 'close-trip', tripId, disposition: 'treated-on-scene', happenedAtMs: world.nowMs } as const
  await world.accepted(world.dispatch({ type: 'report-phase', tripId, phase: 'on-scene', happenedAtMs: world.nowMs }))
  await world.accepted(world.dispatch(close))
  assert.equal(world.region.states.driver('A1')?.status, 'available')
})

test('[ER-6] what was broken in memory alone is whole again after a restart', async () => {
  // It is silent, round after round.
  world.goBy({ roundsMax: 100 })
  const crew = await world.onDuty('A1', 100)
  breakUnit('A1')
  const tripId = await world.call()
  assert.equal(await heldInMetrics(), 1)
  await world.restart('drain')
  assert.equal(await heldInMetrics(), 0)
  world.connect('A1', [['s-A1', 'gnss', 2]], undefined, crew.principal)
  await world.advance(60_000)
  assert.equal((await world.trip(tripId)).offer?.unitId, 'A1')
})

describe('a log that contradicts itself', () => {
  test('[ER-6] costs the actor that it contradicts alone: it is held as it last was, the region recovers', async () => {
    const crew = await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    await world.advance(200)
    world.crash()
    await writeIntoLog(signedOn('A1', 'another crew'))
    // Would fit by itself; but nobody knows what it was said of.
    const { type: _, principal: __, ...gone } = signedOn('A1', '') as DomainEvent & { type: 'CrewSignedOn' }
    await writeIntoLog({ ...gone, type: 'UnitBecameUnavailable', reason: 'break' })
    await world.start()
    const back = world.connect('A1', [['s-A1', 'gnss', 2]], undefined, crew.principal)
    world.connect('A2', [['s-A2', 'gnss', 2]])
    await settle()
    const { unit } = back.view
    assert.deepEqual([unit.crew, unit.status, await heldInMetrics()], [crew.principal, 'available', 1])
    assert.equal(await world.refused(world.drive(back, { type: 'sign-off', happenedAtMs: world.nowMs })), 'quarantined')
    const tripId = await world.call()
    assert.equal((await world.trip(tripId)).offer?.unitId, 'A2')
  })

  test('[ER-6] keeps a trip that it contradicts out of the queue', async () => {
    const held = await world.call()
    const other = await world.call()
    const created = (await world.events('TripCreated')).find(({ tripId }) => tripId === held)!
    world.crash()
    await writeIntoLog(created)
    await world.start()
    await world.onDuty('A1', 100)
    assert.deepEqual([(await world.trip(held)).phase, (await world.trip(other)).phase], ['pending', 'offered'])
  })

  test('[ER-6] leaves nothing of what it never told rightly: that stays unknown', async () => {
    await writeIntoLog(signedOn('Z9', 'somebody'))
    await world.restart()
    const answer = world.dispatch({
      type: 'set-unit-status',
      unitId: 'Z9',
      status: 'off-duty',
      reason: null,
      happenedAtMs: world.nowMs,
    })
    assert.equal(await world.refused(answer), 'unknown-unit')
    await world.import(['Z9'], ['A1'])
    assert.deepEqual(
      (await world.board()).units.map(({ unitId }) => unitId),
      ['A1'],
    )
  })

  test('[ER-6] a call of which a trip is unknown can be amended, and does not end', async () => {
    const { callId, tripIds } = (await world.accepted(
      world.dispatch(callOf({ needs: [callOf().needs[0]!, callOf().needs[0]!] })),
    )) as { callId: string; tripIds: string[] }
    const readLog = world.journal.readLog.bind(world.journal)
    // The second trip was never created.
    world.journal.readLog = async function* (...args) {
      for await (const records of readLog(...args)) {
        yield records.map(record => ({
          ...record,
          events: record.events.filter(event => !event.entity.endsWith(tripIds[1]!)),
        }))
      }
    }
    await world.restart()
    assert.equal(await world.refused(world.dispatch({ type: 'amend-call', callId, priority: 3 })), 'accepted')
    const cancelled = await world.accepted(world.dispatch({ type: 'cancel-call', callId, reason: 'other' }))
    assert.deepEqual(cancelled, { callId, state: 'open', tripIds: [tripIds[0]] })
  })

  test('[ER-6] is never covered by snapshots: each start reads it and holds the same actor', async () => {
    await world.onDuty('A1', 100)
    await world.restart('drain')
    const regionRow = async () => {
      const rows = []
      for await (const chunk of world.journal.readSnapshots(REGION)) rows.push(...chunk)
      return [rows.length, rows.find(({ entity }) => entity === 'region')?.position]
    }
    const former = await regionRow()
    world.crash()
    await writeIntoLog(signedOn('A1', 'another crew'))
    await world.start()
    await world.onDuty('A2', 200)
    await world.restart('drain')
    assert.deepEqual(await regionRow(), former)
    assert.equal(world.region.quarantine.has(driverKey('A1')), true)
    assert.deepEqual(
      (await world.board()).units.map(({ unitId, status }) => [unitId, status]),
      [
        ['A1', 'available'],
        ['A2', 'available'],
      ],
    )
  })
})

test('an error that no state can be blamed for holds nobody', async () => {
  await world.onDuty('A1', 100)
  world.brokenIds = 1
  assert.equal(await world.refused(world.dispatch(callOf())), 'internal')
  assert.deepEqual([world.region.quarantine.size, await heldInMetrics()], [0, 0])
  await world.call()
})
