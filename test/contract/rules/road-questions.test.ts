/** Questions by road, over real sockets: arrivals, places by name, destinations, reach, coverage, routes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Candidate } from '../../../src/domain/events/decision-record.ts'
import type { TripEta } from '../../../src/domain/trip/way.ts'
import type {
  CoverageView,
  Destinations,
  FoundPlaces,
  ReachView,
  TripRoute,
} from '../../../src/protocol/wire/road-views.ts'
import { cityHere, inRoadStore, networkOf } from '../../support/laid-roads.ts'
import { within } from '../../support/within.ts'
import { CALL, fixAt, nobody, PLACE, type Speaker, Stage } from './stage.ts'
import { roadsTaken } from './stage-roads.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ carried: ordered, roads: ordered, plain: ordered, asked: ordered })
const city = cityHere()

/** Whatever comes of arrivals, until one is as it should be. */
async function etaOf(speaker: Speaker, fits: (eta: TripEta) => boolean): Promise<TripEta> {
  const [, , etas] = await speaker.hear('etas', ([, , some]) => some.some(fits))
  return etas.find(fits)!
}
/** Without what counts beside the drive. */
const driveMsOf = ({
  etaMs,
  turnoutMs = 0,
  unsureMs = 0,
}: Pick<TripEta, 'turnoutMs' | 'unsureMs'> & { readonly etaMs?: number | null }) => etaMs! - turnoutMs - unsureMs
/** The unit that the desk chose last, as its decision saw it. */
async function chosen(region: string) {
  const events = (await stage.site.records(region)).flatMap(({ events }) => events)
  const offers = events.filter(({ type }) => type === 'OfferMade') as unknown as {
    decision: { candidates: Candidate[] }
  }[]
  return offers.at(-1)!.decision.candidates[0]!
}
async function order(desk: Speaker, crew: Speaker): Promise<string> {
  const { tripIds } = (await desk.ask('enter-call', CALL)).result as { tripIds: string[] }
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  await crew.ask('accept-offer', trip!.offer!.offerId, Date.now())
  return tripIds[0]!
}

test('[RQ-1] [RQ-2] [RQ-3] who watches hears when units will be there, by road as the desk had it when it chose, and when a way is over', async () => {
  const region = 'roads'
  const crew = await stage.crew('A1', { region }, 1)
  const desk = await stage.desk({ region })
  await inRoadStore(stage.site.databaseUrl, store => store.add(region, networkOf(city), null))
  await roadsTaken(desk, 1)
  const tripId = await order(desk, crew)
  const found = await chosen(region)
  for (const speaker of [desk, crew]) {
    assert.deepEqual((await speaker.ask('watch-etas')).result, {})
    const [, isWhole, etas, gone] = await speaker.hear('etas')
    assert.deepEqual([isWhole, gone, etas.length], [true, [], 1])
    const [eta] = etas
    assert.deepEqual(
      [eta!.tripId, eta!.unitId, eta!.toward, eta!.basis, eta!.roadsVersion, driveMsOf(eta!)],
      [tripId, 'A1', 'scene', 'roads', 1, driveMsOf(found)],
    )
    assert.ok(eta!.distanceM! >= 1_000 && eta!.fixAgeMs! >= 0 && eta!.notByRoad === undefined)
  }
  // Nobody is that fast, so it takes three that agree.
  crew.send('fix', 0, 100, fixAt(2, 0.3), fixAt(3, 0.3), fixAt(4, 0.3))
  for (const speaker of [desk, crew]) {
    const eta = await within(
      'the arrival moves',
      etaOf(speaker, eta => driveMsOf(eta) < driveMsOf(found)),
    )
    assert.ok(eta.distanceM! < 1_000)
  }
  await crew.ask('report-phase', tripId, 'on-scene', Date.now())
  for (const speaker of [desk, crew]) {
    const [, isWhole, etas, gone] = await speaker.hear('etas', ([, , , over]) => over.length > 0)
    assert.deepEqual([isWhole, etas, gone], [false, [], [tripId]])
  }
  await crew.ask('report-phase', tripId, 'transporting', Date.now())
  const carried = await etaOf(desk, ({ toward }) => toward === 'destination')
  assert.deepEqual([carried.etaMs, carried.distanceM, carried.unknown], [null, null, 'no-destination'])
  for (const speaker of [desk, crew]) assert.deepEqual((await speaker.ask('unwatch-etas')).result, {})
})

test('[DK-18] a crew, or the desk, names the hospital of a trip; its arrival and its route lead there', async () => {
  const region = 'carried'
  const crew = await stage.crew('A1', { region }, 0.5)
  const other = await stage.crew('A2', { region }, 5)
  const desk = await stage.desk({ region })
  const token = await stage.site.token({ role: 'supervisor', regions: [region] })
  for (const body of [hospital('near', 1, []), hospital('far', 3, [])])
    assert.equal((await stage.ask('POST', `/v1/hospitals?region=${region}`, { token, body })).status, 201)
  const tripId = await order(desk, crew)
  assert.equal(await desk.refused('name-destination', tripId, 'nowhere'), 'unknown-hospital')
  assert.equal(await desk.refused('name-destination', nobody(region), null), 'unknown-trip')
  assert.equal(await other.refused('name-destination', tripId, null), 'not-your-trip')
  await hospitalsKnown(desk, tripId)
  const named = await crew.ask('name-destination', tripId, 'near')
  assert.deepEqual(named.result, { tripId, phase: 'assigned', hospitalId: 'near' })
  const told = (await stage.site.records(region)).find(({ position }) => position === named.position)!.events
  assert.deepEqual(
    told.map(event => [event.type, 'cause' in event ? event.cause : null]),
    [['DestinationNamed', 'driver']],
  )
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.destination != null)
  const { hospitalId, name, lonE7, latE7 } = trip!.destination!
  assert.deepEqual([hospitalId, name, latE7], ['near', 'Hospital near', PLACE.latE7])
  assert.equal(lonE7, PLACE.lonE7 + 112_000)
  await desk.ask('watch-etas')
  await crew.ask('report-phase', tripId, 'transporting', Date.now())
  const toNear = await etaOf(desk, ({ toward }) => toward === 'destination')
  await desk.ask('name-destination', tripId, 'far')
  const toFar = await etaOf(desk, ({ distanceM }) => distanceM! > toNear.distanceM!)
  assert.ok(toFar.etaMs! > toNear.etaMs! && toFar.unknown === undefined)
  const route = (await crew.ask('trip-route', tripId, 4_096)).result as unknown as TripRoute
  assert.deepEqual([route.toward, route.unitId], ['destination', 'A1'])
  await desk.ask('name-destination', tripId, null)
  await etaOf(desk, ({ unknown }) => unknown === 'no-destination')
  assert.equal(await crew.refused('trip-route', tripId, 4_096), 'wrong-phase')
  await crew.ask('close-trip', tripId, 'transported', Date.now())
  assert.equal(await desk.refused('name-destination', tripId, 'near'), 'wrong-phase')
})

/** The region hears of hospitals a moment after they were told. */
async function hospitalsKnown(desk: Speaker, tripId: string): Promise<void> {
  for (;;) {
    const { destinations } = (await desk.ask('best-destinations', tripId, null, null, [], 5))
      .result as unknown as Destinations
    if (destinations.length === 2) return
    await sleep(50)
  }
}

test('[RQ-4] without roads arrivals are by the straight line; where roads do not help it is said why', async () => {
  const region = 'plain'
  const crew = await stage.crew('A1', { region }, 2)
  const desk = await stage.desk({ region })
  await order(desk, crew)
  await desk.ask('watch-etas')
  const byLine = await etaOf(desk, () => true)
  assert.deepEqual([byLine.basis, byLine.roadsVersion, byLine.notByRoad], ['straight-line', undefined, undefined])
  assert.ok(Math.abs(byLine.distanceM! - 2_000) < 50, `${byLine.distanceM}`)
  await inRoadStore(stage.site.databaseUrl, store => store.add(region, networkOf(city), null))
  await roadsTaken(desk, 1)
  crew.send('fix', 0, 100, fixAt(2, 100), fixAt(3, 100), fixAt(4, 100))
  const offRoad = await etaOf(desk, ({ notByRoad }) => notByRoad === 'off-road')
  assert.equal(offRoad.basis, 'straight-line')
})

const hospital = (hospitalId: string, kmEast: number, capabilities: readonly string[]) => ({
  ...{ hospitalId, name: `Hospital ${hospitalId}`, emergencyDepartment: true, capabilities },
  ...{ lonDeg: (PLACE.lonE7 + kmEast * 112_000) / 1e7, latDeg: PLACE.latE7 / 1e7 },
})

test('[RQ-5] a street is found by its name while it is typed', async () => {
  const desk = await stage.desk({ region: 'asked' })
  assert.equal(await desk.refused('find-place', 'queen st', 5), 'no-roads')
  await inRoadStore(stage.site.databaseUrl, store => store.add('asked', networkOf(city), null))
  await roadsTaken(desk, 1)
  for (const text of ['queen', '12 Queen St', 'quen street']) {
    const { roadsVersion, places } = (await desk.ask('find-place', text, 5)).result as unknown as FoundPlaces
    assert.equal(roadsVersion, 1)
    assert.deepEqual([places[0]!.kind, places[0]!.names], ['street', ['Queen Street']], text)
    assert.ok(places[0]!.confidence > 0.3 && Math.abs(places[0]!.lonE7 - PLACE.lonE7) < 1_000_000)
  }
  assert.deepEqual((await desk.ask('find-place', 'Unter den Linden', 5)).result.places, [])
  assert.equal(await desk.refused('find-place', '', 5), 'invalid-field text')
})

test('[RQ-6] [RQ-9] destinations come in the order of the drive, with what they can do; and the route of a trip as a line', async () => {
  const region = 'asked'
  const desk = await stage.desk({ region })
  await roadsTaken(desk, 1)
  const token = await stage.site.token({ sub: 'boss', role: 'supervisor', regions: [region] })
  for (const body of [hospital('FAR', 1.2, ['stroke']), hospital('NEAR', 0.5, []), hospital('OFF', 90, ['stroke'])])
    assert.equal((await stage.ask('POST', `/v1/hospitals?region=${region}`, { token, body })).status, 201)
  const of = async (...fields: unknown[]) =>
    (await desk.ask('best-destinations', ...fields)).result as unknown as Destinations
  const all = () => of(null, PLACE.lonE7, PLACE.latE7, [], 5)
  await within(
    'the hospitals are taken up',
    (async () => {
      while ((await all()).destinations.length < 3) await sleep(50)
    })(),
  )
  const { basis, roadsVersion, destinations } = await all()
  assert.deepEqual([basis, roadsVersion], ['roads', 1])
  assert.deepEqual(
    destinations.map(({ hospitalId, estimated }) => [hospitalId, estimated]),
    [
      ['NEAR', undefined],
      ['FAR', undefined],
      ['OFF', 'off-road'],
    ],
  )
  assert.ok(destinations[0]!.etaMs < destinations[1]!.etaMs && destinations[0]!.emergencyDepartment)
  assert.deepEqual(
    (await of(null, PLACE.lonE7, PLACE.latE7, ['stroke'], 1)).destinations.map(({ hospitalId }) => hospitalId),
    ['FAR'],
  )
  assert.equal(await desk.refused('best-destinations', null, null, null, [], 1), 'invalid-field tripId')
  assert.equal(await desk.refused('best-destinations', nobody(region), 1, 1, [], 1), 'invalid-field tripId')

  const [crew, other] = [await stage.crew('A1', { region }, 1), await stage.driver('A2', { region })]
  const tripId = await order(desk, crew)
  assert.equal((await of(tripId, null, null, [], 1)).destinations[0]!.hospitalId, 'NEAR')
  for (const speaker of [desk, crew]) {
    const route = (await speaker.ask('trip-route', tripId, 600)).result as unknown as TripRoute
    assert.deepEqual([route.unitId, route.toward, route.basis, route.roadsVersion], ['A1', 'scene', 'roads', 1])
    assert.equal(route.driveMs, driveMsOf(await chosen(region)))
    assert.ok(route.line.length >= 2 && JSON.stringify(route.line).length <= 600 && route.offM >= 0)
    assert.ok(route.distanceM >= 1_000)
  }
  assert.equal(await other.refused('trip-route', tripId, 600), 'not-your-trip')
  assert.equal(await other.refused('best-destinations', tripId, null, null, [], 1), 'not-your-trip')
  await crew.ask('report-phase', tripId, 'on-scene', Date.now())
  assert.equal(await desk.refused('trip-route', tripId, 600), 'wrong-phase')
  assert.equal(await desk.refused('trip-route', nobody(region), 600), 'unknown-trip')
})

test('[RQ-7] [RQ-8] what a unit reaches is told as lines or cells within the bytes, and which share of the calls is covered', async () => {
  const region = 'asked'
  const desk = await stage.desk({ region, sub: 'map' })
  await roadsTaken(desk, 1)
  const crew = await stage.crew('A2', { region }, 0.5)
  const reach = async (...fields: unknown[]) => (await desk.ask('reach', ...fields)).result as unknown as ReachView
  const near = await reach('A2', null, null, 'from', 1, 30_000, 200_000)
  assert.deepEqual([near.roadsVersion, near.heading, near.withinMs, near.cells], [1, 'from', 30_000, null])
  assert.equal(near.lines!.type, 'MultiLineString')
  assert.ok(near.lines!.coordinates.length > 3)
  const far = await reach(null, PLACE.lonE7, PLACE.latE7, 'to', null, 600_000, 3_000)
  assert.ok(far.lines === null && far.cells!.runs.length > 3 && JSON.stringify(far.cells).length <= 3_000)
  assert.equal(await desk.refused('reach', null, 0, 0, 'from', null, 60_000, 3_000), 'off-road')
  assert.equal(await desk.refused('reach', 'nobody', null, null, 'from', null, 60_000, 3_000), 'unknown-unit')
  // A user of its own: these questions take much of a rate.
  const planner = await stage.desk({ region, sub: 'planner' })
  const coverage = async (targetMs: number, level: string | null = null) =>
    (await planner.ask('coverage', targetMs, 1, level)).result as unknown as CoverageView
  const { units, demand, points, reached, share } = await coverage(600_000)
  assert.deepEqual([units, demand, reached, share], [1, 'calls', points, 1])
  assert.equal((await coverage(0)).reached, 0)
  assert.equal((await coverage(600_000, 'cct')).units, 0)
  await crew.ask('set-status', 'unavailable', 'break', Date.now())
  assert.deepEqual([(await coverage(600_000)).units, (await coverage(600_000)).share], [0, 0])
})
