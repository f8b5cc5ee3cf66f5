/** A unit that leaves an offer unanswered, through a region: who is chosen then, and what brings it back. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { AlarmView, TripView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (mode: 'ordered' | 'offered' = 'ordered') => {
  world = await RegionWorld.open({ mode })
}
afterEach(() => world.close())

const unitView = (unitId: string) => world.query<UnitView>({ type: 'read-unit', unitId })
const askedFor = async (tripId: string) => ((await world.trip(tripId)) as TripView).offer?.unitId ?? null

/** A1 is the nearest, and has not answered its first trip; A2, where there is one, has that then. */
async function silent(others: 0 | 1, mode: 'ordered' | 'offered' = 'ordered') {
  await open(mode)
  const crew = await world.onDuty('A1', 100)
  const other = others === 1 ? await world.onDuty('A2', 5_000) : null
  const first = await world.call()
  const offerId = crew.view.unit.offerId!
  await world.advance(mode === 'ordered' ? 46_000 : 16_000)
  assert.equal((await world.events('OfferTimedOut')).length, 1)
  return { crew, other, first, offerId }
}

for (const mode of ['ordered', 'offered'] as const) {
  test(`is out of the automatic choice while another can go (${mode})`, async () => {
    const { first } = await silent(1, mode)
    assert.equal(await askedFor(first), 'A2')
    assert.deepEqual([(await unitView('A1')).noContact, (await unitView('A2')).noContact], [true, false])
    await world.onDuty('A3', 9_000)
    const second = await world.call()
    assert.equal(await askedFor(second), 'A3')
    const offer = (await world.events('OfferMade')).at(-1)!
    assert.equal(offer.decision.excluded['no-contact'], 1)
    assert.deepEqual(offer.decision.passedOver?.find(({ unitId }) => unitId === 'A1')?.reason, 'no-contact')
  })
}

test('is the last resort where nobody else is left, and the record says so', async () => {
  await silent(0)
  const second = await world.call()
  assert.equal(await askedFor(second), 'A1')
  const { decision } = (await world.events('OfferMade')).at(-1)!
  assert.deepEqual([decision.despite, decision.eligible, decision.excluded], ['no-contact', 0, { 'no-contact': 1 }])
})

describe('has contact again', () => {
  const signs: Record<string, (crew: RecordingSession, offerId: string) => unknown> = {
    'by its late answer, which is refused': (crew, offerId) =>
      world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }),
    'by its word that it is available, which it is': crew =>
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs }),
    'by the word of the desk for it': () =>
      world.dispatch({
        type: 'set-unit-status',
        unitId: 'A1',
        status: 'available',
        reason: null,
        happenedAtMs: world.nowMs,
      }),
  }
  for (const [how, give] of Object.entries(signs)) {
    test(how, async () => {
      const { crew, offerId } = await silent(1)
      give(crew, offerId)
      await settle()
      assert.equal((await unitView('A1')).noContact, false)
      assert.equal((await world.events('UnitContacted')).length, 1)
      const second = await world.call()
      assert.equal(await askedFor(second), 'A1')
    })
  }

  test('and is looked at for who waits, at once', async () => {
    const { crew, first } = await silent(1)
    const second = await world.call()
    // Nobody else was left.
    assert.equal(await askedFor(second), 'A1')
    await world.accepted(
      world.drive(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: world.nowMs }),
    )
    assert.equal((await unitView('A1')).noContact, false)
    assert.equal(await askedFor(first), 'A2')
  })

  test('not by its fixes, its coming back or a start, which no person has a part in', async () => {
    const { crew } = await silent(1)
    world.fixAt(crew, 200)
    world.host.closed(crew)
    const back = world.connect('A1')
    await settle()
    assert.equal((await unitView('A1')).noContact, true)
    assert.equal(back.view.unit.noContact, true)
    await world.restart('drain')
    assert.equal((await unitView('A1')).noContact, true)
  })
})

test('a dispatcher may choose it, and its crew is asked', async () => {
  const { other } = await silent(1)
  assert.notEqual(other, null)
  await world.onDuty('A3', 9_000)
  const { tripIds } = await world.accepted(world.dispatch(callOf({})))
  const [tripId] = tripIds as [string]
  await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'A1', reason: 'closer-unit' }))
  assert.equal(await askedFor(tripId), 'A1')
  assert.equal((await world.events('OfferMade')).at(-1)!.decision.despite, 'no-contact')
})

describe('raises an alarm of the unit', () => {
  /** As a board that is asked for now has them. */
  const openAlarms = async (): Promise<AlarmView[]> => {
    const console = world.dispatcher()
    await settle()
    world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
    await settle()
    return console
      .all('board')
      .flatMap(([, , , , , alarms]) => alarms.filter(({ alarmId }) => alarmId.startsWith('driver/A1/no-contact/')))
  }
  const sign = async (crew: RecordingSession) => {
    await world.accepted(
      world.drive(crew, { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs }),
    )
  }
  const acknowledge = (alarmId: string) =>
    world.accepted(world.dispatch({ type: 'acknowledge-alarm', unitId: 'A1', alarmId }))

  test('once, whatever becomes of the trip, and its sign is the end of the cause', async () => {
    const { crew, first } = await silent(0)
    await world.call()
    // The last resort does not answer either, and nobody needs to be told of the same unit again.
    await world.advance(46_000)
    assert.equal((await world.events('OfferTimedOut')).length > 1, true)
    assert.equal((await world.events('UnitAlarmRaised')).length, 1)
    const [alarm, ...others] = await openAlarms()
    assert.deepEqual(
      [alarm?.unitId, alarm?.tripId, alarm?.severity, alarm?.goneAtMs, others],
      ['A1', first, 1, null, []],
    )
    const { offerId } = crew.view.unit
    await world.accepted(world.drive(crew, { type: 'accept-offer', offerId: offerId!, happenedAtMs: world.nowMs }))
    assert.deepEqual((await openAlarms())[0]?.goneAtMs, world.nowMs)
    await acknowledge(alarm!.alarmId)
    assert.deepEqual(await openAlarms(), [])
  })

  test('which goes up when nobody answers, also over a restart from the log or from snapshots', async () => {
    for (const how of ['crash', 'drain'] as const) {
      await silent(1)
      const [before] = await openAlarms()
      await (how === 'crash' ? world.restart() : world.restart('drain'))
      assert.deepEqual(await openAlarms(), [before])
      await world.advance(80_000)
      const ofUnit = (await world.events('AlarmEscalated')).filter(({ alarmId }) => alarmId === before!.alarmId)
      assert.deepEqual(ofUnit, [
        {
          ...{ type: 'AlarmEscalated', v: 1, entity: 'driver/A1', unitId: 'A1', alarmId: before!.alarmId },
          to: 'supervisor',
        },
      ])
      if (how === 'crash') await world.close()
    }
  })

  test('which ends with the sign where somebody answers for it, and is put aside like any other', async () => {
    const { crew } = await silent(1)
    const { alarmId } = (await openAlarms())[0]!
    await world.accepted(world.dispatch({ type: 'shelve-alarm', unitId: 'A1', alarmId, forMs: 300_000 }))
    await world.advance(120_000)
    assert.deepEqual(
      (await world.events('AlarmEscalated')).filter(event => event.alarmId === alarmId),
      [],
    )
    await acknowledge(alarmId)
    await sign(crew)
    assert.deepEqual(await openAlarms(), [])
    const late = world.dispatch({ type: 'acknowledge-alarm', unitId: 'A1', alarmId })
    assert.equal(await world.refused(late), 'unknown-alarm')
  })
})
