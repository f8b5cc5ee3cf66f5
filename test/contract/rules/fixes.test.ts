/** `docs/protocol/core.md`: fixes, hints and marks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, LIMITS } from '../../../src/protocol/limits.ts'
import type { FixView } from '../../../src/protocol/wire/situation-views.ts'
import { until } from '../../support/engine.ts'
import { CALL, type DriverIdentity, FORMATS, fixAt, holdWrites, PLACE, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2', 'A3', 'A4'] } as const
const REGIONS = [
  'frames',
  'marks',
  'told',
  'twice',
  'gaps',
  'holes',
  'old',
  'hints',
  'late',
  'future',
  'unknown',
  'cadence',
  'bad',
]
const stage = new Stage(Object.fromEntries(REGIONS.map(region => [region, ordered])))

/** Asks for the mark, which must be this. */
async function durable(driver: Speaker, seq: number, streamIndex = 0): Promise<void> {
  driver.send('mark', streamIndex)
  await driver.hear('marks', ([, index, durableSeq]) => index === streamIndex && durableSeq === seq)
}

async function storedSeqs(region: string, streamId = 's1'): Promise<number[]> {
  return (await stage.site.storedFixes(region)).filter(row => row.streamId === streamId).map(row => row.fix.seq)
}

/** What `hello` tells of the unit's place now; each look is a session of its own. */
async function placeOf(unit: string, identity: DriverIdentity): Promise<FixView | null | undefined> {
  return (await stage.driver(unit, identity)).welcome.driver?.unit.fix
}

test('[FX-1] fixes are numbered from 1 without holes, 1 to 256 in a frame', async () => {
  const region = 'frames'
  for (const [i, format] of FORMATS.entries()) {
    const driver = await stage.driver(`A${i + 1}`, { region, format, streams: [[format, 'gnss', 1]] })
    const frameOf = (from: number, count: number) => Array.from({ length: count }, (_, n) => fixAt(from + n))
    driver.send('fix', 0, 0)
    assert.equal(await driver.refusal(null), 'invalid-field fixes')
    driver.send('fix', 0, 0, ...frameOf(1, DEFAULT_LIMITS.fixesPerFrame + 1))
    assert.equal(await driver.refusal(null), 'invalid-field fixes')
    driver.send('fix', 0, 0, fixAt(0))
    assert.equal(await driver.refusal(null), 'invalid-field fixes.0.seq')
    driver.send('fix', 0, 0, ...frameOf(1, DEFAULT_LIMITS.fixesPerFrame))
    driver.send('fix', 0, 0, fixAt(DEFAULT_LIMITS.fixesPerFrame + 1))
    await durable(driver, DEFAULT_LIMITS.fixesPerFrame + 1)
    assert.deepEqual(
      await storedSeqs(region, format),
      Array.from({ length: DEFAULT_LIMITS.fixesPerFrame + 1 }, (_, n) => n + 1),
    )
  }
})

test('[FX-2] nothing answers a fix, and no mark covers what is not stored', async () => {
  const region = 'marks'
  const driver = await stage.driver('A1', { region })
  const hold = await holdWrites(stage.site, region)
  driver.send('fix', 0, 0, ...Array.from({ length: 20 }, (_, i) => fixAt(i + 1)))
  driver.send('mark', 0)
  const taken = () => stage.site.metric(`goldenhour_fixes_not_durable{region="${region}"}`)
  await until('all fixes are taken', async () => (await taken()) === 20)
  assert.deepEqual(await driver.heardSoFar(), [])
  await hold.release()
  const [, , durableSeq] = await driver.hear('marks')
  const stored = await storedSeqs(region)
  assert.deepEqual(
    stored.slice(0, durableSeq),
    Array.from({ length: durableSeq }, (_, i) => i + 1),
  )
})

test('[FX-3] a mark comes unasked for every eight fixes, asked for at once, and never goes back', async () => {
  const region = 'told'
  const driver = await stage.driver('A1', { region })
  const told: number[] = []
  for (let seq = 1; seq <= 8; seq += 1) driver.send('fix', 0, 0, fixAt(seq))
  for (let durableSeq = 0; durableSeq < 8; told.push(durableSeq)) durableSeq = (await driver.hear('marks'))[2]
  driver.send('fix', 0, 0, fixAt(9))
  await durable(driver, 9)
  await durable(driver, 9)
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  )
})

test('[FX-4] a fix that was received before is dropped, and the mark covers it', async () => {
  const region = 'twice'
  const driver = await stage.driver('A1', { region })
  driver.send('fix', 0, 0, fixAt(1), fixAt(2))
  driver.send('fix', 0, 0, fixAt(1, 50), fixAt(2, 50), fixAt(3))
  await durable(driver, 3)
  assert.deepEqual(await storedSeqs(region), [1, 2, 3])
  const { lonE7 } = (await placeOf('A1', { region }))!
  assert.equal(lonE7, fixAt(3)[2])
})

test('[FX-5] beyond a gap nothing of the frame is taken, and the answer names the seq that is expected', async () => {
  const region = 'gaps'
  for (const [i, format] of FORMATS.entries()) {
    const streams = [
      ['other', 'gnss', 1],
      [format, 'gnss', 1],
    ] as const
    const driver = await stage.driver(`A${i + 1}`, { region, format, streams })
    driver.send('fix', 1, 0, fixAt(1), fixAt(2), fixAt(4), fixAt(3))
    const [, id, code, , details] = await driver.hear('error')
    assert.deepEqual([id, code, details], [null, 'fix-gap', { streamIndex: 1, expectedSeq: 3 }])
    driver.send('fix', 1, 0, fixAt(3), fixAt(4))
    await durable(driver, 4, 1)
    assert.deepEqual(await storedSeqs(region, format), [1, 2, 3, 4])
  }
})

test('[FX-6] after a reconnect fixes go on from the durable mark; those that are gone are recorded as a hole', async () => {
  const region = 'holes'
  const first = await stage.driver('A1', { region })
  first.send('fix', 0, 0, fixAt(1), fixAt(2))
  await durable(first, 2)
  const second = await stage.driver('A1', { region, streams: [['s1', 'gnss', 3]] })
  assert.deepEqual(second.welcome.streams, [['s1', 2]])
  second.send('fix', 0, 0, fixAt(3))
  await durable(second, 3)
  const third = await stage.driver('A1', { region, streams: [['s1', 'gnss', 10]] })
  third.send('fix', 0, 0, fixAt(10))
  await durable(third, 10)
  assert.deepEqual(await storedSeqs(region), [1, 2, 3, 10])
  const holes = (await stage.site.records(region))
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === 'FixHoleRecorded')
  assert.deepEqual(
    holes.map(hole => 'fromSeq' in hole && [hole.unitId, hole.streamId, hole.fromSeq, hole.toSeq]),
    [['A1', 's1', 4, 9]],
  )
})

test('[FX-7] a hint moves the unit, is neither stored nor acknowledged, and its copy in order is no duplicate', async () => {
  const region = 'hints'
  const driver = await stage.driver('A1', { region })
  driver.send('fix', 0, 0, fixAt(1, 1, 60_000))
  driver.send('hint', 0, 0, fixAt(5, 4))
  await durable(driver, 1)
  assert.deepEqual(await storedSeqs(region), [1])
  const back = await stage.driver('A1', { region, streams: [['s1', 'gnss', 2]] })
  assert.deepEqual(back.welcome.streams, [['s1', 1]])
  assert.equal(back.welcome.driver?.unit.fix?.lonE7, fixAt(5, 4)[2])
  back.send('fix', 0, 0, fixAt(2), fixAt(3), fixAt(4), fixAt(5, 4))
  await durable(back, 5)
  assert.deepEqual(await storedSeqs(region), [1, 2, 3, 4, 5])
})

test('[FX-8] a late fix goes into the track and does not move the unit back', async () => {
  const region = 'late'
  const driver = await stage.driver('A1', { region })
  driver.send('fix', 0, 0, fixAt(1, 1, 10_000), fixAt(2, 2, 600_000), fixAt(3, 3, 10_000), fixAt(4, 4, 20_000))
  await durable(driver, 4)
  assert.deepEqual(await storedSeqs(region), [1, 2, 3, 4])
  // Of two measured at one moment, the later number counts.
  assert.equal((await placeOf('A1', { region }))?.lonE7, fixAt(3, 3)[2])
})

test('[HS-7] [FX-4] [FX-6] a stream of many app starts ago is known with its mark', async () => {
  const region = 'old'
  const unit = 'A1'
  const first = await stage.driver(unit, { region, streams: [['a', 'device', 1]] })
  first.send('fix', 0, 0, fixAt(1), fixAt(2), fixAt(3))
  await durable(first, 3)
  const begin = async (streamId: string) => {
    const driver = await stage.driver(unit, { region, streams: [[streamId, 'device', 1]] })
    driver.send('fix', 0, 0, fixAt(1))
    await durable(driver, 1)
  }
  for (let i = 1; i <= 10; i += 1) await begin(`start-${i}`)
  const isWritten = async () => {
    const { rows } = await session.query("SELECT 1 FROM location.stream_marks WHERE region = $1 AND stream_id = 'a'", [
      region,
    ])
    return rows.length === 1
  }
  const session = await stage.site.session()
  await until('its mark is stored apart', isWritten)
  const back = await stage.driver(unit, { region, streams: [['a', 'device', 1]] })
  assert.deepEqual(back.welcome.streams, [['a', 3]])
  back.send('fix', 0, 0, fixAt(1), fixAt(2), fixAt(3), fixAt(4))
  await durable(back, 4)
  assert.deepEqual(await storedSeqs(region, 'a'), [1, 2, 3, 4])
  for (let i = 11; i <= 20; i += 1) await begin(`start-${i}`)
  // What the client no longer holds is stored: there is no hole.
  const without = await stage.driver(unit, { region, streams: [['a', 'device', 5]] })
  assert.deepEqual(without.welcome.streams, [['a', 4]])
  const events = (await stage.site.records(region)).flatMap(record => record.events)
  assert.deepEqual(
    events.filter(event => event.type === 'FixHoleRecorded'),
    [],
  )
})

test('[FX-9] a fix from the future is stored and acknowledged and places nothing; such a hint is dropped', async () => {
  const region = 'future'
  const driver = await stage.driver('A1', { region })
  const aheadMs = LIMITS.aheadMs + 60_000
  driver.send('fix', 0, 0, fixAt(1, 1), fixAt(2, 2, -aheadMs))
  driver.send('hint', 0, 0, fixAt(3, 3, -aheadMs))
  await durable(driver, 2)
  assert.deepEqual(await storedSeqs(region), [1, 2])
  assert.equal((await placeOf('A1', { region }))?.lonE7, fixAt(1, 1)[2])
})

test('[FX-9] a fix timed outside every calendar is refused with the seq to go on from', async () => {
  const region = 'future'
  const driver = await stage.driver('A2', { region, clientNowMs: 0 })
  driver.send('fix', 0, 0, fixAt(1, 1, 2_592_000_000))
  const [, id, code, , details] = await driver.hear('error')
  assert.deepEqual([id, code, details], [null, 'invalid-field', { path: 'ageMs', expectedSeq: 1 }])
  await durable(driver, 0)
})

test('[FX-10] a streamIndex that hello did not name is unknown-stream, for fixes, hints and marks', async () => {
  for (const format of FORMATS) {
    const driver = await stage.driver('A1', { region: 'unknown', format })
    for (const message of [
      ['fix', 1, 0, fixAt(1)],
      ['hint', 1, 0, fixAt(1)],
      ['mark', 1],
    ]) {
      driver.send(...message)
      assert.equal(await driver.refusal(null), 'unknown-stream')
    }
  }
})

test('[FX-11] cadenceMs follows what the unit does, and who sends more often loses nothing', async () => {
  const region = 'cadence'
  const crew = await stage.crew('A1', { region })
  const parked = crew.welcome.driver!.cadenceMs
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const [, , ordered] = await crew.hear('unit-state', ([, , { trip }]) => trip !== null)
  await crew.ask('accept-offer', ordered.trip!.offer!.offerId, Date.now())
  const [, , bound] = await crew.hear('unit-state', ([, , { unit }]) => unit.status === 'assigned')
  assert.ok(bound.cadenceMs < ordered.cadenceMs && ordered.cadenceMs < parked)
  for (let seq = 2; seq <= 50; seq += 1) crew.send('fix', 0, 0, fixAt(seq))
  await durable(crew, 50)
  const { result } = await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 5, null)
  assert.deepEqual(result.units, [], 'the unit is bound')
})

test('[FX-3] mark with null asks for the marks of all streams of the session', async () => {
  const driver = await stage.driver('A3', {
    region: 'told',
    streams: [
      ['one', 'gnss', 1],
      ['two', 'device', 1],
    ],
  })
  driver.send('fix', 0, 0, fixAt(1), fixAt(2))
  driver.send('fix', 1, 0, fixAt(1))
  driver.send('mark', null)
  for (const [index, seq] of [
    [0, 2],
    [1, 1],
  ])
    await driver.hear('marks', ([, i, durableSeq]) => i === index && durableSeq === seq)
})

test('[FX-13] a fix out of range is left out and named once, those around it are taken, and nothing of it holds up the stream', async () => {
  const region = 'bad'
  for (const [i, format] of FORMATS.entries()) {
    const driver = await stage.driver(`A${i + 1}`, { region, format, streams: [[format, 'gnss', 1]] })
    const bad = (seq: number) => [seq, 0, 1_800_000_001, 0, null, null, null]
    const frame = [
      fixAt(1),
      bad(2),
      fixAt(3),
      [4, 0, 0, 0, 70_000, null, null],
      [5, 0, 0, 0, 'wide', null, null],
      fixAt(6),
    ]
    driver.send('fix', 0, 0, ...frame)
    const [, id, code, , details] = await driver.hear('error')
    const leftOut = [
      { path: 'fixes.1.lonE7', seq: 2 },
      { path: 'fixes.3.accuracyDm', seq: 4 },
      { path: 'fixes.4.accuracyDm', seq: 5 },
    ]
    assert.deepEqual([id, code], [null, 'invalid-field'])
    assert.deepEqual(details, { path: 'fixes.1.lonE7', streamIndex: 0, leftOut, more: 0 })
    await durable(driver, 6)
    assert.deepEqual(await trackSeqs(region, `A${i + 1}`), [1, 3, 6])
    // Sent again they are duplicates; a frame of many is told of with a bound; and no connection ends for it.
    driver.send('fix', 0, 0, ...frame)
    driver.send('fix', 0, 0, ...Array.from({ length: 100 }, (_, n) => bad(7 + n)))
    const [, , , , many] = await driver.hear('error')
    assert.deepEqual([(many!.leftOut as unknown[]).length, many!.more], [16, 84])
    for (let seq = 107; seq < 147; seq += 1) driver.send('fix', 0, 0, bad(seq))
    driver.send('fix', 0, 0, fixAt(147))
    await durable(driver, 147)
    const again = await stage.driver(`A${i + 1}`, { region, format, streams: [[format, 'gnss', 148]] })
    assert.deepEqual(again.welcome.streams, [[format, 147]])
  }
})

test('[FX-13] [FD-6] of a feed too, and each channel goes on', async () => {
  const region = 'bad'
  const feed = await stage.feed({ region })
  await feed.ask('attach', [
    [1, 'A3', 'm', 'gnss', 1],
    [2, 'A4', 'm', 'gnss', 1],
  ])
  feed.send(
    'feed-fixes',
    0,
    [1, ...fixAt(1)],
    [2, 1, 0, 0, 900_000_001, null, null, null],
    [1, ...fixAt(2)],
    [2, ...fixAt(2)],
  )
  const [, , code, , details] = await feed.hear('error')
  const leftOut = [{ path: 'fixes.1.latE7', channel: 2, seq: 1 }]
  assert.deepEqual([code, details], ['invalid-field', { path: 'fixes.1.latE7', leftOut, more: 0 }])
  feed.send('mark', 2)
  await feed.hear('feed-marks', ([, marks]) => marks.some(([channel, seq]) => channel === 2 && seq === 2))
  assert.deepEqual(await trackSeqs(region, 'A4'), [2])
})

/** The fixes that the track of a unit has, by the public door. */
async function trackSeqs(region: string, unit: string): Promise<number[]> {
  const token = await stage.site.token({ sub: 'desk', role: 'supervisor', regions: [region] })
  const [from, to] = [Date.now() - 3_600_000, Date.now() + 3_600_000]
  const { body } = await stage.site.http(`/v1/units/${unit}/track?region=${region}&fromMs=${from}&toMs=${to}`, {
    token,
  })
  return body.items.map((item: { seq: number }) => item.seq)
}
