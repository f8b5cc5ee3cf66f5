/** Questions by road, over real sockets: arrivals. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Candidate } from '../../../src/domain/events/decision-record.ts'
import type { TripEta } from '../../../src/domain/trip/way.ts'
import { within } from '../../support/within.ts'
import { CALL, fixAt, type Speaker, Stage } from './stage.ts'
import { cityHere, inRoadStore, networkOf, roadsTaken } from './stage-roads.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ roads: ordered, plain: ordered })
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
  crew.send('fix', 0, 100, fixAt(2, 0.3))
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
  crew.send('fix', 0, 100, fixAt(2, 100))
  const offRoad = await etaOf(desk, ({ notByRoad }) => notByRoad === 'off-road')
  assert.equal(offRoad.basis, 'straight-line')
})
