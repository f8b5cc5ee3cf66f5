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
  lower: { mode: 'ordered', units: [{ unitId: 'B1', levelOfCare: 'bls' }, FIRST] },
  reserve: { mode: 'ordered', units: [AMBULANCE, { unitId: 'B1', levelOfCare: 'bls' }] },
  preferred: {
    mode: 'ordered',
    units: [AMBULANCE, { ...AMBULANCE, unitId: 'A2', capabilities: ['neonatal'] }, { ...AMBULANCE, unitId: 'A3' }],
  },
  beside: { mode: 'ordered', units: [AMBULANCE, FIRST] },
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

/** The trip that the engine adds for another one, and the types of that record. */
async function helpFor(desk: Speaker, tripId: string) {
  const isIt = (event: DomainEvent) => event.type === 'HelpAdded' && event.helpsTripId === tripId
  const [, , , events] = await desk.hear('board-events', ([, , , all]) => all.some(isIt))
  return {
    added: events.find(isIt) as Extract<DomainEvent, { type: 'HelpAdded' }>,
    types: events.map(each => each.type),
  }
}

test('[CT-4] [CT-6] where nobody of the level is free a lower one goes at once, beside the trip that waits, with its loss', async () => {
  const region = 'lower'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  await stage.crew('R1', { region }, 1)
  const crew = await stage.crew('B1', { region }, 3)
  const { result } = await desk.ask('enter-call', { ...CALL, needs: [{ levelOfCare: 'als' }] })
  const [tripId] = result.tripIds as string[]
  const { added, types } = await helpFor(desk, tripId!)
  assert.deepEqual(types, ['CallEntered', 'TripCreated', 'TripAlarmRaised', 'HelpAdded', 'OfferMade'])
  assert.deepEqual([added.because, added.need.levelOfCare, added.need.transport], ['none-free', 'bls', false])
  const loss = { care: { needed: 'als', sent: 'bls' }, transport: false, capabilities: [] }
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  assert.deepEqual([trip?.tripId, trip?.helps, trip?.loss], [added.tripId, tripId, loss])
  for (const asked of [tripId, added.tripId]) {
    const { help, why } = (await desk.ask('explain-trip', asked, null)).result as {
      help: { why: string; loss: unknown }
      why: string
    }
    assert.deepEqual(help.loss, loss)
    assert.match(
      help.why,
      /helps, as nobody of what trip .* needs was free; it is offered\. B1 is on it\. Lost with it: care/,
    )
    assert.equal(typeof why, 'string')
  }
  const decisions = await stage.site.http(`/v1/trips/${added.tripId}/decisions`, {
    token: await stage.site.token({ regions: [region] }),
  })
  assert.deepEqual(decisions.body.items[0].decision.loss, loss)
  assert.match(decisions.body.items[0].why, /Lost with it: care \(bls instead of als\)\./)
  // By hand, too.
  await desk.ask('assign-unit', tripId!, 'R1', 'closer-unit')
  const byHand = await orderedFor(desk, tripId!)
  assert.deepEqual(byHand.decision.loss?.care, { needed: 'als', sent: 'first-responder' })
})

test('[CT-5] help ends by itself when the right unit is at the scene first', async () => {
  const region = 'beside'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const right = await stage.crew('A1', { region }, 5)
  const near = await stage.crew('R1', { region }, 1)
  const { result } = await desk.ask('enter-call', { ...CALL, priority: 1, needs: [{ levelOfCare: 'als' }] })
  const [tripId] = result.tripIds as string[]
  const { added } = await helpFor(desk, tripId!)
  assert.equal(added.because, 'nearest-trained')
  const [, , { trip }] = await right.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  await right.ask('accept-offer', trip!.offer!.offerId, now())
  await right.ask('report-phase', tripId, 'on-scene', now())
  await near.hear('unit-state', ([, , view]) => view.trip === null && view.unit.status === 'available')
  const token = await stage.site.token({ regions: [region] })
  const { body } = await stage.site.http(`/v1/trips/${added.tripId}`, { token })
  assert.deepEqual([body.phase, body.cancelReason, body.helps], ['cancelled', 'no-longer-needed', tripId])
})

test('[CT-7] the last unit of a higher level than needed is held in reserve, unless it is there clearly earlier', async () => {
  const region = 'reserve'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  await stage.crew('A1', { region }, 1)
  await stage.crew('B1', { region }, 1.5)
  const held = await orderedFor(desk, await entered(desk, { levelOfCare: 'bls' }))
  assert.equal(held.unitId, 'B1')
  assert.deepEqual(held.decision.excluded, { 'held-in-reserve': 1 })
  assert.deepEqual(
    held.decision.passedOver?.map(({ unitId, reason }) => [unitId, reason]),
    [['A1', 'held-in-reserve']],
  )
  const next = await orderedFor(desk, await entered(desk, { levelOfCare: 'bls' }))
  assert.equal(next.unitId, 'A1')
})

test('[CT-8] of units about as near the one with preferred capabilities goes, and nobody is excluded for them', async () => {
  const region = 'preferred'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  await stage.crew('A1', { region }, 1)
  await stage.crew('A2', { region }, 1.3)
  await stage.crew('A3', { region }, 3)
  const need = { levelOfCare: 'als', preferred: ['neonatal'] }
  const tripId = await entered(desk, need)
  const first = await orderedFor(desk, tripId)
  assert.equal(first.unitId, 'A2')
  assert.deepEqual(
    first.decision.candidates.map(({ unitId, preferred }) => [unitId, preferred]),
    [
      ['A2', ['neonatal']],
      ['A1', []],
      ['A3', []],
    ],
  )
  const token = await stage.site.token({ regions: [region] })
  const { body } = await stage.site.http(`/v1/trips/${tripId}/decisions`, { token })
  assert.match(
    body.items[0].why,
    /^The desk chose A2, \d+ m away\. It has neonatal, which is preferred\. 3 units could go/,
  )
  assert.equal((await orderedFor(desk, await entered(desk, need))).unitId, 'A1')
  const wrong = { ...ROUTINE, needs: [{ levelOfCare: 'als', preferred: ['UPPER'] }] }
  assert.equal(await desk.refused('enter-call', wrong), 'invalid-field call.needs.0.preferred.0')
})
