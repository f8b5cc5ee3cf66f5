/**
 * Offers that nobody answers, with region time running thirty times as fast as the wall. So nobody can be sure to answer
 * one in time here, and what comes after the steps of a rule may be there already.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DriverClient } from '../../src/client/index.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { SCENE, Site, until } from '../support/engine.ts'

const UNITS = ['A1', 'A2']
const REGIONS = {
  ordered: { mode: 'ordered', units: UNITS },
  offered: { mode: 'offered', units: UNITS },
} as const
const CALL = { ...SCENE, priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

let site: Site
const endings: (() => Promise<void>)[] = []
before(async () => {
  site = await Site.make({ after: run => endings.push(run) }, REGIONS)
  await site.start({ clockRate: 30 })
})
after(async () => {
  for (const end of endings) await end()
})

test('[OF-5] an order that nobody acknowledges raises its alarm, then goes to the next unit', async () => {
  const { crews, tripId } = await callTo('ordered')
  const { trip } = await until('the next unit is bound', () => crews[1]!.driver!.trip && crews[1]!.driver!)
  assert.deepEqual([trip!.tripId, trip!.unitId], [tripId, 'A2'])
  const log = (await eventsOf('ordered', tripId)).slice(0, 6)
  const [made, alarm, late] = [log[1], log[2], log[4]]
  assert.deepEqual(
    log.map(({ type }) => type),
    ['TripCreated', 'OfferMade', 'TripAlarmRaised', 'UnitNotified', 'OfferTimedOut', 'OfferMade'],
  )
  assert.ok(made?.type === 'OfferMade' && alarm?.type === 'TripAlarmRaised' && late?.type === 'OfferTimedOut')
  assert.deepEqual([made.unitId, alarm.alarm, late.unitId], ['A1', 'unacknowledged', 'A1'])
  assert.equal(made.deadlineAtMs - made.offeredAtMs, 45_000)
  await until('the late unit is free', () => crews[0]!.driver!.unit.status === 'available')
  await assert.rejects(crews[0]!.acceptOffer(made.offerId), { code: 'unknown-offer' })
})

test('[OF-6] an offer that nobody answers goes to the next unit, and after a pause around again', async () => {
  const { tripId } = await callTo('offered')
  await until('both were asked, and the first again', async () => {
    const offers = (await eventsOf('offered', tripId)).filter(event => event.type === 'OfferMade')
    return offers.length >= 3
  })
  const offers = (await eventsOf('offered', tripId)).flatMap(event => (event.type === 'OfferMade' ? [event] : []))
  assert.deepEqual(
    offers.slice(0, 3).map(({ unitId, round }) => [unitId, round]),
    [
      ['A1', 1],
      ['A2', 1],
      ['A1', 2],
    ],
  )
})

async function callTo(region: keyof typeof REGIONS): Promise<{ crews: DriverClient[]; tripId: string }> {
  const crews = UNITS.map(unitId => site.driver(unitId, { region }))
  await Promise.all(crews.map(crew => crew.signOn()))
  // In one moment: a place that is older than another may be stale already, and comes behind it then.
  for (const [index, crew] of crews.entries()) {
    crew.report({ lonDeg: SCENE.lonDeg + 0.01 * (index + 1), latDeg: SCENE.latDeg })
  }
  await Promise.all(crews.map(crew => crew.mark()))
  const { result } = await site.dispatcher({ region }).enterCall(CALL)
  return { crews, tripId: result.tripIds[0]! }
}

async function eventsOf(region: string, tripId: string): Promise<DomainEvent[]> {
  return (await site.records(region))
    .flatMap(({ events }) => events)
    .filter(({ entity }) => entity === `trip/${tripId}`)
}
