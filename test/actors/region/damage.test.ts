/** A region over stored rows that are damaged: it serves what is whole, and says that something is not. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { EntityKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { decodeSegment } from '../../../src/store/location/segment-codec.ts'
import { REGION, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

const damagedInMetrics = async () =>
  [...(await world.metricsText()).matchAll(/^goldenhour_damaged_rows\{region="akl",table="(.+)"\} (\d+)$/gm)].map(
    ([, table, rows]) => [table, Number(rows)],
  )

test('[ER-7] a region with damaged rows is served, and whoever watches its board is told, with the tables and counts', async () => {
  await world.onDuty('A1', 100)
  await world.onDuty('A2', 200)
  await world.advance(200)
  const log = await world.log()
  const signedOn = log.find(({ events }) => events.some(each => each.type === 'CrewSignedOn' && each.unitId === 'A1'))!
  world.crash()
  world.journal.harm(REGION, 'log.records', signedOn.position, 'changed')
  world.journal.harm(REGION, 'location.segments', 1, 'lost')
  await world.start()
  assert.deepEqual(await damagedInMetrics(), [
    ['log.records', 1],
    ['location.segments', 1],
  ])
  assert.equal(world.region.damage.total, 2)

  const desk = world.dispatcher()
  await settle()
  world.host.tell(desk, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  const told = desk.all('error').map(([id, code, , details]) => [id, code, details])
  const tables = [
    { table: 'log.records', rows: 1 },
    { table: 'location.segments', rows: 1 },
  ]
  assert.deepEqual(told, [
    [null, 'quarantined', { unitIds: ['A1'], tripIds: [], callIds: [] }],
    [null, 'stored-data-damaged', { tables }],
  ])
  // It is silent, round after round.
  world.goBy({ roundsMax: 100 })
  const tripId = await world.call()
  world.connect('A2', [['s-A2', 'gnss', 2]])
  await world.advance(60_000)
  assert.equal((await world.trip(tripId)).offer?.unitId, 'A2')
  world.crash()
  assert.deepEqual(await damagedInMetrics(), [])
})

test('[ER-7] a command whose stored outcome is damaged is not carried out again under its id', async () => {
  const tripId = await world.call()
  const cancel = { type: 'cancel-trip', tripId, reason: 'other' } as const
  await world.accepted(world.dispatch(cancel, 'cancel-1'))
  const other = await world.call()
  world.crash()
  world.journal.harm(REGION, 'log.commands', 'cancel-1', 'changed')
  await world.start()
  const before = world.region.logHead
  for (const again of [tripId, other]) {
    const answer = world.dispatch({ ...cancel, tripId: again }, 'cancel-1')
    assert.equal(await world.refused(answer), 'stored-data-damaged')
    assert.ok(answer.outcome?.ok === false)
    assert.deepEqual(answer.outcome.refusal.details, { commandId: 'cancel-1' })
  }
  assert.equal(world.region.logHead, before)
  await world.accepted(world.dispatch({ ...cancel, tripId: other }, 'cancel-2'))
})

test('what a client still holds of a segment that is damaged is stored once, and the rest becomes a hole', async () => {
  const crew = await world.onDuty('A1', 100)
  for (const north of [110, 120, 130]) {
    world.fixAt(crew, north)
    await world.advance(1_000)
  }
  world.crash()
  const stored: [segmentNo: number, lastSeq: number][] = []
  for await (const chunk of world.journal.readSegments(REGION, 0)) {
    for (const { segmentNo, bytes } of chunk) stored.push([segmentNo, decodeSegment(bytes).at(-1)!.fix.seq])
  }
  const streamId = 's-A1'
  const seq = stored.at(-1)![1]
  assert.deepEqual(
    stored.slice(-3).map(([, last]) => last),
    [seq - 2, seq - 1, seq],
  )
  for (const [segmentNo] of stored.slice(-2)) world.journal.harm(REGION, 'location.segments', segmentNo, 'changed')
  await world.start()
  // Of two fixes that are lost the client still holds the last one.
  const back = world.connect('A1', [[streamId, 'gnss', seq]], undefined, crew.principal)
  await settle()
  assert.deepEqual(back.welcome.streams, [[streamId, seq - 1]], 'up to the end of the hole')
  world.fixes(back, [[seq, 0, 1_747_600_000, -368_500_000, 50, null, null]])
  world.host.tell(back, { type: 'mark', streamIndex: 0 })
  await world.advance(1_000)
  assert.deepEqual(back.last('marks'), [0, seq])
  const holes = (await world.events('FixHoleRecorded')).map(({ fromSeq, toSeq }) => [fromSeq, toSeq])
  assert.deepEqual(holes, [[seq - 1, seq - 1]])
})

describe('a release', () => {
  const harmed = async (type: DomainEvent['type']) => {
    const record = (await world.log()).findLast(({ events }) => events.some(each => each.type === type))!
    world.crash()
    world.journal.harm(REGION, 'log.records', record.position, 'changed')
    await world.start()
  }
  const release = (entity: EntityKey, as: 'pending' | 'cancelled' | null = null) =>
    world.accepted(world.dispatch({ type: 'release-held', entity, as }))
  const isHeld = (entity: EntityKey) => world.region.quarantine.has(entity)

  test('[ER-8] a unit goes on off duty, works, and does so after every start, from the log and from snapshots', async () => {
    await world.onDuty('A1', 100)
    await world.advance(200)
    await harmed('CrewSignedOn')
    assert.ok(isHeld('driver/A1'))
    assert.deepEqual(await release('driver/A1'), { entity: 'driver/A1', released: true })
    assert.deepEqual(await release('driver/A1'), { entity: 'driver/A1', released: false })
    assert.equal(world.region.states.driver('A1')?.status, 'off-duty')
    const crew = world.connect('A1', [['s-A1', 'gnss', 2]])
    await settle()
    await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
    world.fixAt(crew, 100)
    const tripId = await world.call()
    assert.equal((await world.trip(tripId)).offer?.unitId, 'A1')
    for (const how of ['crash', 'drain', 'drain'] as const) {
      await world.restart(how)
      assert.deepEqual([world.region.quarantine.size, world.region.states.driver('A1')?.status], [0, 'offered'], how)
    }
    assert.equal(world.region.damage.total, 0, 'the snapshots stand for the record')
  })

  test('[ER-8] a bound unit and its trip, both held by one record: the trip is served again, the unit can be bound again', async () => {
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    const offerId = crew.view.unit.offerId!
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
    await harmed('OfferAccepted')
    assert.deepEqual([isHeld('driver/A1'), isHeld(`trip/${tripId}`)], [true, true])
    // The record also says when the unit was notified, which concerns the call.
    const [callId] = Array.from(world.region.states.callStates(), call => call.callId)
    assert.ok(isHeld(`call/${callId}`))
    await release('driver/A1')
    const back = world.connect('A1', [['s-A1', 'gnss', 2]])
    await settle()
    await world.accepted(world.drive(back, { type: 'sign-on', happenedAtMs: world.nowMs }))
    world.fixAt(back, 100)
    await world.advance(60_000)
    await release(`call/${callId}`)
    await release(`trip/${tripId}`, 'pending')
    await settle()
    const { offer, phase } = await world.trip(tripId)
    assert.deepEqual([phase, offer?.unitId], ['offered', 'A1'])
    const again = { type: 'accept-offer', offerId: offer!.offerId, happenedAtMs: world.nowMs } as const
    await world.accepted(world.drive(back, again))
    await world.advance(1_000)
    await world.restart('crash')
    assert.equal(world.region.quarantine.size, 0)
    assert.equal(world.region.states.driver('A1')?.status, 'assigned')
  })

  test('[ER-8] a unit is refused while a trip has it; a trip that is cancelled ends its call; what is unknown stays so', async () => {
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    const offerId = crew.view.unit.offerId!
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
    await world.accepted(
      world.drive(crew, { type: 'report-phase', tripId, phase: 'on-scene', happenedAtMs: world.nowMs }),
    )
    await harmed('CrewSignedOn')
    const answer = world.dispatch({ type: 'release-held', entity: 'driver/A1', as: null })
    assert.equal(await world.refused(answer), 'unit-has-trip')
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }))
    await release('driver/A1')

    const other = await world.call()
    const { callId } = await world.trip(other)
    await world.accepted(world.dispatch({ type: 'amend-call', callId, priority: 3 }))
    await harmed('CallAmended')
    assert.deepEqual([isHeld(`trip/${other}`), isHeld(`call/${callId}`)], [true, true])
    await release(`trip/${other}`, 'cancelled')
    await release(`call/${callId}`)
    assert.equal(world.region.states.call(callId)?.state, 'cancelled')

    const lost = await world.call()
    await harmed('CallEntered')
    const unknown = world.dispatch({ type: 'release-held', entity: `trip/${lost}`, as: 'pending' })
    assert.equal(await world.refused(unknown), 'unknown-trip')
  })
})
