/** What the desk may do, and what nobody may (`docs/protocol/dispatcher.md`, `misuse.md`), in both formats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import type { CallView } from '../../../src/protocol/wire/situation-views.ts'
import { MISUSES, type Misuse } from '../protocol-examples.ts'
import { CALL, FORMATS, nobody, PLACE, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2', 'A3'] } as const
const offered = { ...ordered, mode: 'offered' } as const
const RULES = [
  'amend',
  'cancel',
  'ended',
  'assign',
  'unfit',
  'keeps',
  'withdraw',
  'status',
  'radio',
  'again',
  'onboard',
  'standsdown',
  'divertbinary',
  'divertjson',
  'holdbinary',
  'holdjson',
  'onholdbinary',
  'onholdjson',
  'addneed',
  'takenbinary',
  'takenjson',
]
const stage = new Stage({
  ...Object.fromEntries(RULES.map(rule => [rule, ordered])),
  yields: offered,
  misuse: { ...ordered, units: ['A-7'] },
})

interface Entered {
  readonly callId: string
  readonly tripId: string
}
async function enter(desk: Speaker, changes: object = {}): Promise<Entered> {
  const { result } = await desk.ask('enter-call', { ...CALL, ...changes })
  return { callId: result.callId as string, tripId: (result.tripIds as string[])[0]! }
}
const eventTypes = async (region: string, position: number) =>
  (await stage.site.records(region)).find(record => record.position === position)!.events.map(event => event.type)
const callOf = async (region: string, callId: string): Promise<CallView> => {
  const token = await stage.site.token({ regions: [region] })
  return (await stage.site.http(`/v1/calls/${callId}`, { token })).body
}
/** The crew's situation once it is in this phase of this trip. */
const told = async (crew: Speaker, tripId: string | null, phase: string | null = null) =>
  (
    await crew.hear(
      'unit-state',
      ([, , { unit, trip }]) => unit.tripId === tripId && (phase === null || trip?.phase === phase),
    )
  )[2]

/** One region a rule serves both formats: every trip is cancelled and every crew signed off, for the next one. */
async function clear(desk: Speaker): Promise<void> {
  await desk.ask('watch-board', null)
  const [, , , , trips, units] = await desk.hear('board')
  for (const { tripId } of trips) await desk.ask('cancel-trip', tripId, 'other')
  for (const { unitId } of units) await desk.ask('set-unit-status', unitId, 'off-duty', null, Date.now())
  await desk.ask('unwatch-board')
}

for (const format of FORMATS) {
  test(`[DK-1] an amendment reaches the call, its trips, the queue and the crew at work, and no event has personal data (${format})`, async () => {
    const region = 'amend'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const { callId, tripId } = await enter(desk, { details: { address: '12 Quay Street' } })
    await told(crew, tripId)
    const changes = {
      lonE7: PLACE.lonE7 + 1_000,
      latE7: PLACE.latE7,
      priority: 1,
      details: { address: '14 Quay Street' },
    }
    const { result, position } = await desk.ask('amend-call', callId, changes)
    assert.deepEqual(result, { callId })
    assert.deepEqual(await eventTypes(region, position), ['CallAmended', 'UnitNotified'])
    const { trip } = await told(crew, tripId)
    assert.deepEqual([trip?.lonE7, trip?.priority, trip?.details?.address], [changes.lonE7, 1, '14 Quay Street'])
    const call = await callOf(region, callId)
    assert.deepEqual([call.priority, call.details?.address, call.trips[0]!.version], [1, '14 Quay Street', position])
    await desk.ask('amend-call', callId, { details: null, problem: '09E01' })
    const bare = await callOf(region, callId)
    assert.deepEqual([bare.details, bare.problem, bare.priority], [null, '09E01', 1])
    assert.ok(!JSON.stringify(await stage.site.records(region)).includes('Quay'))
    for (const nothing of [{}, { lonE7: 1 }]) {
      assert.equal(await desk.refused('amend-call', callId, nothing), 'invalid-field changes')
    }
    await clear(desk)
  })

  test(`[DK-2] a cancelled call ends all its open trips in one record, and frees their units (${format})`, async () => {
    const region = 'cancel'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const need = { levelOfCare: 'als', capabilities: [] }
    const { result: entered } = await desk.ask('enter-call', { ...CALL, needs: [need, need] })
    const { callId, tripIds } = entered as { callId: string; tripIds: string[] }
    await crew.hear('unit-state', ([, , { unit }]) => tripIds.includes(unit.tripId ?? ''))
    const { result, position } = await desk.ask('cancel-call', callId, 'caller-cancelled')
    assert.deepEqual(result, { callId, state: 'cancelled', tripIds })
    assert.deepEqual(await eventTypes(region, position), [
      'TripCancelled',
      'TripCancelled',
      'CallCancelled',
      'UnitNotified',
    ])
    assert.equal((await told(crew, null)).unit.status, 'available')
    await clear(desk)
  })

  test(`[DK-3] an unknown call, and one that has ended, is neither amended nor cancelled (${format})`, async () => {
    const region = 'ended'
    const desk = await stage.desk({ region, format })
    const { callId } = await enter(desk)
    await desk.ask('cancel-call', callId, 'other')
    for (const [type, last] of [
      ['amend-call', { priority: 1 }],
      ['cancel-call', 'other'],
    ] as const) {
      assert.equal(await desk.refused(type, callId, last), 'wrong-phase')
      assert.equal(await desk.refused(type, nobody(region), last), 'unknown-call')
    }
  })

  test(`[DK-4] a dispatcher's unit gets the trip as an order, from the queue or from another unit (${format})`, async () => {
    const region = 'assign'
    const desk = await stage.desk({ region, format })
    const near = await stage.crew('A1', { region, format }, 1)
    const far = await stage.crew('A2', { region, format }, 80)
    const { tripId } = await enter(desk)
    const offerId = (await told(near, tripId)).trip!.offer!.offerId
    await near.ask('accept-offer', offerId, Date.now())
    const { result, position } = await desk.ask('assign-unit', tripId, 'A2', 'better-suited')
    assert.deepEqual([result.tripId, result.unitId, result.phase], [tripId, 'A2', 'offered'])
    assert.deepEqual(await eventTypes(region, position), ['AssignmentOverridden', 'OfferMade'])
    const { trip } = await told(far, tripId)
    assert.deepEqual([trip!.offer!.mode, trip!.offer!.offerId, trip!.unitId], ['ordered', result.offerId, 'A2'])
    assert.deepEqual(Object.keys(trip!.times), ['pending', 'offered'])
    assert.equal((await told(near, null)).unit.status, 'available')
    const same = await desk.ask('assign-unit', tripId, 'A2', 'other')
    assert.equal(same.result.offerId, result.offerId)
    const waiting = await enter(desk, { priority: 3, needs: [{ levelOfCare: 'als', capabilities: ['neonatal'] }] })
    await desk.ask('assign-unit', waiting.tripId, 'A1', 'closer-unit')
    assert.equal((await told(near, waiting.tripId)).trip!.unitId, 'A1')
    await clear(desk)
  })

  test(`[DK-5] a unit without crew, at rest or bound is not fit; an unanswered offer yields (${format})`, async () => {
    const region = 'unfit'
    const desk = await stage.desk({ region, format })
    const bound = await stage.crew('A1', { region, format })
    await told(bound, (await enter(desk)).tripId)
    const resting = await stage.crew('A2', { region, format })
    await resting.ask('set-status', 'unavailable', 'break', Date.now())
    const { tripId } = await enter(desk)
    for (const unit of ['A1', 'A2', 'A3']) {
      assert.equal(await desk.refused('assign-unit', tripId, unit, 'other'), 'unit-not-fit', unit)
    }
    assert.equal(await desk.refused('assign-unit', tripId, 'ghost', 'other'), 'unknown-unit')
    assert.equal(await desk.refused('assign-unit', nobody(region), 'A1', 'other'), 'unknown-trip')

    const asking = await stage.desk({ region: 'yields', format })
    const asked = await stage.crew('A1', { region: 'yields', format })
    const first = await enter(asking)
    await told(asked, first.tripId)
    const urgent = await enter(asking, { needs: [{ levelOfCare: 'cct', capabilities: [] }] })
    const { position } = await asking.ask('assign-unit', urgent.tripId, 'A1', 'supervisor-order')
    assert.deepEqual((await eventTypes('yields', position)).slice(0, 3), [
      'OfferRevoked',
      'AssignmentOverridden',
      'OfferMade',
    ])
    assert.equal((await told(asked, urgent.tripId)).trip!.offer!.mode, 'ordered')
    await clear(desk)
    await clear(asking)
  })

  test(`[DK-6] a unit that is neither connected nor placed keeps the order that a dispatcher gives it (${format})`, async () => {
    const region = 'keeps'
    const desk = await stage.desk({ region, format })
    const crew = await stage.driver('A1', { region, format })
    await crew.ask('sign-on', Date.now())
    crew.socket.terminate()
    await crew.closed
    const { tripId } = await enter(desk)
    await desk.ask('assign-unit', tripId, 'A1', 'crew-request')
    const back = await stage.driver('A1', { region, format })
    const { trip } = back.welcome.driver!
    assert.deepEqual([trip?.tripId, trip?.phase, trip?.unitId], [tripId, 'offered', 'A1'])
    assert.ok(
      !(await stage.site.records(region)).some(({ events }) => events.some(({ type }) => type === 'OfferRevoked')),
    )
    await clear(desk)
  })

  test(`[DK-7] a withdrawn unit is free and not asked again in the round; the trip goes to the next one, with times of its own (${format})`, async () => {
    const region = 'withdraw'
    const desk = await stage.desk({ region, format })
    const first = await stage.crew('A1', { region, format }, 1)
    const second = await stage.crew('A2', { region, format }, 9)
    const { tripId } = await enter(desk)
    const order = (await told(first, tripId)).trip!.offer!
    await first.ask('accept-offer', order.offerId, Date.now())
    await first.ask('report-phase', tripId, 'en-route', Date.now())
    const { result, position } = await desk.ask('withdraw-unit', tripId, 'crew-request')
    assert.deepEqual(result, { tripId, unitId: 'A1', phase: 'pending' })
    assert.deepEqual(await eventTypes(region, position), ['UnitWithdrawn', 'OfferMade'])
    assert.equal((await told(first, null)).unit.status, 'available')
    const next = (await told(second, tripId)).trip!
    assert.deepEqual([Object.keys(next.times), next.missed], [['pending', 'offered'], []])
    const { offerId } = next.offer!
    await desk.ask('withdraw-unit', tripId, 'other')
    const token = await stage.site.token({ regions: [region] })
    const { body } = await stage.site.http(`/v1/trips/${tripId}`, { token })
    assert.deepEqual([body.phase, body.times, body.missed], ['pending', { pending: next.times.pending }, []])
    assert.equal(await second.refused('accept-offer', offerId, Date.now()), 'unknown-offer')
    assert.equal(await desk.refused('withdraw-unit', tripId, 'other'), 'wrong-phase', 'pending')
    await desk.ask('assign-unit', tripId, 'A2', 'other')
    await desk.ask('cancel-trip', tripId, 'other')
    assert.equal(await desk.refused('withdraw-unit', tripId, 'other'), 'wrong-phase', 'ended')
    await clear(desk)
  })

  test(`[DK-10] with a patient on board nobody cancels, withdraws or gives to another unit (${format})`, async () => {
    const region = 'onboard'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    await stage.crew('A2', { region, format })
    const { tripId, callId } = await enter(desk)
    const order = (await told(crew, tripId)).trip!.offer!
    await crew.ask('accept-offer', order.offerId, Date.now())
    for (const phase of ['transporting', 'at-destination', 'transferred']) {
      await crew.ask('report-phase', tripId, phase, Date.now())
      assert.equal(await desk.refused('cancel-trip', tripId, 'other'), 'wrong-phase', phase)
      assert.equal(await desk.refused('cancel-call', callId, 'other'), 'wrong-phase', phase)
      assert.equal(await desk.refused('withdraw-unit', tripId, 'other'), 'wrong-phase', phase)
      assert.equal(await desk.refused('assign-unit', tripId, 'A2', 'other'), 'wrong-phase', phase)
    }
    await crew.ask('close-trip', tripId, 'transported', Date.now())
  })

  test(`[DK-11] a unit that a trip is taken from at the scene stands down until it is clear (${format})`, async () => {
    const region = 'standsdown'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    for (const phase of ['on-scene', 'at-patient']) {
      const { tripId } = await enter(desk)
      const order = (await told(crew, tripId)).trip!.offer!
      await crew.ask('accept-offer', order.offerId, Date.now())
      await crew.ask('report-phase', tripId, phase, Date.now())
      const { position } = await desk.ask('withdraw-unit', tripId, 'other')
      // Nobody else is there, and the unit is not asked.
      assert.deepEqual(await eventTypes(region, position), ['UnitWithdrawn', 'TripAlarmRaised'])
      const [, , { unit }] = await crew.hear('unit-state', ([, , seen]) => seen.unit.status === 'standing-down')
      assert.deepEqual([unit.dispatchability, unit.tripId], ['not-available', tripId])
      assert.equal(await desk.refused('assign-unit', tripId, 'A1', 'other'), 'unit-not-fit')
      const clear =
        phase === 'on-scene'
          ? await crew.ask('set-status', 'available', null, Date.now())
          : await desk.ask('set-unit-status', 'A1', 'available', null, Date.now())
      assert.deepEqual(clear.result, { unitId: 'A1', status: 'available' })
      assert.deepEqual((await eventTypes(region, clear.position))[0], 'UnitCleared')
      await desk.ask('cancel-trip', tripId, 'other')
    }
  })

  test(`[DK-12] a crew whose trip is taken is told of that and of the next one at once, and says that it knows (${format})`, async () => {
    const region = `taken${format}`
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const first = await enter(desk)
    const order = (await told(crew, first.tripId)).trip!.offer!
    await crew.ask('accept-offer', order.offerId, Date.now())
    const second = await enter(desk)
    await desk.ask('cancel-trip', first.tripId, 'other')
    const both = (await crew.hear('unit-state', ([, , seen]) => seen.unit.takenTripId !== null))[2]
    assert.deepEqual([both.unit.takenTripId, both.trip?.tripId], [first.tripId, second.tripId])
    // About a trip that it never had the word changes nothing.
    await crew.ask('acknowledge-stand-down', second.tripId, Date.now())
    const { result, position } = await crew.ask('acknowledge-stand-down', first.tripId, Date.now())
    assert.deepEqual(result, { unitId: 'A1', status: 'offered' })
    assert.deepEqual(await eventTypes(region, position), ['StandDownAcknowledged'])
    await crew.hear('unit-state', ([, , seen]) => seen.unit.takenTripId === null)
  })

  test(`[DK-13] a unit is diverted in one record, and nobody gets either trip in between (${format})`, async () => {
    const region = `divert${format}`
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const first = await enter(desk)
    await told(crew, first.tripId)
    const urgent = await enter(desk, { priority: 1 })
    const { result, position } = await desk.ask('divert-unit', first.tripId, urgent.tripId, 'higher-priority')
    assert.deepEqual([result.tripId, result.unitId, result.fromTripId], [urgent.tripId, 'A1', first.tripId])
    const types = await eventTypes(region, position)
    assert.deepEqual(types.slice(0, 3), ['UnitWithdrawn', 'AssignmentOverridden', 'OfferMade'])
    const both = (await crew.hear('unit-state', ([, , seen]) => seen.unit.takenTripId !== null))[2]
    assert.deepEqual([both.unit.takenTripId, both.trip?.tripId], [first.tripId, urgent.tripId])
    assert.equal(await desk.refused('divert-unit', first.tripId, urgent.tripId, 'other'), 'wrong-phase')
    assert.equal(await desk.refused('divert-unit', first.tripId, first.tripId, 'other'), 'invalid-field toTripId')
    await crew.ask('accept-offer', both.trip!.offer!.offerId, Date.now())
    await crew.ask('report-phase', urgent.tripId, 'on-scene', Date.now())
    assert.equal(await desk.refused('divert-unit', urgent.tripId, first.tripId, 'other'), 'wrong-phase')
  })

  test(`[DK-14] a trip on hold is offered to nobody, and a dispatcher's order that is not answered comes back (${format})`, async () => {
    const region = `hold${format}`
    const token = await stage.site.token({ sub: 'admin-1', role: 'admin', regions: [] })
    const each = (ms: number) => ({ 1: ms, 2: ms, 3: ms, 4: ms, 5: ms })
    const policy = { orderWarnMs: each(1_000), orderTimeoutMs: each(2_000) }
    const put = await stage.ask('PUT', `/v1/regions/${region}/policy`, { token, ifMatch: '*', body: { policy } })
    assert.equal(put.status, 200)
    const desk = await stage.desk({ region, format })
    const { tripId } = await enter(desk)
    assert.deepEqual((await desk.ask('hold-trip', tripId)).result, { tripId, onHold: true })
    const crew = await stage.crew('A1', { region, format })
    const ofDesk = await stage.site.token({ regions: [region] })
    const trip = async () => (await stage.ask('GET', `/v1/trips/${tripId}`, { token: ofDesk })).body
    assert.deepEqual([(await trip()).phase, (await trip()).onHold.why], ['pending', 'dispatcher'])
    await desk.ask('watch-board', null)
    await desk.ask('assign-unit', tripId, 'A1', 'other')
    await told(crew, tripId)
    await desk.hear('board-events', ([, , , events]) => events.some(({ type }) => type === 'TripPutOnHold'))
    const back = await trip()
    assert.deepEqual([back.phase, back.onHold.why, back.alarms], ['pending', 'order-unanswered', ['order-unanswered']])
    // The crew gives a sign, so that the desk may choose it.
    await crew.ask('set-status', 'available', null, Date.now())
    assert.equal((await trip()).phase, 'pending')
    assert.deepEqual((await desk.ask('resume-trip', tripId)).result, { tripId, onHold: false })
    assert.equal((await trip()).onHold, null)
  })

  test(`[DK-14] a call that is entered on hold is on hold in its own record, and goes to whom a dispatcher names (${format})`, async () => {
    const region = `onhold${format}`
    const desk = await stage.desk({ region, format })
    const [first, second] = [await stage.crew('A1', { region, format }), await stage.crew('A2', { region, format })]
    const need = { levelOfCare: 'bls', capabilities: [] }
    const entered = await desk.ask('enter-call', { ...CALL, needs: [need, need], onHold: true })
    const { tripIds } = entered.result as { tripIds: [string, string] }
    assert.deepEqual(await eventTypes(region, entered.position), [
      ...['CallEntered', 'TripCreated', 'TripCreated', 'TripPutOnHold', 'TripPutOnHold'],
    ])
    await desk.ask('assign-unit', tripIds[0], 'A2', 'other')
    await told(second, tripIds[0])
    assert.deepEqual((await desk.ask('resume-trip', tripIds[1])).result, { tripId: tripIds[1], onHold: false })
    await told(first, tripIds[1])
    assert.equal(await desk.refused('enter-call', { ...CALL, onHold: 'yes' }), 'invalid-field call.onHold')
  })

  test(`[DK-15] a call gets a further unit on its own clock, until it is over (${format})`, async () => {
    const region = 'addneed'
    const desk = await stage.desk({ region, format })
    const { callId, tripId } = await enter(desk)
    const need = { levelOfCare: 'bls', capabilities: [] }
    const added = await desk.ask('add-need', callId, need)
    assert.deepEqual((await eventTypes(region, added.position)).slice(0, 2), ['NeedAdded', 'TripCreated'])
    const ofDesk = await stage.site.token({ regions: [region] })
    const { body } = await stage.ask('GET', `/v1/calls/${callId}`, { token: ofDesk })
    const trips = body.trips as { tripId: string; receivedAtMs: number }[]
    assert.deepEqual(
      trips.map(trip => trip.tripId),
      [tripId, added.result.tripId],
    )
    assert.equal(trips[0]?.receivedAtMs, trips[1]?.receivedAtMs)
    await desk.ask('cancel-call', callId, 'other')
    assert.equal(await desk.refused('add-need', callId, need), 'wrong-phase')
  })

  test(`[OF-17] a unit that loses its trip for what speaks of it or its crew is unavailable, with the dispatcher as the cause (${format})`, async () => {
    const region = 'withdraw'
    const desk = await stage.desk({ region, format })
    const first = await stage.crew('A1', { region, format }, 1)
    const second = await stage.crew('A2', { region, format }, 9)
    const { tripId } = await enter(desk)
    await told(first, tripId)
    const { position } = await desk.ask('withdraw-unit', tripId, 'crew-fatigue')
    assert.deepEqual(await eventTypes(region, position), [
      'UnitWithdrawn',
      'UnitBecameUnavailable',
      'UnitNotified',
      'OfferMade',
    ])
    const isOut = (crew: Speaker) => crew.hear('unit-state', ([, , { unit }]) => unit.status === 'unavailable')
    const { unit } = (await isOut(first))[2]
    assert.deepEqual([unit.tripId, unit.unavailableReason], [null, 'crew-fatigue'])
    assert.equal(await desk.refused('assign-unit', tripId, 'A1', 'other'), 'unit-not-fit')
    await told(second, tripId)
    await desk.ask('set-unit-status', 'A1', 'available', null, Date.now())
    const given = await desk.ask('assign-unit', tripId, 'A1', 'vehicle-fault')
    assert.deepEqual(await eventTypes(region, given.position), [
      'AssignmentOverridden',
      'UnitBecameUnavailable',
      'OfferMade',
      'UnitNotified',
    ])
    assert.equal((await isOut(second))[2].unit.unavailableReason, 'vehicle-fault')
    await desk.ask('set-unit-status', 'A2', 'available', null, Date.now())
    await clear(desk)
  })

  test(`[DK-8] the desk sets the status of a unit that called in, and signs its crew off (${format})`, async () => {
    const region = 'status'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const set = (status: string, reason: string | null) => desk.ask('set-unit-status', 'A1', status, reason, Date.now())
    assert.deepEqual((await set('unavailable', 'breakdown')).result, { unitId: 'A1', status: 'unavailable' })
    const seen = await crew.hear('unit-state', ([, , { unit }]) => unit.status === 'unavailable')
    assert.equal(seen[2].unit.unavailableReason, 'vehicle-fault')
    await set('available', null)
    const { position } = await set('off-duty', null)
    const { events } = (await stage.site.records(region)).find(record => record.position === position)!
    assert.ok(events[0]?.type === 'CrewSignedOff')
    assert.deepEqual([events[0].principal, events[0].cause], ['crew-A1', 'dispatcher'])
    const on = await set('unavailable', 'restock')
    assert.deepEqual(on.result, { unitId: 'A1', status: 'unavailable' })
    assert.deepEqual(await eventTypes(region, on.position), ['CrewSignedOn', 'UnitBecameUnavailable'])
    const view = (await crew.hear('unit-state', ([, at]) => at >= on.position))[2].unit
    assert.deepEqual([view.crew, view.connected, view.reach], ['-voice', true, 'voice'])
    assert.equal(await desk.refused('set-unit-status', 'A1', 'unavailable', null, Date.now()), 'invalid-field reason')
    assert.equal(await desk.refused('set-unit-status', 'ghost', 'off-duty', null, Date.now()), 'unknown-unit')
    await crew.ask('sign-on', Date.now())
    const { tripId } = await enter(desk)
    await told(crew, tripId)
    assert.equal(await desk.refused('set-unit-status', 'A1', 'off-duty', null, Date.now()), 'unit-has-trip')
    await clear(desk)
  })

  test(`[DK-9] the desk reports and closes for a crew on the radio, which is then said to have taken the trip (${format})`, async () => {
    const region = 'radio'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const { tripId, callId } = await enter(desk)
    await told(crew, tripId)
    const pressedAtMs = Date.now() - 1_000
    const { result, position } = await desk.ask('report-phase', tripId, 'en-route', pressedAtMs)
    assert.deepEqual(result, { tripId, phase: 'en-route' })
    const { events, principal } = (await stage.site.records(region)).find(record => record.position === position)!
    assert.equal(principal, 'dispatch')
    assert.deepEqual(
      events.map(event =>
        'cause' in event && 'happenedAtMs' in event ? [event.type, event.cause, event.happenedAtMs] : event.type,
      ),
      [['OfferAccepted', 'dispatcher', pressedAtMs], ['TripPhaseReached', 'dispatcher', pressedAtMs], 'UnitNotified'],
    )
    const [taken] = events
    assert.ok(taken!.type === 'OfferAccepted' && taken!.implied === true)
    const { unit, trip } = await told(crew, tripId, 'en-route')
    assert.deepEqual([unit.status, trip!.times.assigned, trip!.times['en-route']], ['en-route', undefined, pressedAtMs])
    assert.equal(await desk.refused('report-phase', nobody(region), 'en-route', Date.now()), 'unknown-trip')
    await desk.ask('close-trip', tripId, 'no-patient-found', Date.now())
    assert.equal((await callOf(region, callId)).state, 'closed')
    const pending = await enter(desk, { priority: 3, needs: [{ levelOfCare: 'cct', capabilities: [] }] })
    assert.equal(await desk.refused('close-trip', pending.tripId, 'refused', Date.now()), 'wrong-phase')
    await clear(desk)
  })

  test(`[CM-4] a command of the desk is repeated under its id like any other (${format})`, async () => {
    const region = 'again'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const { tripId, callId } = await enter(desk)
    await told(crew, tripId)
    const commands = [
      ['amend-call', callId, { priority: 3 }],
      ['withdraw-unit', tripId, 'other'],
      ['assign-unit', tripId, 'A1', 'other'],
      ['report-phase', tripId, 'on-scene', Date.now()],
      ['cancel-call', callId, 'other'],
      ['set-unit-status', 'A1', 'unavailable', 'break', Date.now()],
    ] as const
    for (const [type, ...fields] of commands) {
      const id = stage.id()
      desk.send(type, id, ...fields)
      const first = await desk.reply(id)
      const other = await stage.desk({ region, format: format === 'json' ? 'binary' : 'json' })
      other.send(type, id, ...fields)
      assert.deepEqual(await other.reply(id), first, type)
    }
    await clear(desk)
  })

  test(`[ER-1] misuse is answered as its page shows it (${format})`, async () => {
    for (const misuse of MISUSES) {
      const speaker = await speakerOf(misuse.as, 'misuse', format)
      const answer = await misused(speaker, misuse.sends, format)
      const [type, id, code, message, details] = misuse.gets
      // A text that is cut short has no counterpart in bytes, and a number no name: the sentence tells the difference.
      const isOfJson = code === 'malformed-frame' || code === 'unknown-type'
      assert.deepEqual(answer, [type, id, code, isOfJson && format === 'binary' ? answer[3] : message, details])
      speaker.socket.terminate()
    }
  })
}

function speakerOf(as: Misuse['as'], region: string, format: WireFormat): Promise<Speaker> {
  const identity = { region, format }
  if (as === 'stranger') return stage.open(format)
  // A stream of its own: what one misuse left out of another's stream counts as received there.
  if (as === 'driver') return stage.driver('A-7', { ...identity, streams: [[stage.id(), 'gnss', 1]] })
  return as === 'feed' ? stage.feed(identity) : stage.desk(identity)
}

async function misused(speaker: Speaker, sends: string, format: WireFormat): Promise<ServerMessage> {
  if (format === 'json') speaker.socket.send(sends)
  else if (isJson(sends)) speaker.send(...(JSON.parse(sends) as unknown[]))
  else speaker.socket.send(Buffer.from([0x94, 0x02, 0x00, 0xcd, 0x3a]))
  return speaker.hear('error')
}

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined
  } catch {
    return false
  }
}
