/** The responses of units: what each that was sent did, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CallView, ResponseView, TripView } from '../../../src/protocol/wire/situation-views.ts'
import { CALL, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ sent: ordered, notified: ordered, back: ordered, corrected: ordered })

const now = () => Date.now()
const told = async (crew: Speaker, tripId: string, phase?: string) => {
  const isIt = (trip: TripView | null) => trip?.tripId === tripId && (phase === undefined || trip.phase === phase)
  return (await crew.hear('unit-state', ([, , { trip }]) => isIt(trip)))[2].trip!
}
const read = async (region: string, path: string) => {
  const { body } = await stage.site.http(path, { token: await stage.site.token({ regions: [region] }) })
  return body as unknown as TripView & CallView
}
const sent = async (region: string) => {
  const desk = await stage.desk({ region })
  const crew = await stage.crew('A1', { region })
  const { result } = await desk.ask('enter-call', CALL)
  const [tripId] = result.tripIds as [string]
  const { offer } = await told(crew, tripId)
  return { desk, crew, tripId, callId: result.callId as string, offer: offer! }
}
const endsOf = (responses: readonly ResponseView[]) => responses.map(({ unitId, end }) => [unitId, end])

test('[RT-1] each unit that was sent has a response that stays, and one that did not answer has none', async () => {
  const region = 'sent'
  const { desk, crew, tripId, offer } = await sent(region)
  await crew.ask('accept-offer', offer.offerId, now())
  await crew.ask('report-phase', tripId, 'en-route', now())
  const second = await stage.crew('A2', { region }, 5)
  await desk.ask('withdraw-unit', tripId, 'other')
  const { offer: next } = await told(second, tripId)
  const { responses } = await read(region, `/v1/trips/${tripId}`)
  assert.deepEqual(endsOf(responses), [
    ['A1', 'withdrawn'],
    ['A2', null],
  ])
  assert.ok(responses[0]!.times['en-route']!.atMs! > 0)
  await second.ask('accept-offer', next!.offerId, now())
  await second.ask('close-trip', tripId, 'no-patient-found', now())
  assert.deepEqual(endsOf((await read(region, `/v1/trips/${tripId}`)).responses), [
    ['A1', 'withdrawn'],
    ['A2', 'closed'],
  ])
})

test('[RT-2] notified is when the unit could be told, said with the next record of the trip; the call keeps the first', async () => {
  const region = 'notified'
  const { crew, tripId, callId, offer } = await sent(region)
  const { position } = await crew.ask('accept-offer', offer.offerId, now())
  const { events } = (await stage.site.records(region)).find(record => record.position === position)!
  assert.deepEqual(
    events.map(({ type }) => type),
    ['OfferAccepted', 'UnitNotified'],
  )
  const { responses } = await told(crew, tripId, 'assigned')
  const { atMs, cause } = responses[0]!.times.notified!
  assert.equal(cause, 'system')
  assert.ok(atMs! >= offer.offeredAtMs && atMs! <= now())
  const { firstNotifiedAtMs, receivedSource } = await read(region, `/v1/calls/${callId}`)
  assert.deepEqual([firstNotifiedAtMs, receivedSource], [atMs, 'entered'])
})

test('[RT-3] a unit that loses its trip is back in service, at once or when it is clear; cancelled it is on its way alone', async () => {
  const region = 'back'
  const { desk, crew, tripId, offer } = await sent(region)
  await crew.ask('accept-offer', offer.offerId, now())
  await crew.ask('report-phase', tripId, 'en-route', now())
  await desk.ask('cancel-trip', tripId, 'no-longer-needed')
  const onItsWay = (await read(region, `/v1/trips/${tripId}`)).responses[0]!.times
  assert.equal(onItsWay.cancelled!.atMs, onItsWay['back-in-service']!.atMs)
  const again = (await desk.ask('enter-call', CALL)).result.tripIds as [string]
  const order = await told(crew, again[0])
  await crew.ask('accept-offer', order.offer!.offerId, now())
  await crew.ask('report-phase', again[0], 'on-scene', now())
  await desk.ask('cancel-trip', again[0], 'no-longer-needed')
  const left = (await read(region, `/v1/trips/${again[0]}`)).responses[0]!.times
  assert.deepEqual([left.cancelled, left['back-in-service']], [undefined, undefined])
  const clearAtMs = now()
  await crew.ask('set-status', 'available', null, clearAtMs)
  const clear = (await read(region, `/v1/trips/${again[0]}`)).responses[0]!.times
  assert.deepEqual(clear['back-in-service'], { atMs: clearAtMs, cause: 'driver' })
})

test('[RT-4] a dispatcher corrects a moment: views show it and that it was corrected, the log keeps what was said', async () => {
  const region = 'corrected'
  const { desk, crew, tripId, offer } = await sent(region)
  await crew.ask('accept-offer', offer.offerId, now())
  const pressedAtMs = now()
  await crew.ask('report-phase', tripId, 'on-scene', pressedAtMs)
  await told(crew, tripId, 'on-scene')
  const newAtMs = pressedAtMs - 1_000
  const correct = ['correct-time', tripId, 'A1', 'on-scene', newAtMs, 'wrong-button'] as const
  const { result, position } = await desk.ask(...correct)
  assert.deepEqual(result, { tripId, unitId: 'A1', time: 'on-scene', atMs: newAtMs })
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.times['on-scene'] === newAtMs)
  assert.equal(trip!.responses[0]!.times['on-scene']!.corrected, 'wrong-button')
  const records = await stage.site.records(region)
  const { events, principal } = records.find(record => record.position === position)!
  const event = { type: 'TripTimeCorrected', v: 1, entity: `trip/${tripId}`, tripId, unitId: 'A1', time: 'on-scene' }
  assert.deepEqual(events, [{ ...event, formerAtMs: pressedAtMs, newAtMs, reason: 'wrong-button' }])
  assert.equal(principal, 'dispatch')
  assert.ok(records.some(record => record.events.some(each => 'phase' in each && each.happenedAtMs === pressedAtMs)))
  await crew.ask('close-trip', tripId, 'refused', now())
  const absent = await desk.ask('correct-time', tripId, 'A1', 'back-in-service', null, 'never-happened')
  assert.equal(absent.result.atMs, null)
  assert.equal(await desk.refused('correct-time', tripId, 'A9', 'on-scene', null, 'other'), 'not-your-trip')
  const tomorrow = now() + 86_400_000
  assert.equal(await desk.refused('correct-time', tripId, 'A1', 'on-scene', tomorrow, 'other'), 'invalid-field newAtMs')
  assert.equal(await desk.refused('correct-time', tripId, 'A1', 'pending', null, 'other'), 'invalid-field time')
})
