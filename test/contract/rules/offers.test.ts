/** `docs/protocol/core.md`: crew, offers and trips. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OfferMade } from '../../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { alike } from '../../../src/domain/policy.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import type { OfferView, TripView } from '../../../src/protocol/wire/situation-views.ts'
import { CALL, FORMATS, fixAt, nobody, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const offered = { mode: 'offered', units: ['A1', 'A2'] } as const
const stage = new Stage({
  crew: ordered,
  relief: ordered,
  nobody: ordered,
  off: offered,
  offordered: ordered,
  status: offered,
  answers: offered,
  orders: ordered,
  next: offered,
  phases: ordered,
  ends: ordered,
  trips: ordered,
  states: ordered,
  details: offered,
  calls: ordered,
  swapped: ordered,
  classes: ordered,
  unfit: offered,
  waits: ordered,
  silent: ordered,
  voicebinary: offered,
  voicejson: offered,
  rank: {
    mode: 'ordered',
    units: [
      { unitId: 'U6', levelOfCare: 'als' },
      { unitId: 'U1', levelOfCare: 'bls' },
    ],
  },
})
const DETAILS = { callerName: 'the caller', phone: '+64 21 000 000', address: '12 Quay Street', notes: 'third floor' }
/** Nobody is free for it, and of its priority nobody is sent to help. */
const UNMET = { ...CALL, priority: 3, needs: [{ levelOfCare: 'cct' }] }
const now = () => Date.now()

async function offerOf(crew: Speaker): Promise<{ trip: TripView; offer: OfferView }> {
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  return { trip: trip!, offer: trip!.offer! }
}

/** The offer of a trip, as the board tells it. */
async function madeFor(desk: Speaker, tripId: string): Promise<OfferMade> {
  const isIt = (event: DomainEvent): event is OfferMade => event.type === 'OfferMade' && event.tripId === tripId
  const [, , , events] = await desk.hear('board-events', ([, , , all]) => all.some(isIt))
  return events.find(isIt)!
}

/** A crew that has accepted a trip. */
async function bound(region: string, unit = 'A1'): Promise<{ crew: Speaker; desk: Speaker; tripId: string }> {
  const crew = await stage.crew(unit, { region })
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const { trip, offer } = await offerOf(crew)
  await crew.ask('accept-offer', offer.offerId, now())
  return { crew, desk, tripId: trip.tripId }
}

test('[OF-1] sign-on makes the principal the crew and the unit available, and for the crew itself changes nothing', async () => {
  const region = 'crew'
  const driver = await stage.driver('A1', { region, sub: 'person-1' })
  assert.equal((await driver.ask('sign-on', now())).result.status, 'available')
  const [, , { unit }] = await driver.hear('unit-state')
  assert.deepEqual([unit.crew, unit.status], ['person-1', 'available'])
  await driver.ask('set-status', 'unavailable', 'break', now())
  assert.equal((await driver.ask('sign-on', now())).result.status, 'unavailable')
  const stranger = await stage.open()
  const token = await stage.site.token({ role: 'driver', regions: [region], unit: 'Z9' })
  assert.equal(await stranger.refused('hello', token, region, 'driver', 'Z9', now(), []), 'unknown-unit')
})

test('[OF-1] sign-on relieves another crew in the same step, also with a trip open; until then all else is not-signed-on', async () => {
  const region = 'relief'
  const { tripId } = await bound(region)
  const successor = await stage.driver('A1', { region, sub: 'successor' })
  for (const [type, ...fields] of [
    ['sign-off', now()],
    ['set-status', 'available', null, now()],
    ['accept-offer', nobody(region), now()],
    ['decline-offer', nobody(region), 'unsafe'],
    ['report-phase', tripId, 'en-route', now()],
    ['close-trip', tripId, 'transported', now()],
  ] as const) {
    assert.equal(await successor.refused(type, ...fields), 'not-signed-on', type)
  }
  const { position } = await successor.ask('sign-on', now())
  const record = (await stage.site.records(region)).find(each => each.position === position)
  assert.deepEqual(
    record?.events.map(event => ('principal' in event ? [event.type, event.principal] : event.type)),
    [
      ['CrewSignedOff', 'crew-A1'],
      ['CrewSignedOn', 'successor'],
      // The desk hears that somebody else reads the patient's data from now on.
      'TripAlarmRaised',
    ],
  )
  assert.equal((await successor.ask('report-phase', tripId, 'en-route', now())).result.phase, 'en-route')
})

test('[OF-1] while nobody is signed on each command is refused for what the unit does not have', async () => {
  const region = 'nobody'
  const before = await bound(region)
  const pending = (await before.desk.ask('enter-call', UNMET)).result.tripIds as string[]
  await before.crew.ask('close-trip', before.tripId, 'no-patient-found', now())
  await before.crew.ask('sign-off', now())
  for (const [code, type, ...fields] of [
    ['unit-off-duty', 'sign-off', now()],
    ['unit-off-duty', 'set-status', 'unavailable', 'break', now()],
    ['unknown-offer', 'accept-offer', nobody(region), now()],
    ['unknown-offer', 'decline-offer', nobody(region), 'unsafe'],
    ['unknown-trip', 'report-phase', nobody(region), 'on-scene', now()],
    ['unknown-trip', 'close-trip', nobody(region), 'transported', now()],
    ['not-your-trip', 'report-phase', pending[0], 'on-scene', now()],
    ['not-your-trip', 'close-trip', pending[0], 'transported', now()],
    ['wrong-phase', 'report-phase', before.tripId, 'on-scene', now()],
    ['wrong-phase', 'close-trip', before.tripId, 'transported', now()],
  ] as const) {
    assert.equal(await before.crew.refused(type, ...fields), code, `${type} ${fields[0]}`)
  }
})

test('[OF-2] sign-off is refused while bound, gives an unanswered offer back, and needs somebody who is signed on', async () => {
  const { crew } = await bound('offordered')
  assert.equal(await crew.refused('sign-off', now()), 'unit-has-trip')
  const region = 'off'
  const first = await stage.crew('A1', { region }, 1)
  const second = await stage.crew('A2', { region }, 2)
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const { trip, offer } = await offerOf(first)
  await first.ask('sign-off', now())
  const next = await offerOf(second)
  assert.equal(next.trip.tripId, trip.tripId)
  assert.notEqual(next.offer.offerId, offer.offerId)
  assert.equal(await first.refused('sign-off', now()), 'unit-off-duty')
})

test('[OF-3] set-status takes a reason exactly with unavailable; it is refused while bound or off duty, and gives an offer back', async () => {
  const region = 'status'
  const driver = await stage.driver('A2', { region })
  assert.equal(await driver.refused('set-status', 'available', null, now()), 'unit-off-duty')
  assert.equal(await driver.refused('set-status', 'available', 'break', now()), 'invalid-field reason')
  assert.equal(await driver.refused('set-status', 'unavailable', null, now()), 'invalid-field reason')
  assert.equal(await driver.refused('set-status', 'assigned', null, now()), 'invalid-field status')
  const crew = await stage.crew('A1', { region })
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const { offer } = await offerOf(crew)
  await crew.ask('set-status', 'unavailable', 'decontamination', now())
  const [, , { unit, trip }] = await crew.hear('unit-state', ([, , view]) => view.unit.status === 'unavailable')
  assert.deepEqual([unit.unavailableReason, trip], ['decontamination', null])
  assert.equal(await crew.refused('accept-offer', offer.offerId, now()), 'unknown-offer')
  await crew.ask('set-status', 'available', null, now())
  // Not the same trip: no unit is asked twice in a round.
  await desk.ask('enter-call', CALL)
  const next = await offerOf(crew)
  assert.notEqual(next.trip.tripId, offer.tripId)
  await crew.ask('accept-offer', next.offer.offerId, now())
  assert.equal(await crew.refused('set-status', 'unavailable', 'break', now()), 'unit-has-trip')
})

test('[OF-4] an offer comes as unit-state, a unit holds one at most, and any other than its open one is unknown-offer', async () => {
  const region = 'answers'
  const crew = await stage.crew('A1', { region }, 1)
  const other = await stage.crew('A2', { region }, 2)
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const { offer } = await offerOf(crew)
  assert.ok(offer.deadlineAtMs > offer.offeredAtMs)
  await desk.ask('enter-call', CALL)
  // The second call passes over the unit that holds an offer.
  const second = await offerOf(other)
  assert.notEqual(second.trip.tripId, offer.tripId)
  await desk.ask('enter-call', CALL)
  for (const offerId of [second.offer.offerId, nobody(region)]) {
    assert.equal(await crew.refused('accept-offer', offerId, now()), 'unknown-offer')
    assert.equal(await crew.refused('decline-offer', offerId, 'unsafe'), 'unknown-offer')
  }
  await crew.ask('accept-offer', offer.offerId, now())
  assert.equal(await crew.refused('accept-offer', offer.offerId, now()), 'unknown-offer', 'it has been answered')
  const views = (await crew.heardSoFar()).flatMap(message => (message[0] === 'unit-state' ? [message[2].trip] : []))
  const held = views.flatMap(trip => (trip === null ? [] : [trip.tripId]))
  assert.deepEqual([...new Set(held)], [offer.tripId])
})

test('[OF-5] an order binds at once and cannot be declined; an offer binds when it is accepted, and can be', async () => {
  const crew = await stage.crew('A1', { region: 'orders' })
  const desk = await stage.desk({ region: 'orders' })
  await desk.ask('enter-call', CALL)
  const order = await offerOf(crew)
  assert.deepEqual([order.offer.mode, order.trip.unitId], ['ordered', 'A1'])
  assert.equal(await crew.refused('decline-offer', order.offer.offerId, 'unsafe'), 'not-declinable')
  assert.equal((await crew.ask('accept-offer', order.offer.offerId, now())).result.phase, 'assigned')

  const asked = await stage.crew('A1', { region: 'next' }, 1)
  const next = await stage.crew('A2', { region: 'next' }, 2)
  const other = await stage.desk({ region: 'next' })
  await other.ask('enter-call', CALL)
  const { trip, offer } = await offerOf(asked)
  assert.deepEqual([offer.mode, trip.unitId], ['offered', null])
  assert.equal((await asked.ask('decline-offer', offer.offerId, 'too-far')).result.status, 'available')
  const taken = await offerOf(next)
  await next.ask('accept-offer', taken.offer.offerId, now())
  const [, , state] = await next.hear('unit-state', ([, , view]) => view.trip?.unitId === 'A2')
  assert.equal(state.trip?.tripId, trip.tripId)
})

test('[OF-17] a decline for what speaks of unit or crew makes the unit unavailable, until it says that it is available', async () => {
  const region = 'unfit'
  const crew = await stage.crew('A1', { region }, 1)
  const desk = await stage.desk({ region })
  const { result, position } = await desk.ask('enter-call', CALL)
  const { offer } = await offerOf(crew)
  const declined = await crew.ask('decline-offer', offer.offerId, 'equipment')
  assert.deepEqual(declined.result, { unitId: 'A1', status: 'unavailable' })
  const [, , { unit }] = await crew.hear('unit-state', ([, , view]) => view.unit.status === 'unavailable')
  assert.equal(unit.unavailableReason, 'equipment')
  const records = (await stage.site.records(region)).filter(record => record.position > position)
  const types = records.map(({ events }) => events.map(({ type }) => type))
  assert.deepEqual(types.at(-1)?.slice(0, 2), ['OfferDeclined', 'UnitBecameUnavailable'])
  await crew.ask('set-status', 'available', null, now())
  // After the pause of the round.
  const again = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null && view.trip.round === 2)
  assert.equal(again[2].trip?.tripId, (result.tripIds as string[])[0])
})

test('[OF-7] [RT-5] a trip moves forward only; a phase that a button skipped is missed, until a button beside tells its time', async () => {
  const { crew, tripId } = await bound('phases')
  await crew.ask('report-phase', tripId, 'on-scene', now())
  await crew.ask('report-phase', tripId, 'at-destination', now())
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.phase === 'at-destination')
  assert.deepEqual(trip?.missed, ['en-route', 'transporting'])
  const { times } = trip!
  assert.deepEqual(
    ['en-route', 'on-scene', 'at-patient', 'transporting', 'at-destination'].filter(phase => phase in times),
    ['on-scene', 'at-destination'],
  )
  const lateMs = now() - 60_000
  const { result } = await crew.ask('report-phase', tripId, 'transporting', lateMs)
  assert.deepEqual(result, { tripId, phase: 'at-destination' })
  await crew.ask('report-phase', tripId, 'on-scene', lateMs)
  for (const mark of ['left-scene', 'staged', 'landing-area']) await crew.ask('report-phase', tripId, mark, lateMs)
  const [, , late] = await crew.hear('unit-state', ([, , view]) => view.trip?.times.transporting !== undefined)
  assert.deepEqual([late.trip!.phase, late.trip!.missed], ['at-destination', ['en-route']])
  assert.deepEqual([late.trip!.times.transporting, late.trip!.times['on-scene']], [lateMs, times['on-scene']])
  await crew.ask('close-trip', tripId, 'transported', now())
  const after = await crew.ask('report-phase', tripId, 'at-station', now())
  assert.deepEqual(after.result, { tripId, phase: 'closed' })
  assert.equal(await crew.refused('report-phase', tripId, 'left-scene', now()), 'wrong-phase')
})

test('[OF-8] close-trip works from acceptance on, cancel-trip in any phase; a trip that has ended answers wrong-phase', async () => {
  const region = 'ends'
  const crew = await stage.crew('A1', { region })
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const first = await offerOf(crew)
  const { tripId } = first.trip
  assert.equal(await crew.refused('close-trip', tripId, 'no-patient-found', now()), 'wrong-phase')
  await crew.ask('accept-offer', first.offer.offerId, now())
  await crew.ask('close-trip', tripId, 'no-patient-found', now())
  assert.equal(await crew.refused('close-trip', tripId, 'no-patient-found', now()), 'wrong-phase')
  assert.equal(await crew.refused('report-phase', tripId, 'on-scene', now()), 'wrong-phase')
  assert.equal(await desk.refused('cancel-trip', tripId, 'other'), 'wrong-phase')
  await desk.ask('enter-call', CALL)
  const second = await offerOf(crew)
  await desk.ask('cancel-trip', second.trip.tripId, 'caller-cancelled')
  const [, , { trip }] = await crew.hear(
    'unit-state',
    ([, , view]) => view.unit.status === 'available' && view.trip === null,
  )
  assert.equal(trip, null)
  const pending = (await desk.ask('enter-call', UNMET)).result.tripIds as string[]
  assert.equal((await desk.ask('cancel-trip', pending[0], 'duplicate-call')).result.phase, 'cancelled')
})

test('[OF-9] a trip that is not there is unknown-trip, and one of another unit not-your-trip', async () => {
  const region = 'trips'
  const { tripId, desk } = await bound(region)
  const other = await stage.crew('A2', { region })
  for (const [code, id] of [
    ['unknown-trip', nobody(region)],
    ['unknown-trip', nobody('elsewhere')],
    ['not-your-trip', tripId],
  ] as const) {
    assert.equal(await other.refused('report-phase', id, 'on-scene', now()), code)
    assert.equal(await other.refused('close-trip', id, 'transported', now()), code)
  }
  assert.equal(await desk.refused('cancel-trip', nobody(region), 'other'), 'unknown-trip')
})

test('[OF-10] the driver gets unit-state after each record that changed its unit or trip, whoever caused it, and no other', async () => {
  const region = 'states'
  const { crew, desk, tripId } = await bound(region)
  await stage.crew('A2', { region })
  await desk.ask('enter-call', UNMET)
  await crew.ask('report-phase', tripId, 'en-route', now())
  await desk.ask('cancel-trip', tripId, 'other')
  await desk.ask('unwatch-board')
  const told = (await crew.heardSoFar()).flatMap(message => (message[0] === 'unit-state' ? [message[1]] : []))
  const concerned = (await stage.site.records(region)).filter(({ events }) =>
    events.some(event => 'unitId' in event && event.unitId === 'A1' && event.type !== 'UnitRegistered'),
  )
  // The offer's own state was taken off the list when it was answered.
  const positions = concerned.filter(({ events }) => !events.some(({ type }) => type === 'OfferMade'))
  assert.deepEqual(
    told,
    positions.map(({ position }) => position),
  )
  assert.ok(told.length >= 4)
})

test('[OF-11] the personal data of a call is shown to a crew once it is bound, and not before', async () => {
  for (const [i, format] of FORMATS.entries()) {
    const region = 'details'
    const crew = await stage.crew(`A${i + 1}`, { region, format })
    const desk = await stage.desk({ region, format })
    await desk.ask('enter-call', { ...CALL, details: DETAILS })
    const { trip, offer } = await offerOf(crew)
    assert.equal(trip.details, null)
    await crew.ask('accept-offer', offer.offerId, now())
    const [, , state] = await crew.hear('unit-state', ([, , view]) => view.trip?.phase === 'assigned')
    assert.deepEqual(state.trip?.details, DETAILS)
  }
})

test('[OF-12] enter-call takes its map: each need becomes a trip, what is optional may be null or absent, and the ranges hold', async () => {
  const region = 'calls'
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const receivedAtMs = now() - 60_000
    const whole = {
      ...CALL,
      problem: 'x'.repeat(LIMITS.problemChars),
      needs: Array.from({ length: LIMITS.needsPerCall }, () => ({ levelOfCare: 'cct', capabilities: ['neonatal'] })),
      receivedAtMs,
      details: { ...DETAILS, notes: null },
    }
    const { result } = await desk.ask('enter-call', whole)
    const tripIds = result.tripIds as string[]
    assert.equal(tripIds.length, LIMITS.needsPerCall)
    const token = await stage.site.token({ regions: [region] })
    const { body } = await stage.site.http(`/v1/trips/${tripIds.at(-1)}`, { token })
    assert.deepEqual(
      [body.problem, body.need, body.receivedAtMs, body.details],
      [whole.problem, { ...whole.needs[0], transport: true }, receivedAtMs, whole.details],
    )
    const { result: bare } = await desk.ask('enter-call', UNMET)
    const { body: least } = await stage.site.http(`/v1/trips/${(bare.tripIds as string[])[0]}`, { token })
    assert.deepEqual([least.problem, least.need.capabilities, least.details], [null, [], null])
    assert.ok(Math.abs(least.receivedAtMs - now()) < 60_000)
    for (const [path, change] of [
      ['call.priority', { priority: 6 }],
      ['call.problem', { problem: '' }],
      ['call.needs', { needs: [] }],
      ['call.needs', { needs: [...whole.needs, ...CALL.needs] }],
      ['call.details.phone', { details: { phone: 'x'.repeat(LIMITS.phoneChars + 1) } }],
      ['call.lonE7', { lonE7: undefined }],
    ] as const) {
      assert.equal(await desk.refused('enter-call', { ...CALL, ...change }), `invalid-field ${path}`)
    }
  }
  const events = JSON.stringify((await stage.site.records(region)).flatMap(record => record.events))
  for (const text of [DETAILS.callerName, DETAILS.phone, DETAILS.address]) assert.ok(!events.includes(text))
})

test('[OF-14] of the trips of one call the need that fewer units can serve goes first, each time', async () => {
  const region = 'rank'
  const desk = await stage.desk({ region })
  const crews = { U6: await stage.crew('U6', { region }, 1), U1: await stage.crew('U1', { region }, 4) }
  const needs = [{ levelOfCare: 'bls' }, { levelOfCare: 'als' }]
  for (let round = 0; round < 20; round++) {
    const asked = round % 2 === 0 ? needs : needs.toReversed()
    const { result } = await desk.ask('enter-call', { ...CALL, needs: asked })
    const tripIds = result.tripIds as string[]
    const ofLevel = (level: string) => tripIds[asked.findIndex(need => need.levelOfCare === level)]
    for (const [unit, level] of [
      ['U6', 'als'],
      ['U1', 'bls'],
    ] as const) {
      const { trip } = await offerOf(crews[unit])
      assert.equal(trip.tripId, ofLevel(level), `${unit} in round ${round}`)
    }
    await desk.ask('cancel-call', result.callId, 'entered-in-error')
  }
})

test('[OF-14] trips are served by class, then in the order in which they were entered, however old their calls are', async () => {
  const region = 'classes'
  const desk = await stage.desk({ region })
  const enter = async (priority: number, receivedBeforeMs = 0) => {
    const { result } = await desk.ask('enter-call', { ...CALL, priority, receivedAtMs: now() - receivedBeforeMs })
    return (result.tripIds as string[])[0]
  }
  const old = await enter(5, 3 * 3_600_000)
  const second = await enter(2)
  const enteredLate = await enter(2, 3_600_000)
  const arrest = await enter(1)

  const crew = await stage.crew('A1', { region })
  for (const tripId of [arrest, second, enteredLate, old]) {
    const { trip, offer } = await offerOf(crew)
    assert.equal(trip.tripId, tripId)
    await crew.ask('accept-offer', offer.offerId, now())
    await crew.ask('close-trip', tripId, 'transported', now())
  }
})

test('[OF-16] a trip that waits for long raises an alarm, until it is offered', async () => {
  const region = 'waits'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const { result } = await desk.ask('enter-call', { ...CALL, receivedAtMs: now() - 3_600_000 })
  const [tripId] = result.tripIds as string[]
  await desk.hear('board-events', ([, , , events]) =>
    events.some(event => event.type === 'TripAlarmRaised' && event.tripId === tripId && event.alarm === 'waiting-long'),
  )
  const crew = await stage.crew('A1', { region })
  assert.deepEqual((await offerOf(crew)).trip.alarms, [])
})

test('[OF-18] [OF-19] a unit that leaves an order unanswered is chosen last, with an alarm, until its crew gives a sign', async () => {
  const region = 'silent'
  const token = await stage.site.token({ sub: 'admin-1', role: 'admin', regions: [] })
  // Time enough for the other crew to answer, however slow the machine is.
  const policy = { orderWarnMs: alike(1_000), orderTimeoutMs: alike(8_000) }
  const put = await stage.ask('PUT', `/v1/regions/${region}/policy`, { token, ifMatch: '*', body: { policy } })
  assert.equal(put.status, 200)
  const near = await stage.crew('A1', { region }, 1)
  const far = await stage.crew('A2', { region }, 5)
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  await desk.hear('board')
  await desk.ask('enter-call', CALL)
  await offerOf(near)
  const taken = await offerOf(far)
  await far.ask('accept-offer', taken.offer.offerId, now())
  await far.ask('close-trip', taken.trip.tripId, 'refused', now())
  const { result } = await desk.ask('enter-call', CALL)
  const tripId = (result.tripIds as string[])[0]!
  const [, , { trip: next }] = await far.hear('unit-state', ([, , view]) => view.trip?.tripId === tripId)
  const { decision } = await madeFor(desk, tripId)
  assert.deepEqual([next?.offer?.unitId, decision.excluded['no-contact']], ['A2', 1])
  const ofDesk = await stage.site.token({ regions: [region] })
  const state = async () => (await stage.ask('GET', `/v1/units/A1/state?region=${region}`, { token: ofDesk })).body
  const alarmOfUnit = async () => {
    await desk.ask('watch-board', null)
    const [, , , , , , alarms] = await desk.hear('board')
    return alarms.find(({ kind }) => kind === 'no-contact')
  }
  assert.equal((await state()).noContact, true)
  const alarm = await alarmOfUnit()
  assert.deepEqual([alarm?.unitId, alarm?.tripId, alarm?.goneAtMs], ['A1', taken.trip.tripId, null])
  // It has been over for long; that it is said at all is the sign.
  assert.equal(await near.refused('accept-offer', nobody(region), now()), 'unknown-offer')
  await desk.hear('board-events', ([, , , events]) => events.some(({ type }) => type === 'UnitContacted'))
  assert.equal((await state()).noContact, false)
  assert.notEqual((await alarmOfUnit())?.goneAtMs, null)
  await desk.ask('acknowledge-alarm', alarm!.alarmId)
  assert.equal(await alarmOfUnit(), undefined)
})

for (const format of FORMATS) {
  test(`[OF-20] [DK-16] a service with modems and radios alone is dispatched by voice (${format})`, async () => {
    const region = `voice${format}`
    const desk = await stage.desk({ region, format })
    const modems = await stage.feed({ region, format })
    await modems.ask('attach', [
      [1, 'A1', 'modem-1', 'gnss', 1],
      [2, 'A2', 'modem-2', 'gnss', 1],
    ])
    modems.send('feed-fixes', 0, [1, ...fixAt(1, 5)], [2, ...fixAt(1, 1)])
    modems.send('mark', null)
    await modems.hear('feed-marks')
    for (const unit of ['A1', 'A2']) await desk.ask('set-unit-status', unit, 'available', null, now())
    await desk.ask('watch-board', null)
    const [, , , , , units] = await desk.hear('board')
    assert.deepEqual(
      units.map(({ crew, connected, reach }) => [crew, connected, reach]),
      [
        ['-voice', false, 'modem'],
        ['-voice', false, 'modem'],
      ],
    )
    const { result } = await desk.ask('enter-call', CALL)
    const tripId = (result.tripIds as string[])[0]!
    const made = await madeFor(desk, tripId)
    assert.deepEqual([made.unitId, made.mode, made.byVoice, made.warnAtMs], ['A2', 'ordered', true, null])
    assert.deepEqual([made.decision.despite, made.decision.eligible], ['disconnected', 0])
    const token = await stage.site.token({ regions: [region] })
    const trip = async (): Promise<TripView> => (await stage.ask('GET', `/v1/trips/${tripId}`, { token })).body
    const { alarms, offer } = await trip()
    assert.deepEqual([alarms, offer?.byVoice], [['voice-order'], true])

    const heardAtMs = now()
    const confirmed = await desk.ask('confirm-order', tripId, heardAtMs)
    assert.deepEqual(confirmed.result, { tripId, unitId: 'A2', phase: 'assigned' })
    assert.equal((await trip()).alarms.length, 0)
    assert.deepEqual((await trip()).responses[0]?.times.notified, { atMs: heardAtMs, cause: 'dispatcher' })
    for (const phase of ['en-route', 'on-scene'] as const) await desk.ask('report-phase', tripId, phase, now())
    assert.deepEqual((await desk.ask('confirm-order', tripId, now())).result.phase, 'on-scene')
    await desk.ask('close-trip', tripId, 'treated-on-scene', now())
    assert.equal(await desk.refused('confirm-order', tripId, now()), 'wrong-phase')
    assert.equal(await desk.refused('confirm-order', nobody(region), now()), 'unknown-trip')
    const off = await desk.ask('set-unit-status', 'A2', 'off-duty', null, now())
    assert.deepEqual(off.result, { unitId: 'A2', status: 'off-duty' })
  })
}

test('[OF-15] a place far from every unit, and near one with longitude and latitude exchanged, is refused over both doors', async () => {
  const region = 'swapped'
  const there = { lonE7: 163_700_000, latE7: 482_100_000 }
  const swapped = { lonE7: there.latE7, latE7: there.lonE7 }
  const desk = await stage.desk({ region })
  // With nobody on duty nothing is known of where the region is.
  await desk.ask('enter-call', { ...UNMET, ...swapped })

  const crew = await stage.driver('A1', { region })
  await crew.ask('sign-on', Date.now())
  crew.send('fix', 0, 0, [1, 0, there.lonE7, there.latE7, 50, null, null])
  crew.send('mark', 0)
  await crew.hear('marks')
  assert.equal(await desk.refused('enter-call', { ...UNMET, ...swapped }), 'invalid-field call.lonE7')
  const { result } = await desk.ask('enter-call', { ...UNMET, ...there })
  assert.equal(await desk.refused('amend-call', result.callId, swapped), 'invalid-field changes.lonE7')
  await desk.ask('amend-call', result.callId, { ...there, latE7: there.latE7 + 1 })

  const token = await stage.site.token({ regions: [region] })
  const call = { lonDeg: 48.21, latDeg: 16.37, priority: 2, needs: UNMET.needs }
  const { status, body } = await stage.ask('POST', '/v1/calls', { token, body: call })
  assert.deepEqual([status, body.code, body.details], [400, 'invalid-field', { path: 'lonDeg' }])
  assert.match(body.detail, /^`lonDeg`: longitude and latitude look swapped/)
})
