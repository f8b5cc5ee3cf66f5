/** Help in a whole region: who goes at once beside the right unit, in which record, and how it ends. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { Priority } from '../../../src/domain/vocabulary.ts'
import type { TripExplanation } from '../../../src/protocol/wire/answer-views.ts'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (whenNoneFree = DEFAULT_POLICY.whenNoneFree) => {
  world = await RegionWorld.open({ mode: 'ordered', policy: { whenNoneFree } })
}
afterEach(() => world.close())

const ALS = { levelOfCare: 'als', transport: true, capabilities: [] } as const
const BLS = { levelOfCare: 'bls' } as const
const called = async (priority: Priority, ...needs: { levelOfCare: 'als' | 'bls' }[]): Promise<string[]> => {
  const all = (needs.length === 0 ? [ALS] : needs).map(need => ({ ...ALS, ...need }))
  return (await world.accepted(world.dispatch(callOf({ priority, needs: all })))).tripIds as string[]
}
const lastRecord = async () => (await world.log()).at(-1)!.events
const inShort = (events: readonly DomainEvent[]) =>
  events.map(event => (event.type === 'OfferMade' ? `OfferMade ${event.unitId}` : event.type))
const helps = async () => await world.events('HelpAdded')
const accept = (session: RecordingSession) =>
  world.accepted(
    world.drive(session, {
      type: 'accept-offer',
      offerId: session.view.unit.offerId!,
      happenedAtMs: world.nowMs,
    }),
  )
const report = (session: RecordingSession, phase: 'en-route' | 'on-scene') =>
  world.accepted(
    world.drive(session, {
      type: 'report-phase',
      ...{ tripId: session.view.trip!.tripId, phase, happenedAtMs: world.nowMs },
    }),
  )

describe('nobody of the level is free', () => {
  test('a lower level goes at once, on a trip of its own in the same record, and the loss is said', async () => {
    await open()
    await world.onDuty('R1', 100, { levelOfCare: 'first-responder' })
    await world.onDuty('B1', 900, { levelOfCare: 'bls' })
    const [tripId] = await called(2)
    assert.deepEqual(inShort(await lastRecord()), [
      'CallEntered',
      'TripCreated',
      'TripAlarmRaised',
      'HelpAdded',
      'OfferMade B1',
    ])
    const [added] = await helps()
    const help = await world.trip(added!.tripId)
    assert.deepEqual([help.unitId, help.helps, help.need.levelOfCare], ['B1', tripId, 'bls'])
    assert.deepEqual(help.loss, { care: { needed: 'als', sent: 'bls' }, transport: false, capabilities: [] })
    const trip = await world.trip(tripId!)
    assert.deepEqual([trip.phase, trip.helpedBy, trip.alarms], ['pending', help.tripId, ['no-eligible-unit']])
  })

  test('where the policy waits nobody goes, and once it does not somebody goes', async () => {
    await open()
    await world.onDuty('B1', 900, BLS)
    await called(5)
    assert.deepEqual(await helps(), [])
    world.goBy({ whenNoneFree: { ...DEFAULT_POLICY.whenNoneFree, 5: 'send-lower' } })
    await settle()
    assert.deepEqual(inShort(await lastRecord()), ['HelpAdded', 'OfferMade B1'])
  })

  test('a crew that comes free later goes to help, and a trip is helped once', async () => {
    await open()
    await called(2)
    assert.deepEqual(await helps(), [])
    await world.onDuty('B1', 900, BLS)
    assert.equal((await helps()).length, 1)
    await world.onDuty('B2', 100, BLS)
    assert.equal((await helps()).length, 1)
    await world.restart()
    await world.onDuty('B3', 50, BLS)
    assert.equal((await helps()).length, 1)
  })

  test('a crew is not sent to help where it is the right one for a trip that is as urgent', async () => {
    await open()
    await world.onDuty('B1', 900, BLS)
    const [, second] = await called(1, ALS, BLS)
    assert.equal((await world.trip(second!)).unitId, 'B1')
    assert.deepEqual(await helps(), [])
  })

  test('a fly-car goes for care, and the transport that is lost is said', async () => {
    await open()
    await world.onDuty('F1', 900, { levelOfCare: 'als', transports: false })
    await world.onDuty('B1', 100, BLS)
    await called(2)
    const help = await world.trip((await helps())[0]!.tripId)
    assert.deepEqual([help.unitId, help.loss], ['F1', { care: null, transport: true, capabilities: [] }])
  })

  test('who was asked for the trip itself in its round is not asked to help it', async () => {
    world = await RegionWorld.open({ mode: 'offered', policy: { whenNoneFree: DEFAULT_POLICY.whenNoneFree } })
    const crew = await world.onDuty('A1', 100)
    await called(1)
    const decline = { type: 'decline-offer', offerId: crew.view.unit.offerId!, reason: 'too-far' } as const
    await world.accepted(world.drive(crew, decline))
    assert.deepEqual(await helps(), [])
  })
})

describe('the most urgent', () => {
  test('get the nearest trained crew at once beside the right one, if it is there clearly earlier', async () => {
    await open()
    await world.onDuty('A1', 2_000)
    await world.onDuty('R1', 300, { levelOfCare: 'first-responder' })
    const [tripId] = await called(1)
    assert.deepEqual(inShort(await lastRecord()).slice(2), ['OfferMade A1', 'HelpAdded', 'OfferMade R1'])
    const help = await world.trip((await helps())[0]!.tripId)
    assert.deepEqual(
      [help.helps, help.loss?.care, help.loss?.transport],
      [tripId, { needed: 'als', sent: 'first-responder' }, true],
    )
    await world.close()

    await open()
    await world.onDuty('A1', 850)
    await world.onDuty('R1', 300, { levelOfCare: 'first-responder' })
    await called(1)
    assert.deepEqual(await helps(), [])
  })

  test('have help looked for again when the first says nothing, by the same trip, and nobody farther than is of use', async () => {
    await open()
    const right = await world.onDuty('A1', 2_000)
    await world.onDuty('R1', 300, { levelOfCare: 'first-responder' })
    await world.onDuty('R2', 500, { levelOfCare: 'first-responder' })
    await world.onDuty('R3', 1_800, { levelOfCare: 'first-responder' })
    await called(1)
    await accept(right)
    const [help] = await helps()
    await world.advance(DEFAULT_POLICY.orderTimeoutMs[1] + 2_000)
    assert.equal((await world.trip(help!.tripId)).unitId, 'R2')
    await world.advance(DEFAULT_POLICY.orderTimeoutMs[1] + 2_000)
    const { phase, alarms } = await world.trip(help!.tripId)
    assert.deepEqual([phase, alarms], ['pending', []])
    assert.equal((await helps()).length, 1)
  })
})

describe('help ends', () => {
  async function helped() {
    await open()
    const right = await world.onDuty('A1', 2_000)
    const near = await world.onDuty('R1', 300, { levelOfCare: 'first-responder' })
    const [tripId] = await called(1)
    await accept(right)
    await accept(near)
    return { right, near, tripId: tripId!, helpId: (await helps())[0]!.tripId }
  }

  test('when the right unit is at the scene first: the other one is free in that record', async () => {
    const { right, near, helpId } = await helped()
    await report(right, 'en-route')
    await report(right, 'on-scene')
    const record = await lastRecord()
    assert.deepEqual(inShort(record), ['TripPhaseReached', 'TripCancelled'])
    const ended = record[1]!
    assert.ok(ended.type === 'TripCancelled')
    assert.deepEqual([ended.tripId, ended.cause, ended.reason], [helpId, 'system', 'no-longer-needed'])
    assert.equal(near.view.unit.status, 'available')
  })

  test('with the call, and with the trip that it is for; who is at the scene stays', async () => {
    const { near, tripId, helpId } = await helped()
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }))
    assert.deepEqual(inShort(await lastRecord()), ['TripCancelled', 'TripCancelled', 'CallCancelled'])
    assert.deepEqual([(await world.trip(helpId)).phase, near.view.unit.status], ['cancelled', 'available'])
    await world.close()

    const other = await helped()
    const { callId } = await world.trip(other.tripId)
    await world.accepted(world.dispatch({ type: 'cancel-call', callId, reason: 'other' }))
    assert.equal((await world.trip(other.helpId)).phase, 'cancelled')
    await world.close()

    const third = await helped()
    await report(third.near, 'on-scene')
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId: third.tripId, reason: 'other' }))
    assert.equal((await world.trip(third.helpId)).phase, 'on-scene')
  })

  test('and whom it frees goes to who waits, in the same record', async () => {
    const { right } = await helped()
    await world.accepted(
      world.dispatch(callOf({ priority: 4, needs: [{ levelOfCare: 'first-responder', capabilities: [] }] })),
    )
    await report(right, 'on-scene')
    assert.deepEqual(inShort(await lastRecord()), ['TripPhaseReached', 'TripCancelled', 'OfferMade R1'])
  })
})

test('why a trip has help is explained, from either of the two', async () => {
  await open()
  await world.onDuty('B1', 900, BLS)
  const [tripId] = await called(2)
  const [help] = await helps()
  const loss = { care: { needed: 'als', sent: 'bls' }, transport: false, capabilities: [] }
  for (const asked of [tripId!, help!.tripId]) {
    const explained = await world.query<TripExplanation>({ type: 'explain-trip', tripId: asked, unitId: null })
    assert.deepEqual(explained.help, {
      ...{ tripId: help!.tripId, helpsTripId: tripId, unitId: 'B1', loss },
      why:
        `Trip ${help!.tripId} helps, as nobody of what trip ${tripId} needs was free; it is offered. B1 is on it. ` +
        'Lost with it: care (bls instead of als).',
    })
  }
})
