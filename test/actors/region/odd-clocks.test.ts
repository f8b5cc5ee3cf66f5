/** Clocks that are or were wrong, the machine's or a client's: what is right stays right, and nonsense is refused. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { messageOf } from '../../../src/protocol/encode.ts'
import type { Told } from '../../../src/protocol/told.ts'
import { decodeSegment, FIX_FLAGS } from '../../../src/store/location/segment-codec.ts'
import { type RecordingSession, RegionWorld, settle, type WorldOptions, wireFix } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open(options)
}
afterEach(() => world.close())

const MINUTE = 60_000
const shownFix = async () => (await world.board()).units[0]!.fix
const shownAtM = async () => Math.round(((await shownFix())!.latE7 / 1e7 + 36.85) * 111_195)
const storedFixes = async () => {
  let count = 0
  for await (const segments of world.journal.readSegments('akl', 0)) for (const s of segments) count += s.fixCount
  return count
}

/** The wall of the machine is set, somebody looks at it now and then, and so much time passes. */
async function setWallBy(byMs: number, forMs: number): Promise<void> {
  world.machine.setWall(world.machine.wallMs() + byMs)
  for (let leftMs = forMs; leftMs > 0; leftMs -= 1_000) {
    // Somebody looks at the clock: as long as nobody does, nothing has stepped.
    void world.nowMs
    await world.advance(Math.min(1_000, leftMs))
  }
  void world.nowMs
}
/** A crew whose phone shows true time, as its satellites have it. */
const crewAt = async (trueMs: number, stream: 'gnss' | 'device' = 'gnss'): Promise<RecordingSession> => {
  const crew = world.connect('A1', [['s-A1', stream, 1]], trueMs)
  await settle()
  return crew
}
const signOn = (crew: RecordingSession) =>
  world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
/** Five fixes at true time, one a second; answers what was stored of them. */
async function fiveFixes(crew: RecordingSession, trueMs: () => number) {
  const before = await storedFixes()
  const sent: number[] = []
  for (let i = 0; i < 5; i++) {
    sent.push(trueMs())
    world.fixAt(crew, 100 * (i + 1), world.machine.wallMs() - trueMs())
    await world.advance(1_000)
  }
  return { sent, stored: (await stored()).slice(before) }
}
async function stored() {
  const rows: { fixedAtMs: number; flags: number }[] = []
  for await (const segments of world.journal.readSegments('akl', 0)) {
    for (const { bytes } of segments) {
      for (const { fix, flags } of decodeSegment(bytes)) rows.push({ fixedAtMs: fix.fixedAtMs, flags })
    }
  }
  return rows
}
async function placedAndOffered(crew: RecordingSession): Promise<void> {
  const fix = (await shownFix())!
  assert.equal(fix.freshness, 'fresh')
  assert.ok(fix.ageMs >= 0 && fix.ageMs <= 2_000, `the age is ${fix.ageMs}`)
  assert.equal(await shownAtM(), 500)
  const tripId = await world.call()
  const [offer] = (await world.events('OfferMade')).filter(event => event.tripId === tripId)
  assert.equal(offer?.unitId, 'A1')
  assert.ok(offer.decision.candidates[0]!.fixAgeMs <= 2_000)
  assert.equal(crew.view.trip?.tripId, tripId)
}

describe('a crew whose phone is right is placed and gets offers, its fixes stored at their own time', () => {
  const SECOND = 1_000
  const HOUR = 3_600_000
  const momentarily = [0, 3, 4, 6, 10].map(s => [`${s} s ahead for a moment`, s * SECOND, 2 * SECOND] as const)
  const excursions = [
    ...momentarily,
    ['two minutes ahead for three seconds', 2 * MINUTE, 3 * SECOND],
    ['ten seconds ahead for a minute', 10 * SECOND, MINUTE],
    ['an hour ahead for a minute', HOUR, MINUTE],
    ['an hour back for a minute', -HOUR, MINUTE],
    ['90 s ahead for a minute', 90 * SECOND, MINUTE],
  ] as const
  for (const [name, byMs, forMs] of excursions) {
    for (const after of ['at once', 'after a crash', 'after a drain'] as const) {
      test(`after a wall that was ${name}, ${after}`, async () => {
        await open()
        await world.import(['A1'])
        await setWallBy(byMs, forMs)
        // What is recorded at that time is what held region time ahead for ever.
        await world.import(['A2'])
        await setWallBy(-byMs, after === 'at once' ? 10_000 : 0)
        if (after !== 'at once') await world.restart(after === 'after a crash' ? 'crash' : 'drain')
        const trueMs = () => world.machine.wallMs()
        assert.equal(world.nowMs, trueMs())
        const crew = await crewAt(trueMs())
        assert.equal(crew.welcome.clock.nowMs, trueMs())
        await signOn(crew)
        const { sent, stored } = await fiveFixes(crew, trueMs)
        assert.deepEqual(
          stored,
          sent.map(fixedAtMs => ({ fixedAtMs, flags: 0 })),
        )
        await placedAndOffered(crew)
      })
    }
  }

  test('after a start an hour ahead, a stop, and a start at the right time; and recorded time heals', async () => {
    await open()
    await world.restart('drain')
    world.machine.setWall(world.machine.wallMs() + HOUR)
    await world.restart('drain')
    await world.import(['A1'])
    const wrong = await crewAt(world.machine.wallMs())
    await signOn(wrong)
    world.fixAt(wrong, 9_000)
    await world.advance(1_000)
    world.machine.setWall(world.machine.wallMs() - HOUR)
    await world.restart('drain')
    const trueMs = () => world.machine.wallMs()
    const crew = await crewAt(trueMs())
    const { sent, stored } = await fiveFixes(crew, trueMs)
    assert.deepEqual(
      stored.map(({ fixedAtMs }) => fixedAtMs),
      sent,
    )
    // The first takes the place of the one from an hour ahead, and is stored as one that does.
    assert.deepEqual(
      stored.map(({ flags }) => flags),
      [FIX_FLAGS.replaces, 0, 0, 0, 0],
    )
    await placedAndOffered(crew)
    assert.ok(world.region.clock.recordedAheadMs() > 0)
    const before = (await world.log()).at(-1)!.recordedAtMs
    await world.restart('crash')
    assert.equal((await shownFix())!.fixedAtMs, sent.at(-1))
    await world.advance(4 * HOUR)
    await world.import(['A3'])
    const last = (await world.log()).at(-1)!
    assert.equal(last.recordedAtMs, trueMs())
    assert.ok(last.recordedAtMs > before)
  })
})

test('a unit whose fix seemed old goes only where nobody else is left, until the clock is right', async () => {
  const HOUR = 60 * MINUTE
  await open()
  await world.import(['A1'])
  await signOn(await crewAt(world.machine.wallMs()))
  world.fixAt(await crewAt(world.machine.wallMs()), 100)
  await world.advance(1_000)
  await world.restart('drain')
  world.machine.setWall(world.machine.wallMs() + HOUR)
  await world.restart('drain')
  const crew = await crewAt(world.machine.wallMs() - HOUR)
  await world.call()
  const { offerId } = crew.view.trip!.offer!
  await world.accepted(world.drive(crew, { type: 'decline-offer', offerId, reason: 'crew-fatigue' }))
  await setWallBy(-HOUR, 2 * MINUTE)
  const tripId = await world.call({ priority: 5 })
  const rested = { type: 'set-status', status: 'available', reason: null, happenedAtMs: world.nowMs } as const
  await world.accepted(world.drive(crew, rested))
  const offers = await world.events('OfferMade')
  assert.equal(offers[0]?.decision.despite, 'position-lost')
  const last = offers.at(-1)
  assert.deepEqual([last?.unitId, last?.decision.eligible, last?.decision.despite], ['A1', 1, undefined])
  assert.notEqual(last?.tripId, tripId, 'who has waited goes first')
})

describe('while the wall is wrong', () => {
  for (const [name, byMs] of [
    ['an hour back', -3_600_000],
    ['90 s ahead', 90_000],
    ['two minutes ahead', 120_000],
  ] as const) {
    test(`${name}, crews that are right stay placed`, async () => {
      await open()
      const crew = await world.onDuty('A1', 100)
      const offsetMs = byMs
      await setWallBy(byMs, MINUTE)
      const trueMs = () => world.machine.wallMs() - offsetMs
      // Its phone goes on counting from its hello, as the library does.
      for (let i = 1; i <= 5; i++) {
        world.host.tell(crew, {
          type: 'fix',
          streamIndex: 0,
          sentAtMs: trueMs() - 1_700_000_000_000,
          fixes: [wireFix(i + 1, 100 * i)],
        })
        await world.advance(1_000)
      }
      assert.equal(await shownAtM(), 500)
      assert.equal((await stored()).at(-1)!.fixedAtMs, trueMs() - 1_000)
    })
  }
})

describe('an offer runs its whole span, whatever the wall does meanwhile', () => {
  for (const byMs of [-3_600_000, -20_000, 20_000, 3_600_000]) {
    for (const isWatchedAnew of [false, true]) {
      test(`${byMs / 1_000} s${isWatchedAnew ? ', after its alarm' : ''}`, async () => {
        await open({ mode: 'ordered' })
        const crew = await world.onDuty('A1', 100)
        const tripId = await world.call()
        const beganMs = world.machine.monotonicMs()
        if (isWatchedAnew) await world.advance(21_000)
        await setWallBy(byMs, 10_000)
        // It is silent, and its position is known.
        world.fixAt(crew, 100)
        const passed = () => world.machine.monotonicMs() - beganMs
        while ((await world.events('OfferTimedOut')).length === 0 && passed() < 90_000) await world.advance(1_000)
        assert.ok(passed() >= 45_000 && passed() <= 47_000, `it ended after ${passed()} ms`)
        assert.equal(
          (await world.events('TripAlarmRaised')).filter(({ alarm }) => alarm === 'unacknowledged').length,
          1,
        )
        assert.equal((await world.trip(tripId)).phase, 'pending')
      })
    }
  }

  test('found an hour ahead by a start, it gets its span anew', async () => {
    await open({ mode: 'ordered' })
    world.machine.setWall(world.machine.wallMs() + 3_600_000)
    await world.restart()
    await world.onDuty('A1', 100)
    const tripId = await world.call()
    world.machine.setWall(world.machine.wallMs() - 3_600_000)
    await world.restart()
    world.fixAt(await crewAt(world.machine.wallMs()), 100)
    await world.advance(59_000)
    assert.equal((await world.events('OfferTimedOut')).length, 0)
    await world.advance(2_000)
    assert.equal((await world.events('OfferTimedOut')).filter(event => event.tripId === tripId).length, 1)
  })
})

test('[TM-5] whoever is connected hears of a step once it is adopted, behind the welcome, and not of one that is taken back', async () => {
  await open()
  await world.import(['A1'])
  const crew = await crewAt(world.machine.wallMs())
  const desk = world.dispatcher()
  const feed = world.feed()
  await settle()
  await setWallBy(3_600_000, 3_000)
  await setWallBy(-3_600_000, 1_000)
  for (const session of [crew, desk, feed]) assert.deepEqual(session.all('clock'), [])
  world.machine.setWall(world.machine.wallMs() + 3_600_000)
  void world.nowMs
  await world.advance(8_000)
  // Only when somebody looks at the clock is the step adopted; who comes in the same moment is told the right time at once.
  const late = world.connect('A1')
  void world.nowMs
  await settle()
  for (const session of [desk, feed, late]) {
    assert.equal(session.messages[0]![0], 'welcome')
    const times = [...session.all('clock').map(([clock]) => clock), session.welcome.clock]
    assert.ok(times.some(({ nowMs }) => nowMs === world.machine.wallMs()))
  }
  assert.equal(desk.all('clock').length, 1)
})

test('[ER-9] a console that watches the board while a clock is off is told after the answer, and others at once', async () => {
  await open()
  const details = { of: 'wall', offsetMs: 1_500, sinceMs: 0 }
  const notice: Told = {
    type: 'refused',
    id: null,
    refusal: { code: 'clock-off', message: 'A clock is off.', details },
  }
  const [before, after] = [world.dispatcher(), world.dispatcher()]
  world.host.tell(before, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  assert.deepEqual(before.all('error'), [])
  world.region.tellBoard(notice)
  world.clockNotice = notice
  world.host.tell(after, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  for (const console of [before, after]) {
    assert.deepEqual(console.all('error'), [messageOf(notice).slice(1)])
    assert.ok(console.messages.findIndex(([type]) => type === 'reply') < console.messages.length - 1)
  }
})

test('[TM-4] moments in events are those of the line while recorded time heals, and states follow them', async () => {
  await open({ mode: 'ordered' })
  world.machine.setWall(world.machine.wallMs() + 3_600_000)
  await world.restart()
  await world.import(['A2'])
  world.machine.setWall(world.machine.wallMs() - 3_600_000)
  await world.restart()
  const crew = await world.onDuty('A1', 100)
  const nowMs = world.machine.wallMs()
  const tripId = await world.call()
  const record = (await world.log()).at(-1)!
  assert.ok(record.recordedAtMs >= nowMs + 3_500_000)
  for (const event of record.events) assert.equal(event.atMs, nowMs)
  const { times, receivedAtMs } = await world.trip(tripId)
  assert.deepEqual([times, receivedAtMs], [{ pending: nowMs, offered: nowMs }, nowMs])
  assert.equal(crew.view.trip?.offer?.deadlineAtMs, nowMs + 45_000)
  const before = await world.trip(tripId)
  await world.restart('crash')
  assert.deepEqual(await world.trip(tripId), before)
})

test('a device whose own clock is wrong has its fixes dated by what is believed of ours', async () => {
  await open()
  await world.import(['A1'])
  const crew = await crewAt(123, 'device')
  await setWallBy(3_600_000, 2_000)
  world.fixAt(crew, 100, 500)
  const sentMs = world.nowMs
  await setWallBy(-3_600_000, 1_000)
  assert.deepEqual(await stored(), [{ fixedAtMs: sentMs - 500, flags: FIX_FLAGS.device }])
})

describe('a fix whose time lies outside every calendar', () => {
  test('is refused, and nothing of it is stored (the year 9999 at sixty times the speed)', async () => {
    await open({ rate: 60 })
    await world.import(['A1'])
    const crew = world.connect('A1', undefined, 253_402_300_799_999)
    await settle()
    world.host.tell(crew, { type: 'fix', streamIndex: 0, sentAtMs: 0, fixes: [wireFix(1, 100)] })
    await world.advance(200)
    const [id, code, , details] = crew.last('error')
    assert.deepEqual([id, code, details], [null, 'invalid-field', { path: 'ageMs', expectedSeq: 1 }])
    assert.deepEqual([await shownFix(), await storedFixes()], [null, 0])
    // The stream is not spoilt: with a right clock it goes on where it was.
    const right = world.connect('A1')
    await settle()
    world.fixAt(right, 100)
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await storedFixes(), right.all('error')], [100, 1, []])
  })

  test('does not take with it the fixes before it in its frame', async () => {
    const dayMs = 24 * 3_600_000
    await open({ anchorRegionMs: dayMs })
    await world.import(['A1'])
    const crew = world.connect('A1')
    await settle()
    const counted = await world.countedFixes('current')
    world.fixes(crew, [wireFix(1, 100, 10), wireFix(2, 200), wireFix(3, 300, 2 * dayMs), wireFix(4, 400)])
    await world.advance(200)
    assert.deepEqual(crew.last('error')[3], { path: 'ageMs', expectedSeq: 3 })
    assert.deepEqual([await shownAtM(), await storedFixes()], [200, 2])
    assert.equal(await world.countedFixes('current'), counted + 2)
  })
})
