/** A region rebuilt from what is durable equals the one that was lost. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Stream } from '../../../src/actors/driver/location.ts'
import { type Recovered, recover } from '../../../src/actors/region/recovery.ts'
import { callSnapshot, driverSnapshot, tripSnapshot } from '../../../src/actors/region/snapshots.ts'
import {
  CANCEL_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  PRIORITIES,
  REPORTABLE_PHASES,
} from '../../../src/domain/vocabulary.ts'
import { SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import { callOf, REGION, type RecordingSession, RegionWorld, settle, wireFix } from '../../support/region-world.ts'

const UNITS = ['A1', 'A2', 'A3', 'A4']

/** Something that a client does, or time. Most of it will be allowed, some of it refused. */
const step = fc.record({
  kind: fc.constantFrom(
    ...(['sign-on', 'sign-on', 'sign-off', 'rest', 'ready', 'call', 'call', 'accept', 'accept', 'decline'] as const),
    ...(['press', 'press', 'close', 'cancel', 'fix', 'fix', 'fix', 'reconnect', 'leave', 'wait', 'wait'] as const),
  ),
  unit: fc.constantFrom(...UNITS),
  pick: fc.nat(20),
  northM: fc.integer({ min: 10, max: 9_000 }),
  waitMs: fc.constantFrom(10, 1_000, 10_000, 20_000, 60_000, 130_000, 301_000),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

class Crowd {
  readonly world: RegionWorld
  readonly sessions = new Map<string, RecordingSession>()
  readonly seqs = new Map<string, number>()
  readonly tripIds: string[] = []

  constructor(world: RegionWorld) {
    this.world = world
  }

  async connect(unitId: string): Promise<void> {
    this.sessions.set(unitId, this.world.connect(unitId))
    await settle()
  }

  async do({ kind, unit, pick, northM, waitMs }: Step): Promise<void> {
    const { world } = this
    const session = this.sessions.get(unit)!
    const view = session.all('welcome').length > 0 ? session.view : null
    const tripId = view?.trip?.tripId ?? this.tripIds[pick % Math.max(1, this.tripIds.length)] ?? 'akl.none'
    const offerId = view?.unit.offerId ?? 'akl.none'
    const happenedAtMs = world.nowMs - pick
    switch (kind) {
      case 'sign-on':
      case 'sign-off':
        world.drive(session, { type: kind, happenedAtMs })
        break
      case 'rest':
        world.drive(session, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs })
        break
      case 'ready':
        world.drive(session, { type: 'set-status', status: 'available', reason: null, happenedAtMs })
        break
      case 'call': {
        const priority = PRIORITIES[pick % PRIORITIES.length]!
        const details = { callerName: `caller ${pick}`, phone: null, address: null, notes: null }
        const answer = world.dispatch(callOf({ priority, details, latDeg: -36.85 + pick / 1_000 }))
        await settle()
        if (answer.outcome?.ok) this.tripIds.push(...(answer.outcome.result.tripIds as string[]))
        break
      }
      case 'accept':
        world.drive(session, { type: 'accept-offer', offerId, happenedAtMs })
        break
      case 'decline':
        world.drive(session, { type: 'decline-offer', offerId, reason: 'other' })
        break
      case 'press': {
        const phase = REPORTABLE_PHASES[pick % REPORTABLE_PHASES.length]!
        world.drive(session, { type: 'report-phase', tripId, phase, happenedAtMs })
        break
      }
      case 'close':
        world.drive(session, {
          type: 'close-trip',
          tripId,
          disposition: DISPOSITIONS[pick % DISPOSITIONS.length]!,
          happenedAtMs,
        })
        break
      case 'cancel':
        world.dispatch({ type: 'cancel-trip', tripId, reason: CANCEL_REASONS[pick % CANCEL_REASONS.length]! })
        break
      case 'fix': {
        const seq = (this.seqs.get(unit) ?? 0) + 1
        this.seqs.set(unit, seq)
        // Some of them late, some ahead of time.
        world.fixes(session, [wireFix(seq, northM, pick === 0 ? 30_000 : pick === 1 ? -9_000 : 0)])
        break
      }
      case 'reconnect':
        await this.connect(unit)
        break
      case 'leave':
        world.host.closed(session)
        break
      case 'wait':
        await world.advance(waitMs)
    }
    await settle()
  }
}

/** What everybody can see, but for who is connected: a process that died has no sessions. */
const seen = async (world: RegionWorld, tripIds: readonly string[]) => {
  const { position, trips, units } = await world.board()
  const ended = await Promise.all(tripIds.map(id => world.trip(id)))
  return {
    position,
    trips,
    units: units.map(unit => ({ ...unit, connected: false, awaySinceMs: null, reach: null })),
    ended,
  }
}

/** Runs the steps; the region is dropped at `restarts` and at the end, and must come back as it was. */
async function live(steps: readonly Step[], mode: 'ordered' | 'offered', how: 'crash' | 'drain'): Promise<void> {
  const world = await RegionWorld.open({ mode })
  const crowd = new Crowd(world)
  await world.import(...UNITS.map(unit => [unit] as const))
  for (const unit of UNITS) {
    await crowd.connect(unit)
    await crowd.do({ kind: 'sign-on', unit, pick: 9, northM: 500, waitMs: 10 })
    await crowd.do({ kind: 'fix', unit, pick: 9, northM: 500, waitMs: 10 })
  }
  for (const [i, each] of steps.entries()) {
    await crowd.do(each)
    if (i % 20 === 19) await compare()
  }
  await compare()
  await assertLogIsWhole(world)
  await world.close()

  async function compare(): Promise<void> {
    // All fixes are stored, and nothing falls due in between.
    await world.advance(200)
    for (let before = await seen(world, crowd.tripIds), same = false; !same; ) {
      if (how === 'drain') {
        await world.host.close()
        await world.start()
      } else await world.restart('crash')
      const after = await seen(world, crowd.tripIds)
      // A start matches what waits, with units that now have their grace anew: then look again, from there.
      same = after.position === before.position
      if (same) assert.deepEqual(after, before)
      else assert.ok((await world.log()).slice(before.position).every(record => record.principal === 'system'))
      before = after
    }
    for (const unit of UNITS) await crowd.connect(unit)
  }
}

async function assertLogIsWhole(world: RegionWorld): Promise<void> {
  const log = await world.log()
  assert.deepEqual(
    log.map(record => record.position),
    log.map((_, i) => i + 1),
  )
  for (let i = 1; i < log.length; i++) assert.ok(log[i]!.recordedAtMs >= log[i - 1]!.recordedAtMs)
}

describe('a region that comes back', () => {
  for (const how of ['crash', 'drain'] as const) {
    test(`shows the states that it showed before, after any history and a ${how}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
          fc.constantFrom(...DISPATCH_MODES),
          (steps, mode) => live(steps, mode, how),
        ),
        { numRuns: 10 },
      )
    })
  }

  test('replays from a snapshot only what came after it, and gets the same', async () => {
    const world = await RegionWorld.open()
    const crew = await world.onDuty('A1', 100)
    const first = await world.call()
    await world.restart('drain')
    const back = world.connect('A1')
    await settle()
    assert.equal(back.welcome.driver!.trip?.tripId, first)
    assert.equal(back.welcome.driver!.unit.crew, crew.principal)
    const offerId = back.welcome.driver!.unit.offerId!
    await world.accepted(world.drive(back, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
    const before = await seen(world, [first])
    await world.restart('crash')
    assert.deepEqual(await seen(world, [first]), before)
    await world.close()
  })
})

test('a set of snapshots that was cut off half-way is no harm: each actor goes on from its own', async () => {
  const world = await RegionWorld.open()
  const crew = await world.onDuty('A1', 100)
  const other = await world.onDuty('A2', 200)
  await world.call()
  await world.advance(200)
  await world.restart('drain')
  const back = world.connect(crew.unitId!)
  const otherBack = world.connect(other.unitId!, [['s-new', 'gnss', 1]])
  await settle()
  const offerId = back.welcome.driver!.unit.offerId!
  await world.accepted(world.drive(back, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  world.fixAt(back, 300)
  world.fixAt(otherBack, 400)
  await world.call()
  await world.advance(200)
  world.crash()

  const states = ({ drivers, trips, calls, locations }: Recovered) => ({
    ...{ drivers, trips, calls },
    places: [...locations].map(([unitId, location]) => [
      unitId,
      location.placed,
      [...location.streams()].map(marksOnly),
    ]),
  })
  const acquired = await world.journal.acquire(REGION)
  const whole = await recover(world.journal, acquired)
  const at = { position: acquired.logEnd, segmentNo: acquired.segmentEnd }
  const newer = [
    ...[...whole.drivers.values()].map(state => driverSnapshot(state, whole.locations.get(state.unitId)!)),
    ...[...whole.trips.values()].map(tripSnapshot),
    ...[...whole.calls.values()].map(callSnapshot),
  ].map(snapshot => ({ ...snapshot, ...at }))
  for (const end of [1, 3, newer.length]) {
    await world.journal.putSnapshots(acquired.ownership, newer.slice(0, end))
    assert.deepEqual(states(await recover(world.journal, acquired)), states(whole))
  }
  await world.close()
})

/** Beside which fix the next is judged is not kept. */
const marksOnly = ({ streamId, receivedSeq, durableSeq }: Stream) => ({ streamId, receivedSeq, durableSeq })

test('streams without number that a log of years has are forgotten on the way, and found again in the store', async () => {
  const journal = new MemoryJournal()
  const { ownership } = await journal.acquire(REGION)
  const encoder = new SegmentEncoder()
  const [units, streams] = [40, 200]
  for (let segmentNo = 1; segmentNo <= streams; segmentNo++) {
    const [, , lonE7, latE7] = wireFix(1, 100)
    const fix = { lonDeg: lonE7 / 1e7, latDeg: latE7 / 1e7, accuracyM: null, speedMps: null, headingDeg: null }
    for (let unit = 1; unit <= units; unit++) {
      for (let seq = 1; seq <= 3; seq++) {
        encoder.add(`A${unit}`, `s${segmentNo}`, { ...fix, seq, fixedAtMs: 1_000 * segmentNo + seq }, 0)
      }
    }
    const { marks: _, ...segment } = encoder.finish()
    await journal.appendSegment(ownership, { ...segment, segmentNo, logPosition: 0, codecVersion: 1 })
  }
  // Smaller pages than those of the journal in memory, as the database has them.
  const readSegments = journal.readSegments.bind(journal)
  journal.readSegments = async function* (region, after) {
    for await (const chunk of readSegments(region, after)) for (const segment of chunk) yield [segment]
  }
  const acquired = await journal.acquire(REGION)
  const { locations } = await recover(journal, acquired)
  const known = [...locations.values()].reduce((sum, location) => sum + [...location.streams()].length, 0)
  assert.ok(known < 5_000 + units * 10, `${known} of ${units * streams} streams are in memory`)
  for (const [unitId, location] of locations) {
    for (let i = 1; i <= streams; i++) {
      const streamId = `s${i}`
      const here = location.knownStream(streamId)?.durableSeq
      if (here === undefined) assert.ok(location.mayBeForgotten(streamId))
      const mark = here ?? (await journal.readStreamMarks(REGION, [{ unitId, streamId }]))[0]?.durableSeq
      assert.equal(mark, 3, `${streamId} of ${unitId}`)
    }
  }
})

describe('after a start', () => {
  test('deadlines that passed while the engine was down count from ready + 15 s', async () => {
    const world = await RegionWorld.open()
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    world.crash()
    await world.advance(60_000)
    await world.start()
    const back = world.connect('A1')
    await settle()
    await world.advance(14_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    const offerId = back.view.unit.offerId!
    await world.advance(1)
    assert.equal((await world.events('OfferTimedOut'))[0]?.offerId, offerId)
    await world.close()
  })

  test('deadlines that lie further ahead keep their moment', async () => {
    const world = await RegionWorld.open({ mode: 'ordered' })
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    await world.advance(4_000)
    await world.restart()
    world.connect('A1')
    await world.advance(40_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    await world.advance(1)
    assert.equal((await world.events('OfferTimedOut')).length, 1)
    await world.close()
  })

  test('a crew that does not come back loses its offer 15 s and its grace after the start', async () => {
    const world = await RegionWorld.open({ policy: { offerTimeoutMs: { 1: 900_000, 2: 0, 3: 0, 4: 0, 5: 0 } } })
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    await world.restart()
    await world.advance(44_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    await world.advance(1)
    assert.equal((await world.events('OfferRevoked'))[0]?.reason, 'unit-disconnected')
    await world.close()
  })

  test('a trip that waits is offered as soon as a unit can take it', async () => {
    const world = await RegionWorld.open()
    const tripId = await world.call()
    await world.restart()
    const crew = await world.onDuty('A1', 100)
    assert.equal(crew.view.trip?.tripId, tripId)
    await world.close()
  })

  test('recorded time goes on from the last record, though the wall was set back meanwhile', async () => {
    const world = await RegionWorld.open()
    await world.call()
    const recordedAtMs = (await world.log()).at(-1)!.recordedAtMs
    world.crash()
    world.machine.setWall(world.machine.wallMs() - 3_600_000)
    await world.start()
    await world.advance(5_000)
    assert.equal(world.nowMs, recordedAtMs - 3_600_000 + 5_000)
    await world.call()
    assert.equal((await world.log()).at(-1)!.recordedAtMs, recordedAtMs + 3_750)
    await world.close()
  })

  test('grace is at least 2 s of wall time, however fast region time runs', async () => {
    const world = await RegionWorld.open({
      rate: 60,
      policy: { offerTimeoutMs: { 1: 900_000, 2: 0, 3: 0, 4: 0, 5: 0 } },
    })
    const crew = await world.onDuty('A1', 100)
    const tripId = await world.call()
    world.host.closed(crew)
    // 30 s of region time would be half a second here.
    await world.advance(1_999)
    assert.equal((await world.trip(tripId)).phase, 'offered')
    await world.advance(1)
    assert.equal((await world.events('OfferRevoked')).length, 1)
    await world.close()
  })
})
