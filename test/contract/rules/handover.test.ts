/** `docs/protocol/dispatcher.md`: who has the patient of a crew that left it to another one, in both formats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { CALL, FORMATS, nobody, type Speaker, Stage } from './stage.ts'

const settings = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ handedbinary: settings, handedjson: settings })
const now = () => Date.now()

async function toScene(desk: Speaker, tripId: string, unitId: string): Promise<void> {
  await desk.ask('assign-unit', tripId, unitId, 'other')
  await desk.ask('report-phase', tripId, 'on-scene', now())
}

for (const format of FORMATS) {
  test(`[DK-17] a patient that was handed over is with a unit of its call, or a person says so (${format})`, async () => {
    const region = `handed${format}`
    const desk = await stage.desk({ region, format })
    for (const unit of ['A1', 'A2']) await desk.ask('set-unit-status', unit, 'available', null, now())
    const token = await stage.site.token({ regions: [region] })
    const call = async (callId: string) => (await stage.ask('GET', `/v1/calls/${callId}`, { token })).body
    const eventsOf = async (at: number) =>
      (await stage.site.records(region)).find(({ position }) => position === at)!.events as readonly DomainEvent[]
    const need = { levelOfCare: 'bls' }
    const { result } = await desk.ask('enter-call', { ...CALL, needs: [need, need] })
    const { callId, tripIds } = result as { callId: string; tripIds: [string, string] }
    const [first, second] = tripIds
    await toScene(desk, first, 'A1')

    // Nobody else is there.
    await desk.ask('watch-board', null)
    const { position } = await desk.ask('close-trip', first, 'transferred-to-other-unit', now())
    const events = await eventsOf(position)
    const raised = events.find(({ type }) => type === 'TripAlarmRaised')
    assert.deepEqual({ ...raised, alarm: 'receiver-unknown', tripId: first }, raised)
    const [, , , told] = await desk.hear('board-events', ([, , , all]) =>
      all.some(event => event.type === 'TripAlarmRaised' && event.alarm === 'receiver-unknown'),
    )
    assert.ok(told.some(({ type }) => type === 'TripClosed'))
    assert.equal(await desk.refused('name-receiver', first, nobody(region)), 'invalid-field toTripId')
    assert.equal(await desk.refused('name-receiver', second, null), 'wrong-phase')
    assert.equal(await desk.refused('name-receiver', nobody(region), null), 'unknown-trip')

    // The second crew comes, and it is clear who has the patient.
    await desk.ask('assign-unit', second, 'A2', 'other')
    const arrived = await desk.ask('report-phase', second, 'on-scene', now())
    const named = (await eventsOf(arrived.position)).find(({ type }) => type === 'ReceiverNamed')
    assert.deepEqual({ ...named, tripId: first, toTripId: second, cause: 'system' }, named)
    const [trip] = (await call(callId)).trips
    assert.deepEqual([trip.tripId, trip.handedTo, trip.alarms], [first, second, []])

    // It is taken from the second crew, and nobody knows again, until one is there.
    await desk.ask('withdraw-unit', second, 'closer-unit')
    assert.deepEqual((await call(callId)).trips[0].alarms, ['receiver-unknown'])
    await toScene(desk, second, 'A1')
    assert.deepEqual((await call(callId)).trips[0].alarms, [])

    // It is cancelled, and nobody knows again; the call does not end with it.
    await desk.ask('cancel-trip', second, 'other')
    const open = await call(callId)
    assert.deepEqual([open.state, open.trips[0].alarms], ['open', ['receiver-unknown']])
    assert.equal(await desk.refused('cancel-call', callId, 'other'), 'wrong-phase')
    const outside = await desk.ask('name-receiver', first, null)
    assert.deepEqual(outside.result, { tripId: first, toTripId: null, callId, state: 'closed' })
    assert.deepEqual(
      (await eventsOf(outside.position)).map(({ type }) => type),
      ['ReceiverNamed', 'CallClosed'],
    )
    assert.equal((await call(callId)).trips[0].handedTo, null)
  })
}
