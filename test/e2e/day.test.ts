/** A day of dispatch through the client library and over HTTP: every step a crew and a dispatcher take, told as rules. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BoardEvents, DispatcherClient, DriverClient } from '../../src/client/index.ts'
import { CommandRefused } from '../../src/client/index.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { DispatchMode, WorkPhase } from '../../src/domain/vocabulary.ts'
import type { OfferView, TripView, UnitView } from '../../src/protocol/wire/situation-views.ts'
import { SCENE, Site, until } from '../support/engine.ts'

/** One region a test, so that no test meets the units of another. */
const REGIONS = {
  orderedbinary: { mode: 'ordered', units: ['A1', 'A2'] },
  orderedjson: { mode: 'ordered', units: ['A1', 'A2'] },
  offeredbinary: { mode: 'offered', units: ['A1', 'A2'] },
  offeredjson: { mode: 'offered', units: ['A1', 'A2'] },
  decline: { mode: 'offered', units: ['A1', 'A2', 'A3'] },
  cancel: { mode: 'ordered', units: ['A1'] },
  queue: { mode: 'ordered', units: ['A1'] },
  needs: { mode: 'ordered', units: ['A1', { unitId: 'B1', levelOfCare: 'bls', capabilities: ['bariatric'] }] },
  http: { mode: 'ordered', units: ['A1'] },
  relief: { mode: 'ordered', units: ['A1'] },
} as const
const DETAILS = { callerName: 'the caller', phone: '+64 21 000 000', address: '12 Quay Street', notes: 'third floor' }
const CALL = { ...SCENE, priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

let site: Site
const endings: (() => Promise<void>)[] = []
before(async () => {
  site = await Site.make({ after: run => endings.push(run) }, REGIONS)
  await site.start()
})
after(async () => {
  for (const end of endings) await end()
})

for (const mode of ['ordered', 'offered'] as const) {
  for (const format of ['binary', 'json'] as const) {
    test(`a call goes from entry to closed in mode ${mode}, spoken in ${format}`, () => aDay(mode, format))
  }
}

async function aDay(mode: DispatchMode, format: 'binary' | 'json'): Promise<void> {
  const region = `${mode}${format}`
  const desk = site.dispatcher({ region, format })
  const board = watch(desk)
  const near = await crewOnDuty('A1', 1, { region, format })
  const far = await crewOnDuty('A2', 2, { region, format })
  await until('the board has been sent', () => board.units !== null)

  const offered = nextOffer(near)
  const entered = await desk.enterCall({ ...CALL, problem: '09E01', details: DETAILS })
  const [tripId] = entered.result.tripIds
  const { offer, trip } = await offered
  assert.equal(offer.mode, mode)
  assert.equal(trip.tripId, tripId)
  assert.deepEqual([trip.lonE7, trip.latE7, trip.problem], [1_747_600_000, -368_500_000, '09E01'])
  assert.equal(trip.unitId, mode === 'ordered' ? 'A1' : null, 'an order binds, an offer does not')
  assert.deepEqual(trip.details, mode === 'ordered' ? DETAILS : null, '[OF-11] details are for a bound crew')

  const accepted = await near.acceptOffer(offer.offerId)
  assert.deepEqual(accepted.result, { tripId, phase: 'assigned' })
  const bound = await until(
    'the crew sees that it is bound',
    () => near.driver!.trip?.phase === 'assigned' && near.driver,
  )
  assert.deepEqual(bound.trip!.details, DETAILS)
  assert.equal(bound.unit.status, 'assigned')
  assert.equal(far.driver!.trip, null, 'the other crew hears nothing of it')

  const happenedAtMs = near.regionNowMs() - 1_000
  const { result } = await near.reportPhase(tripId!, 'en-route', { happenedAtMs })
  assert.deepEqual(result, { tripId, phase: 'en-route' })
  const again = await near.reportPhase(tripId!, 'en-route', { happenedAtMs: happenedAtMs + 500 })
  assert.deepEqual(again.result, { tripId, phase: 'en-route' }, 'a time beside')
  await assert.rejects(far.reportPhase(tripId!, 'on-scene'), refusedWith('not-your-trip'))
  for (const phase of ['on-scene', 'transporting', 'at-destination'] as const) await near.reportPhase(tripId!, phase)
  assert.deepEqual(
    (await site.http(`/v1/trips/${tripId}`, { token: await site.token({ regions: [region] }) })).body.phase,
    'at-destination',
  )
  const closed = await near.closeTrip(tripId!, 'transported')
  assert.deepEqual(closed.result, { tripId, phase: 'closed' })
  await until('the unit is free', () => near.driver!.unit.status === 'available' && near.driver!.trip === null)

  const { body } = await site.http(`/v1/trips/${tripId}`, { token: await site.token({ regions: [region] }) })
  assert.deepEqual([body.phase, body.disposition, body.unitId], ['closed', 'transported', 'A1'])
  assert.equal(body.times['en-route'], happenedAtMs)
  assert.deepEqual(body.missed, ['at-patient', 'transferred'], 'a transport has both')
  const reached = ['offered', 'assigned', 'en-route', 'on-scene', 'transporting', 'at-destination', 'closed']
  assert.deepEqual(
    reached.filter(phase => typeof body.times[phase] !== 'number'),
    [],
  )

  await far.signOff()
  await until('the board shows the last record', () => desk.boardPosition === lastOf(board))
  await assertBoardIsTheLog(region, board)
  // Both crews have a place on a fresh board, and nobody has a trip.
  const fresh = watch(site.dispatcher({ region, format }))
  await until('the fresh board', () => fresh.units !== null)
  assert.deepEqual(
    fresh.units!.map(unit => [unit.unitId, unit.fix?.latE7, unit.tripId, unit.crew]),
    [
      ['A1', -368_500_000, null, 'crew-A1'],
      ['A2', -368_500_000, null, null],
    ],
  )
  assert.deepEqual(fresh.trips, [])
}

test('[OF-6] a declined offer goes to the next unit, and none is asked twice in a round', async () => {
  const region = 'decline'
  const desk = site.dispatcher({ region })
  const crews = [
    await crewOnDuty('A1', 1, { region }),
    await crewOnDuty('A2', 2, { region }),
    await crewOnDuty('A3', 3, { region }),
  ]
  const asked: string[] = []
  for (const crew of crews) crew.onOffer(({ unitId }) => asked.push(unitId))
  const [first, second, third] = crews.map(nextOffer)
  const { result } = await desk.enterCall(CALL)
  await crews[0]!.declineOffer((await first!).offer.offerId, 'vehicle-fault')
  const late = await first!
  await assert.rejects(crews[0]!.acceptOffer(late.offer.offerId), refusedWith('unknown-offer'))
  await crews[1]!.declineOffer((await second!).offer.offerId, 'unsafe')
  const accepted = await crews[2]!.acceptOffer((await third!).offer.offerId)
  assert.deepEqual(accepted.result, { tripId: result.tripIds[0], phase: 'assigned' })
  assert.deepEqual(asked, ['A1', 'A2', 'A3'])
  assert.equal((await third!).offer.round, 1)
})

test('[OF-8] [DK-10] [DK-11] a trip is cancelled before a patient is on board; its unit is free, or stands down at the scene', async () => {
  const region = 'cancel'
  const desk = site.dispatcher({ region })
  const crew = await crewOnDuty('A1', 1, { region })
  const phases: (WorkPhase | 'offered')[] = [
    'offered',
    'assigned',
    'en-route',
    'on-scene',
    'at-patient',
    'transporting',
    'at-destination',
    'transferred',
  ]
  const carrying: typeof phases = ['transporting', 'at-destination', 'transferred']
  for (const phase of phases) {
    const offered = nextOffer(crew)
    const { result } = await desk.enterCall(CALL)
    const { offer, trip } = await offered
    assert.equal(trip.tripId, result.tripIds[0])
    if (phase !== 'offered') await crew.acceptOffer(offer.offerId)
    if (phase !== 'offered' && phase !== 'assigned') await crew.reportPhase(trip.tripId, phase)
    if (carrying.includes(phase)) {
      await assert.rejects(desk.cancelTrip(trip.tripId, 'no-longer-needed'), refusedWith('wrong-phase'))
      await crew.closeTrip(trip.tripId, 'transported')
      continue
    }
    const cancelled = await desk.cancelTrip(trip.tripId, 'no-longer-needed')
    assert.deepEqual(cancelled.result, { tripId: trip.tripId, phase: 'cancelled' })
    if (phase === 'on-scene' || phase === 'at-patient') {
      await until(`the unit stands down in ${phase}`, () => crew.driver!.unit.status === 'standing-down')
      assert.equal(crew.driver!.unit.tripId, trip.tripId)
      await crew.becomeAvailable()
    }
    await until(
      `the unit is free after ${phase}`,
      () => crew.driver!.unit.status === 'available' && crew.driver!.trip === null,
    )
    await assert.rejects(crew.closeTrip(trip.tripId, 'transported'), CommandRefused)
    await assert.rejects(desk.cancelTrip(trip.tripId, 'other'), refusedWith('wrong-phase'))
  }
  // The last phase of all: nobody was there to be asked.
  await crew.becomeUnavailable('refuel')
  const { result } = await desk.enterCall(CALL)
  await desk.cancelTrip(result.tripIds[0]!, 'duplicate-call')
  await crew.becomeAvailable()
  const cancelled = (await site.records(region)).flatMap(({ events }) => events).filter(isOf('TripCancelled'))
  assert.deepEqual(
    cancelled.map(({ inPhase }) => inPhase),
    [...phases.filter(phase => !carrying.includes(phase)), 'pending'],
  )
  assert.deepEqual(await site.query('SELECT * FROM log.open_trip WHERE region = $1', [region]), [])
})

test('calls that find nobody free wait, and are served by priority, then age', async () => {
  const region = 'queue'
  const desk = site.dispatcher({ region })
  const crew = await crewOnDuty('A1', 1, { region })
  await crew.becomeUnavailable('break')
  const trips: string[] = []
  for (const priority of [3, 1, 3, 2] as const) {
    trips.push((await desk.enterCall({ ...CALL, priority })).result.tripIds[0]!)
  }
  const served: string[] = []
  crew.onOffer(offer => {
    served.push(offer.tripId)
    void crew.acceptOffer(offer.offerId).then(() => crew.closeTrip(offer.tripId, 'treated-on-scene'))
  })
  await crew.becomeAvailable()
  await until('all four are served', () => served.length === 4 && crew.driver!.unit.status === 'available')
  assert.deepEqual(served, [trips[1], trips[3], trips[0], trips[2]])
})

test('two needs make two trips, each for a unit that can meet it', async () => {
  const region = 'needs'
  const desk = site.dispatcher({ region })
  const als = await crewOnDuty('A1', 1, { region })
  const bls = await crewOnDuty('B1', 2, { region })
  const offers = [nextOffer(als), nextOffer(bls)]
  const needs = [
    { levelOfCare: 'bls', capabilities: ['bariatric'] },
    { levelOfCare: 'als', capabilities: [] },
  ] as const
  const { result } = await desk.enterCall({ ...CALL, needs })
  const [toAls, toBls] = await Promise.all(offers)
  assert.deepEqual([toBls!.trip.tripId, toAls!.trip.tripId], result.tripIds)
  assert.equal(toAls!.trip.callId, toBls!.trip.callId)
  await als.acceptOffer(toAls!.offer.offerId)
  await als.closeTrip(toAls!.trip.tripId, 'no-patient-found')
  const types = async () => (await site.records(region)).flatMap(({ events }) => events.map(({ type }) => type))
  assert.equal((await types()).includes('CallClosed'), false, 'the other unit still works on the call')
  await desk.cancelTrip(toBls!.trip.tripId, 'no-longer-needed')
  assert.deepEqual((await types()).slice(-3), ['TripCancelled', 'CallClosed', 'UnitNotified'])
})

test('[CM-4] a call posted again under its key gets the same answer, and another body under it a conflict', async () => {
  const token = await site.token({ regions: ['http'] })
  const body = { ...CALL, details: DETAILS }
  const post = (key: string, changes: object = {}) =>
    site.http('/v1/calls', {
      method: 'POST',
      token,
      headers: { 'idempotency-key': key },
      body: JSON.stringify({ ...body, ...changes }),
    })
  // Both at once, then once more: decided once.
  const [first, second] = await Promise.all([post('k-1'), post('k-1')])
  const third = await post('k-1')
  assert.deepEqual([first.status, second.status, third.status], [201, 201, 201])
  assert.deepEqual(second.body, first.body)
  assert.deepEqual(third.body, first.body)
  const other = await post('k-1', { priority: 2 })
  assert.deepEqual([other.status, other.body.code], [409, 'conflict'])
  const entered = (await site.records('http')).filter(({ commandId }) => commandId === 'k-1')
  assert.deepEqual(
    entered.map(({ position }) => position),
    [first.body.position],
  )
  // And over the other door, by the same person.
  const desk = site.dispatcher({ region: 'http' })
  const { lonDeg, latDeg, priority, needs } = CALL
  const again = await desk.enterCall({ lonDeg, latDeg, priority, needs, details: DETAILS }, { id: 'k-1' })
  const { position, ...result } = first.body
  assert.deepEqual([again.position, again.result], [position, result])

  const trip = await site.http(`/v1/trips/${first.body.tripIds[0]}`, { token })
  assert.deepEqual([trip.status, trip.body.phase, trip.body.details], [200, 'pending', DETAILS])
  const unknown = await site.http(`/v1/trips/http.${'x'.repeat(21)}`, { token })
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'unknown-trip'])
})

test('[HT-3] the nearest units are found over HTTP, with the age of their fixes', async () => {
  const region = 'relief'
  const crew = await crewOnDuty('A1', 1, { region })
  const token = await site.token({ regions: [region] })
  const { status, body } = await site.http(`/v1/units/nearest?region=${region}&lon=174.76&lat=-36.85&k=3`, { token })
  assert.equal(status, 200)
  assert.deepEqual([body.basis, body.units.length, body.units[0].unitId], ['straight-line', 1, 'A1'])
  assert.ok(Math.abs(body.units[0].distanceM - 1_000) < 10, `one kilometre, not ${body.units[0].distanceM}`)
  assert.equal(body.units[0].fix.freshness, 'fresh')
  await crew.becomeUnavailable('restock')
  const busy = await site.http(`/v1/units/nearest?region=${region}&lon=174.76&lat=-36.85&k=3`, { token })
  assert.deepEqual(busy.body.units, [])
})

test('[HS-8] the newest sign-in of a unit wins, and a relieving crew takes over the open trip', async () => {
  const region = 'relief'
  const day = await crewOnDuty('A1', 1, { region })
  await day.becomeAvailable()
  const desk = site.dispatcher({ region })
  const offered = nextOffer(day)
  await desk.enterCall(CALL)
  const { offer, trip } = await offered
  await day.acceptOffer(offer.offerId)
  await assert.rejects(day.signOff(), refusedWith('unit-has-trip'))

  const ended = new Promise<string>(resolve => day.onClosed(end => resolve(end.reason)))
  const night = site.driver('A1', { region, sub: 'night' })
  await night.opened()
  assert.equal(await ended, 'superseded')
  assert.equal(night.driver!.trip?.tripId, trip.tripId, '[HS-7] the welcome tells the whole situation')
  await night.signOn()
  await night.reportPhase(trip.tripId, 'on-scene')
  await night.closeTrip(trip.tripId, 'refused')
  await night.signOff()
  const body = (await site.http(`/v1/trips/${trip.tripId}`, { token: await site.token({ regions: [region] }) })).body
  assert.deepEqual(
    [body.disposition, body.missed],
    ['refused', ['en-route', 'at-patient']],
    '[OF-8] what a refusal has to have is missed',
  )
})

/** A signed-on crew whose fix, so many kilometres east of the scene, is stored. */
async function crewOnDuty(
  unitId: string,
  kilometresEast: number,
  options: Parameters<Site['driver']>[1],
): Promise<DriverClient> {
  const crew = site.driver(unitId, options)
  await crew.opened()
  crew.report({ lonDeg: SCENE.lonDeg + kilometresEast * DEG_PER_KM, latDeg: SCENE.latDeg })
  await crew.mark()
  await crew.signOn()
  return crew
}
/** Of longitude, at the latitude of the scene. */
const DEG_PER_KM = 0.011_24

function nextOffer(crew: DriverClient): Promise<{ offer: OfferView; trip: TripView }> {
  return new Promise(resolve => {
    const stop = crew.onOffer((offer, trip) => {
      stop()
      resolve({ offer, trip })
    })
  })
}

interface WatchedBoard {
  from: number
  trips: readonly TripView[] | null
  units: readonly UnitView[] | null
  readonly records: BoardEvents[]
}

function watch(desk: DispatcherClient): WatchedBoard {
  const board: WatchedBoard = { from: 0, trips: null, units: null, records: [] }
  desk.watchBoard({
    onSnapshot({ position, trips, units }) {
      board.from = position
      board.trips = trips
      board.units = units
    },
    onEvents: record => board.records.push(record),
  })
  return board
}

/** Every record after the snapshot, in order, as it stands in the database. */
async function assertBoardIsTheLog(region: string, board: WatchedBoard): Promise<void> {
  const log = (await site.records(region)).filter(({ position }) => position > board.from)
  assert.deepEqual(
    board.records,
    log.map(({ position, recordedAtMs, events, principal }) => {
      return { position, recordedAtMs, events, by: principal === 'system' ? null : principal }
    }),
  )
}

const lastOf = (board: WatchedBoard): number => board.records.at(-1)?.position ?? board.from

const refusedWith = (code: string) => (error: unknown) => error instanceof CommandRefused && error.code === code

function isOf<T extends DomainEvent['type']>(type: T) {
  return (event: DomainEvent): event is Extract<DomainEvent, { type: T }> => event.type === type
}
