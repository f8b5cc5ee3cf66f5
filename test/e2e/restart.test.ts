/** What is there after the engine has gone and come back: everything, however it went. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DispatcherClient, DriverClient } from '../../src/client/index.ts'
import type { TripView, UnitView } from '../../src/protocol/wire/situation-views.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { forms } from '../support/long.ts'

/** So slow that no offer of a busy day times out before the engine is back, however long that takes. */
const RATE = 0.05
const REGION = { akl: { mode: 'offered', units: ['A1', 'A2', 'A3'] } } as const
const DETAILS = { callerName: 'the caller', phone: null, address: '12 Quay Street', notes: null }
const CALL = { ...SCENE, priority: 3, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

test('after kill -9 trips, offers, queue, positions, durable marks and command outcomes are there', async t => {
  const site = await Site.make(t, REGION)
  const engine = await site.spawn({ GOLDENHOUR_CLOCK_RATE: String(RATE) })
  const day = await busyDay(site)
  await engine.kill()
  await site.forgetLease()
  await site.spawn({ GOLDENHOUR_CLOCK_RATE: String(RATE) })
  await assertAllThere(site, day)
})

test('after a clean stop everything is there from snapshots, without the records before them', async t => {
  const site = await Site.make(t, REGION)
  const first = await site.start({ clockRate: RATE })
  const day = await busyDay(site)
  await first.stop()
  // What the snapshots cover is taken away, so that only they can tell of it.
  const [end] = await site.query<{ position: number }>('SELECT max(position) AS position FROM log.records')
  await site.query('DELETE FROM log.records WHERE position < $1', [end!.position])
  const kept = await site.query(
    'DELETE FROM location.segments WHERE segment_no < (SELECT max(segment_no) FROM location.segments) RETURNING 1',
  )
  assert.ok(end!.position > 5 && kept.length > 0, 'there was something to forget')
  await site.start({ clockRate: RATE })
  await assertAllThere(site, day)
})

test('a log without snapshots is replayed from its beginning, to the same end', async t => {
  const site = await Site.make(t, REGION)
  const first = await site.start({ clockRate: RATE })
  const day = await busyDay(site)
  await first.stop()
  const gone = await site.query('DELETE FROM log.snapshots RETURNING 1')
  assert.ok(gone.length > 0)
  await site.start({ clockRate: RATE })
  await assertAllThere(site, day)
})

for (const how of forms(['kill -9', 'clean stop'] as const)) {
  test(`an app that comes back with an old buffer after many others and a ${how} sends only what is missing`, async t => {
    const site = await Site.make(t, REGION)
    const engine = await site.spawn()
    await run(site, 'old', 3)
    for (let i = 1; i <= 12; i += 1) await run(site, `start-${i}`, 1)
    engine.signal(how === 'kill -9' ? 'SIGKILL' : 'SIGTERM')
    await engine.exited
    await site.forgetLease()
    await site.spawn()
    // Its disk was written before it heard that the first three are durable.
    await run(site, 'old', 5)
    // And this one lost them meanwhile; they are stored, so there is no hole.
    await run(site, 'start-1', 1, 2)
    const seqsOf = (rows: readonly { streamId: string; fix: { seq: number } }[], streamId: string) =>
      rows.filter(row => row.streamId === streamId).map(({ fix }) => fix.seq)
    const stored = await site.storedFixes()
    assert.deepEqual(
      [seqsOf(stored, 'old'), seqsOf(stored, 'start-1')],
      [
        [1, 2, 3, 4, 5],
        [1, 2],
      ],
    )
    const events = (await site.records()).flatMap(record => record.events)
    assert.equal(events.filter(event => event.type === 'FixHoleRecorded').length, 0)
  })
}

/** An app of A1 runs with a buffer of so many fixes, from a seq on, until they are durable. */
async function run(site: Site, streamId: string, count: number, firstSeq = 1): Promise<void> {
  const app = site.driver('A1', { streamId, firstSeq })
  for (let i = 0; i < count; i += 1) app.report({ ...SCENE, speedMps: i })
  await app.mark()
  app.close()
}

interface Day {
  readonly desk: DispatcherClient
  readonly crews: readonly DriverClient[]
  readonly board: Snapshot
  readonly outcomes: ReadonlyMap<string, unknown>
  /** Stream and mark of A1. */
  readonly marked: { readonly streamId: string; readonly durableSeq: number }
}
interface Snapshot {
  readonly trips: readonly TripView[]
  readonly units: readonly UnitView[]
}

/** A1 works on a trip, A2 has an offer, A3 has ended one, a fourth call waits, and one was cancelled. */
async function busyDay(site: Site): Promise<Day> {
  const desk = site.dispatcher()
  const crews: DriverClient[] = []
  for (const [index, unitId] of ['A1', 'A2', 'A3'].entries()) {
    const crew = site.driver(unitId)
    await crew.opened()
    for (let step = 0; step < 5; step += 1) {
      crew.report({ lonDeg: SCENE.lonDeg + 0.01 * (index + 1), latDeg: SCENE.latDeg + step / 10_000, speedMps: 12.34 })
      // More than one segment, but not one a fix.
      if (step % 4 === 0) await crew.mark()
    }
    await crew.signOn()
    crews.push(crew)
  }
  const [a1, a2, a3] = crews as [DriverClient, DriverClient, DriverClient]
  const outcomes = new Map<string, unknown>()
  const enter = async (id: string) => {
    const outcome = await desk.enterCall({ ...CALL, problem: id, details: DETAILS }, { id })
    outcomes.set(id, outcome)
    return outcome.result.tripIds[0]!
  }
  const worked = await enter('call-1')
  await acceptWhatComes(a1)
  await a1.reportPhase(worked, 'on-scene')
  await enter('call-2')
  const open = await until('A2 has an offer', () => a2.driver?.trip?.offer)
  const ended = await enter('call-3')
  await acceptWhatComes(a3)
  await a3.closeTrip(ended, 'treated-on-scene')
  await a3.becomeUnavailable('decontamination')
  await enter('call-4')
  const cancelled = await enter('call-5')
  await desk.cancelTrip(cancelled, 'caller-cancelled')
  const board = await snapshotOf(desk)
  assert.deepEqual(board.trips.map(({ phase, offer }) => [phase, offer?.offerId]).sort(), [
    ['offered', open.offerId],
    ['on-scene', undefined],
    ['pending', undefined],
  ])
  return { desk, crews, board, outcomes, marked: { streamId: a1.streamId, durableSeq: a1.durableSeq } }
}

async function assertAllThere(site: Site, day: Day): Promise<void> {
  for (const client of [day.desk, ...day.crews]) client.close()
  const desk = site.dispatcher()
  const before = withoutPresence(day.board)
  assert.deepEqual(withoutPresence(await snapshotOf(desk)), before)

  for (const [id, outcome] of day.outcomes) {
    const again = await desk.enterCall({ ...CALL, problem: id, details: DETAILS }, { id })
    assert.deepEqual(again, outcome, `[CM-4] ${id} keeps its outcome`)
    const trip = await site.http(`/v1/trips/${again.result.tripIds[0]}`)
    assert.equal(trip.status, 200)
    assert.deepEqual(trip.body.details, DETAILS, 'personal data too')
  }

  // The crew's client starts over with the same stream, and hears from the welcome how much of it is stored.
  const { streamId, durableSeq } = day.marked
  assert.equal(durableSeq, 5)
  const a1 = await reopened(site, 'A1', { streamId, firstSeq: durableSeq + 1 })
  assert.equal(a1.report({ lonDeg: SCENE.lonDeg, latDeg: SCENE.latDeg }), durableSeq + 1)
  await a1.mark()
  const stored = (await site.storedFixes()).filter(row => row.streamId === streamId)
  assert.equal(stored.at(-1)!.fix.seq, durableSeq + 1)
  const holes = (await site.records()).flatMap(({ events }) => events).filter(({ type }) => type === 'FixHoleRecorded')
  assert.deepEqual(holes, [], 'nothing counted as lost')

  // And work goes on from where it was.
  const tripId = a1.driver!.trip!.tripId
  await a1.closeTrip(tripId, 'transported')
  const a2 = await reopened(site, 'A2')
  await a2.acceptOffer(a2.driver!.trip!.offer!.offerId)
  // The call that waited now finds A1.
  const offer = await until('the waiting call is offered', () => a1.driver!.trip?.offer)
  assert.equal((await a1.acceptOffer(offer.offerId)).result.phase, 'assigned')
}

async function reopened(site: Site, unitId: string, stream: { streamId?: string; firstSeq?: number } = {}) {
  const crew = site.driver(unitId, stream)
  await crew.opened()
  return crew
}

async function acceptWhatComes(crew: DriverClient): Promise<void> {
  const offer = await until('an offer comes', () => crew.driver?.trip?.offer)
  await crew.acceptOffer(offer.offerId)
}

async function snapshotOf(desk: DispatcherClient): Promise<Snapshot> {
  let snapshot: Snapshot | null = null
  const stop = desk.watchBoard({
    onSnapshot: seen => {
      snapshot = seen
    },
    onEvents: () => undefined,
  })
  const seen = await until('the board', () => snapshot as Snapshot | null)
  stop()
  return seen
}

/** Without what a restart changes by its nature: who is connected, and how old a fix has become. */
function withoutPresence({ trips, units }: Snapshot) {
  const byId = (a: { tripId?: string | null; unitId?: string | null }, b: typeof a) =>
    `${a.tripId} ${a.unitId}` < `${b.tripId} ${b.unitId}` ? -1 : 1
  return {
    trips: [...trips].sort(byId),
    units: units
      .map(({ connected: _, awaySinceMs: __, reach: ___, fix, ...unit }) => ({
        ...unit,
        fix: { ...fix, ageMs: null, freshness: null },
      }))
      .sort(byId),
  }
}
