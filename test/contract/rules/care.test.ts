/** `docs/protocol/dispatcher.md`: care and transport, the two axes of a need. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { CALL, type Speaker, Stage } from './stage.ts'

const FLY_CAR = { unitId: 'F1', levelOfCare: 'als', transports: false } as const
const AMBULANCE = { unitId: 'A1', levelOfCare: 'als' } as const
const FIRST = { unitId: 'R1', levelOfCare: 'first-responder' } as const
const stage = new Stage({
  needs: { mode: 'ordered', units: [FIRST] },
  carry: { mode: 'ordered', units: [FLY_CAR, AMBULANCE] },
  ends: { mode: 'ordered', units: [FLY_CAR] },
})
const now = () => Date.now()
/** Nobody is sent in somebody's place for this. */
const ROUTINE = { ...CALL, priority: 5 }

/** Whom the desk orders for a trip, as the board tells it. */
async function orderedFor(desk: Speaker, tripId: string): Promise<Extract<DomainEvent, { type: 'OfferMade' }>> {
  const isIt = (event: DomainEvent) => event.type === 'OfferMade' && event.tripId === tripId
  const [, , , events] = await desk.hear('board-events', ([, , , all]) => all.some(isIt))
  return events.find(isIt) as Extract<DomainEvent, { type: 'OfferMade' }>
}

async function entered(desk: Speaker, need: object): Promise<string> {
  const { result } = await desk.ask('enter-call', { ...ROUTINE, needs: [need] })
  return (result.tripIds as string[])[0]!
}

test('[CT-1] a need says of itself whether it is for a unit that carries, for bls and above where it does not say', async () => {
  const region = 'needs'
  const desk = await stage.desk({ region })
  const needs = [
    { levelOfCare: 'als' },
    { levelOfCare: 'bls', capabilities: ['bariatric'] },
    { levelOfCare: 'first-responder' },
    { levelOfCare: 'als', transport: false },
    { levelOfCare: 'first-responder', transport: true },
  ]
  const { result } = await desk.ask('enter-call', { ...ROUTINE, needs })
  const token = await stage.site.token({ regions: [region] })
  const call = await stage.site.http(`/v1/calls/${result.callId}`, { token })
  assert.deepEqual(call.body.needs, [
    { levelOfCare: 'als', transport: true, capabilities: [] },
    { levelOfCare: 'bls', transport: true, capabilities: ['bariatric'] },
    { levelOfCare: 'first-responder', transport: false, capabilities: [] },
    { levelOfCare: 'als', transport: false, capabilities: [] },
    { levelOfCare: 'first-responder', transport: true, capabilities: [] },
  ])
  const wrong = { ...ROUTINE, needs: [{ levelOfCare: 'als', transport: 'yes' }] }
  assert.equal(await desk.refused('enter-call', wrong), 'invalid-field call.needs.0.transport')
})

test('[CT-2] a unit that cannot carry gets no trip that needs transport, however near it is, and is counted for it', async () => {
  const region = 'carry'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const near = await stage.crew('F1', { region }, 1)
  assert.equal(near.welcome.driver?.unit.transports, false)
  await stage.crew('A1', { region }, 3)
  const carried = await orderedFor(desk, await entered(desk, { levelOfCare: 'als' }))
  assert.equal(carried.unitId, 'A1')
  assert.deepEqual(carried.decision.excluded, { 'cannot-transport': 1 })
  assert.deepEqual(
    carried.decision.passedOver?.map(({ unitId, reason }) => [unitId, reason]),
    [['F1', 'cannot-transport']],
  )
  const cared = await orderedFor(desk, await entered(desk, { levelOfCare: 'als', transport: false }))
  assert.equal(cared.unitId, 'F1')
})

test('[CT-3] a unit that cannot carry cannot end its trip as transported', async () => {
  const region = 'ends'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const crew = await stage.crew('F1', { region }, 1)
  const tripId = await entered(desk, { levelOfCare: 'als', transport: false })
  const { offerId } = await orderedFor(desk, tripId)
  await crew.ask('accept-offer', offerId, now())
  await crew.ask('report-phase', tripId, 'transporting', now())
  assert.equal(await crew.refused('close-trip', tripId, 'transported', now()), 'cannot-transport')
  assert.equal(await desk.refused('close-trip', tripId, 'transported', now()), 'cannot-transport')
  await crew.ask('close-trip', tripId, 'transferred-to-other-unit', now())
})
