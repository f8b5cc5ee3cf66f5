/** The location stream through a region: order, duplicates, gaps, hints, holes, and the marks that clients live by. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { BadFix } from '../../../src/protocol/fix-frame.ts'
import { type RecordingSession, RegionWorld, settle, wireFix } from '../../support/region-world.ts'

let world: RegionWorld
let crew: RecordingSession
beforeEach(async () => {
  world = await RegionWorld.open()
  await world.import(['A1'], ['A2'])
  crew = world.connect('A1')
  await settle()
})
afterEach(() => world.close())

/** How many metres north of the scene the unit is shown, or null. */
const shownAtM = async (): Promise<number | null> => {
  const { fix } = (await world.board()).units[0]!
  return fix === null ? null : Math.round((fix.latE7 / 1e7 + 36.85) * 111_195)
}
const marks = (session = crew) => session.all('marks')
const stored = async () => {
  const seqs: number[] = []
  for await (const segments of world.journal.readSegments('akl', 0)) for (const s of segments) seqs.push(s.fixCount)
  return seqs.reduce((sum, count) => sum + count, 0)
}
const reconnect = async (lowestSeq = 1, streamId = 's-A1') => {
  const session = world.connect('A1', [[streamId, 'gnss', lowestSeq]])
  await settle()
  return session
}

describe('order', () => {
  test('a duplicate is dropped, stored once, and covered by the mark', async () => {
    world.fixes(crew, [wireFix(1, 100), wireFix(2, 200)])
    world.fixes(crew, [wireFix(1, 900), wireFix(2, 900), wireFix(3, 300)])
    await world.advance(200)
    assert.equal(await shownAtM(), 300)
    assert.equal(await stored(), 3)
    world.host.tell(crew, { type: 'mark', streamIndex: 0 })
    await settle()
    assert.deepEqual(marks(), [[0, 3]])
    assert.deepEqual(crew.all('error'), [])
  })

  test('a gap is refused with the seq that is expected; what came before it counts', async () => {
    world.fixes(crew, [wireFix(1, 100), wireFix(3, 300), wireFix(4, 400)])
    await world.advance(200)
    const [id, code, , details] = crew.last('error')
    assert.deepEqual([id, code, details], [null, 'fix-gap', { streamIndex: 0, expectedSeq: 2 }])
    assert.deepEqual([await shownAtM(), await stored()], [100, 1])
    world.fixes(crew, [wireFix(2, 200), wireFix(3, 300), wireFix(4, 400)])
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await stored()], [400, 4])
  })

  test('a late fix goes into the track and does not move the unit back', async () => {
    world.fixes(crew, [wireFix(1, 500, 0)])
    world.fixes(crew, [wireFix(2, 100, 60_000)])
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await stored()], [500, 2])
  })

  test('of two fixes measured at one moment the later number counts', async () => {
    world.fixes(crew, [wireFix(1, 100, 10), wireFix(2, 200, 10)])
    await settle()
    assert.equal(await shownAtM(), 200)
  })

  test('a fix from the future is stored and acknowledged, and places nothing', async () => {
    world.fixes(crew, [wireFix(1, 100), wireFix(2, 900, -5_001), wireFix(3, 300)])
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await stored()], [300, 3])
    world.fixes(crew, [wireFix(4, 400, -5_000)])
    await settle()
    assert.equal(await shownAtM(), 400)
    await world.advance(200)
    await world.restart()
    assert.equal(await shownAtM(), 400)
  })

  test('a fix from the future places nothing after a restart either', async () => {
    world.fixes(crew, [wireFix(1, 100), wireFix(2, 900, -60_000)])
    await world.advance(200)
    await world.restart()
    assert.equal(await shownAtM(), 100)
  })

  test('a stream that hello did not name is unknown', async () => {
    world.fixes(crew, [wireFix(1, 100)], 1)
    world.hint(crew, wireFix(1, 100), 1)
    world.host.tell(crew, { type: 'mark', streamIndex: 1 })
    await settle()
    assert.deepEqual(
      crew.all('error').map(([, code]) => code),
      ['unknown-stream', 'unknown-stream', 'unknown-stream'],
    )
    assert.equal(await shownAtM(), null)
  })

  test('the streams of a unit are numbered apart', async () => {
    const session = world.connect('A1', [
      ['s-A1', 'gnss', 1],
      ['s-phone', 'gnss', 1],
    ])
    await settle()
    world.fixes(session, [wireFix(1, 100, 10)], 0)
    world.fixes(session, [wireFix(1, 200, 0)], 1)
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await stored(), session.all('error')], [200, 2, []])
  })

  test('of a device clock only the age is trusted', async () => {
    const session = world.connect('A1', [['s-phone', 'device', 1]])
    await settle()
    // Its clock is an hour behind ours: `sentAtMs` says so, and is not believed.
    world.host.tell(session, { type: 'fix', streamIndex: 0, sentAtMs: -3_600_000, fixes: [wireFix(1, 100, 2_000)] })
    await settle()
    assert.equal((await world.board()).units[0]!.fix!.ageMs, 2_000)
    world.host.tell(session, { type: 'fix', streamIndex: 0, sentAtMs: 3_600_000, fixes: [wireFix(2, 200, 1_000)] })
    await settle()
    assert.equal((await world.board()).units[0]!.fix!.ageMs, 1_000)
  })
})

describe('the clock of a device', () => {
  const ageShown = async () => (await world.board()).units[0]!.fix!.ageMs
  const aheadShown = async () => (await world.board()).units[0]!.clockAheadMs

  test('is not needed where its streams say so: a fix is as old as it says and half of the round trip, a second at most', async () => {
    const session = world.connect('A1', [['s-phone', 'device', 1]])
    await settle()
    for (const [seq, roundTripMs, ageMs] of [
      [1, null, 2_000],
      [2, 300, 1_650],
      [3, 30_000, 1_600],
    ] as const) {
      session.roundTripMs = roundTripMs
      world.fixes(session, [wireFix(seq, 100, seq === 1 ? 2_000 : seq === 2 ? 1_500 : 600)])
      await settle()
      assert.equal(await ageShown(), ageMs)
    }
  })

  test('and the round trip say nothing of a receiver that has the time', async () => {
    crew.roundTripMs = 300
    world.fixes(crew, [wireFix(1, 100, 2_000)])
    await settle()
    assert.equal(await ageShown(), 2_000)
  })

  test('is told of where it is off: to the desk and to the app, for as long as it is connected', async () => {
    const wallMs = world.machine.wallMs()
    for (const [clientNowMs, roundTripMs, told] of [
      [wallMs + 180_000, null, 180_000],
      [wallMs - 180_000, 400, -179_800],
      [wallMs + 4_900, null, undefined],
      [wallMs + 4_900, 400, 5_100],
    ] as const) {
      const session = world.connect('A1', undefined, clientNowMs)
      session.roundTripMs = roundTripMs
      await settle()
      assert.deepEqual([await aheadShown(), session.view.unit.clockAheadMs], [told, told])
    }
    assert.equal(world.region.clocksOff, 1)
    const session = world.connect('A1', undefined, wallMs + 60_000)
    await settle()
    world.host.closed(session)
    await settle()
    assert.deepEqual([await aheadShown(), world.region.clocksOff], [undefined, 0])
  })
})

describe('hints', () => {
  test('a hint moves the unit at once, is not stored, and its copy in order is no duplicate', async () => {
    world.hint(crew, wireFix(9, 900))
    await settle()
    assert.deepEqual([await shownAtM(), await stored()], [900, 0])
    const backlog = Array.from({ length: 9 }, (_, i) => wireFix(i + 1, 100 * (i + 1), 8_000 - 1_000 * i))
    world.fixes(crew, backlog)
    await world.advance(200)
    assert.deepEqual([await shownAtM(), await stored(), crew.all('error')], [900, 9, []])
    world.fixes(crew, [wireFix(10, 1_000)])
    await settle()
    assert.equal(await shownAtM(), 1_000)
  })

  test('an old hint, or one from the future, moves nothing', async () => {
    world.fixes(crew, [wireFix(1, 100)])
    world.hint(crew, wireFix(2, 900, 5_000))
    world.hint(crew, wireFix(3, 900, -5_001))
    await settle()
    assert.equal(await shownAtM(), 100)
  })

  test('after a restart a hint is forgotten, and the stored fixes are not', async () => {
    world.fixes(crew, [wireFix(1, 100, 10)])
    world.hint(crew, wireFix(2, 900))
    await world.advance(200)
    await world.restart()
    assert.equal(await shownAtM(), 100)
  })
})

describe('marks', () => {
  test('a mark comes unasked with the eighth fix that is durable, not before', async () => {
    for (let seq = 1; seq <= 7; seq++) world.fixes(crew, [wireFix(seq, 100, 10 - seq)])
    await world.advance(1_000)
    assert.deepEqual(marks(), [])
    world.fixes(crew, [wireFix(8, 100)])
    await world.advance(1_000)
    assert.deepEqual(marks(), [[0, 8]])
  })

  test('a mark that was asked for comes once everything received by then is stored', async () => {
    world.journal.stall()
    world.fixes(crew, [wireFix(1, 100, 10), wireFix(2, 100)])
    await settle()
    world.host.tell(crew, { type: 'mark', streamIndex: 0 })
    await world.advance(1_000)
    assert.deepEqual(marks(), [])
    world.journal.resume()
    await settle()
    assert.deepEqual(marks(), [[0, 2]])
    // Nothing new, asked again: the same answer, at once.
    world.host.tell(crew, { type: 'mark', streamIndex: 0 })
    await settle()
    assert.deepEqual(marks(), [
      [0, 2],
      [0, 2],
    ])
  })

  test('a few durable fixes are told within 30 s and a sweep of 5 s, once', async () => {
    world.fixes(crew, [wireFix(1, 100)])
    await world.advance(29_000)
    assert.deepEqual(marks(), [])
    await world.advance(6_000)
    assert.deepEqual(marks(), [[0, 1]])
    await world.advance(120_000)
    assert.deepEqual(marks(), [[0, 1]])
  })

  test('a mark that is asked for with nothing but a hole behind it still comes', async () => {
    world.host.closed(crew)
    const back = await reconnect(8)
    world.host.tell(back, { type: 'mark', streamIndex: 0 })
    await settle()
    assert.deepEqual(marks(back), [[0, 7]])
  })

  test('no fix is called durable before it is stored', async () => {
    world.journal.stall()
    for (let seq = 1; seq <= 20; seq++) world.fixes(crew, [wireFix(seq, seq)])
    await world.advance(40_000)
    assert.deepEqual(marks(), [])
    const again = await reconnect()
    world.journal.resume()
    await settle()
    assert.deepEqual(again.welcome.streams, [['s-A1', 0]])
    await world.advance(1_000)
    assert.deepEqual(again.last('marks'), [0, 20])
  })

  test('welcome comes before any mark', async () => {
    // The record has to wait for its second attempt, the fixes have not.
    world.journal.failNext('unavailable')
    world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs })
    await settle()
    world.journal.stall()
    for (let seq = 1; seq <= 9; seq++) world.fixes(crew, [wireFix(seq, seq)])
    await settle()
    const again = await reconnect()
    world.journal.resume()
    await settle()
    await world.advance(1_000)
    assert.deepEqual(again.welcome.streams, [['s-A1', 9]])
    assert.equal(again.messages[0]?.[0], 'welcome')
  })

  test('the marks survive a restart, with and without snapshots', async () => {
    for (const how of ['crash', 'drain'] as const) {
      const from = how === 'crash' ? 1 : 6
      crew = await reconnect(from)
      world.fixes(
        crew,
        [0, 1, 2, 3, 4].map(i => wireFix(from + i, 100 + i)),
      )
      await world.advance(200)
      await world.restart(how)
      const back = await reconnect(from + 5)
      assert.deepEqual(back.welcome.streams, [['s-A1', from + 4]])
      assert.equal(await shownAtM(), 104)
      world.fixes(back, [wireFix(from + 4, 900), wireFix(from + 6, 900)])
      await settle()
      assert.deepEqual(back.last('error')[3], { streamIndex: 0, expectedSeq: from + 5 })
    }
  })
})

describe('holes', () => {
  test('fixes that the client no longer holds are recorded as a hole, and the stream goes on above it', async () => {
    world.fixes(crew, [wireFix(1, 100, 10), wireFix(2, 200, 5)])
    await world.advance(200)
    const back = await reconnect(6)
    const holes = await world.events('FixHoleRecorded')
    assert.deepEqual(
      holes.map(({ unitId, streamId, fromSeq, toSeq }) => [unitId, streamId, fromSeq, toSeq]),
      [['A1', 's-A1', 3, 5]],
    )
    assert.deepEqual(back.welcome.streams, [['s-A1', 5]])
    world.fixes(back, [wireFix(6, 400)])
    await world.advance(200)
    assert.deepEqual([await shownAtM(), back.all('error')], [400, []])
  })

  test('the holes of old streams do not make the live one forgotten by a restart', async () => {
    const old = Array.from({ length: 8 }, (_, i) => [`old${i}`, 'gnss', 10] as const)
    world.connect('A1', old)
    await settle()
    const live = await reconnect(1, 'live')
    world.fixes(live, [wireFix(1, 100)])
    await world.advance(200)
    await world.restart()
    const back = await reconnect(2, 'live')
    assert.deepEqual(back.welcome.streams, [['live', 1]])
    world.fixes(back, [wireFix(1, 900), wireFix(2, 200)])
    await world.advance(200)
    assert.deepEqual([await stored(), back.all('error')], [2, []])
    assert.equal((await world.events('FixHoleRecorded')).length, 8)
  })

  test('a client that holds everything still missing makes no hole', async () => {
    world.fixes(crew, [wireFix(1, 100, 10), wireFix(2, 200)])
    await world.advance(200)
    await reconnect(1)
    await reconnect(2)
    await reconnect(3)
    assert.deepEqual(await world.events('FixHoleRecorded'), [])
  })

  for (const how of ['crash', 'drain'] as const) {
    test(`a hole is known after a ${how}`, async () => {
      await reconnect(10)
      await world.restart(how)
      const back = await reconnect(10)
      world.fixes(back, [wireFix(9, 900), wireFix(10, 100)])
      await world.advance(200)
      assert.deepEqual([back.all('error'), await shownAtM()], [[], 100])
      assert.equal((await world.events('FixHoleRecorded')).length, 1)
    })
  }
})

describe('a fix that was left out', () => {
  for (const how of ['', 'crash', 'drain'] as const) {
    test(`counts as received and places nothing${how && `, also after a ${how}`}`, async () => {
      const counted = await world.countedFixes('invalid')
      world.host.tell(crew, {
        type: 'fix',
        streamIndex: 0,
        sentAtMs: 0,
        fixes: [wireFix(1, 100), new BadFix(null, 2, 'lonE7')],
      })
      await world.advance(200)
      assert.equal(await world.countedFixes('invalid'), counted + 1)
      if (how !== '') await world.restart(how)
      const back = await reconnect(3)
      assert.deepEqual(back.welcome.streams, [['s-A1', 2]])
      assert.equal(await shownAtM(), 100)
      world.fixes(back, [wireFix(2, 900), wireFix(3, 300)])
      await world.advance(200)
      assert.deepEqual([await shownAtM(), back.all('error')], [300, []])
      assert.deepEqual(await world.events('FixHoleRecorded'), [])
    })
  }
})
