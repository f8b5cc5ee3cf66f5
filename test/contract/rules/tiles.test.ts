/** `docs/protocol/dispatcher.md`: tiles of the map, single units, and consoles that read too slowly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import { DEFAULT_LIMITS, LIMITS } from '../../../src/protocol/limits.ts'
import { tileAt } from '../../../src/protocol/tiles.ts'
import type { TileUnit } from '../../../src/protocol/wire/tile-tuples.ts'
import { until } from '../../support/engine.ts'
import { CALL, FORMATS, fixAt, holdWrites, PLACE, type Speaker, Stage } from './stage.ts'

const plan = { mode: 'ordered', units: ['A1', 'A2'] } as const
const many = Array.from({ length: LIMITS.unitsWatched + 1 }, (_, i) => `U${i}`)
const THIN_BYTES = 16 * 1024
const stage = new Stage(
  {
    grid: plan,
    look: plan,
    edge: plan,
    resume: plan,
    durable: plan,
    unit: plan,
    many: { mode: 'ordered', units: many },
    slow: plan,
  },
  { limits: { ...DEFAULT_LIMITS, thinBytes: THIN_BYTES } },
)

/** The tiles of a place so far east of the scene. */
const tilesAt = (distanceKm: number) =>
  [6, 9, 12].map(zoom => tileAt(zoom, fixAt(1, distanceKm)[2]! / 1e7, PLACE.latE7 / 1e7)) as [string, string, string]
const [WIDE, MIDDLE, HERE] = tilesAt(1)
/** So far east that the tile of zoom 12 is another. */
const FAR_KM = 20
const FAR = tilesAt(FAR_KM)[2]

/** A crew on duty, with a stream of its own for each format: every run begins at fix 2. */
const crewOn = (unit: string, region: string, format: WireFormat) =>
  stage.crew(unit, { region, format, streams: [[`s-${format}`, 'gnss', 1]] })

/** Replaces what the desk looks at; tiles by name ask for snapshots. */
const look = (desk: Speaker, ...tiles: (string | [string, string, number])[]) =>
  desk.ask(
    'watch-tiles',
    tiles.map(tile => (typeof tile === 'string' ? [tile, null, null] : tile)),
  )

const snapshot = (desk: Speaker, tile: string) => desk.hear('tile', message => message[1] === tile)
const moves = (desk: Speaker, tile: string) => desk.hear('tile-moves', message => message[1] === tile)
const ids = (units: readonly TileUnit[]) => units.map(([unitId]) => unitId).sort()

for (const format of FORMATS) {
  test(`[TL-1] [TL-5] [TL-6] a place is on its tile at zooms 6, 9 and 12, with the age of its fix (${format})`, async () => {
    const region = 'grid'
    const crew = await crewOnce(region)
    await (await stage.driver('A2', { region })).ask('sign-on', Date.now())
    const desk = await stage.desk({ region, format })
    await look(desk, WIDE, MIDDLE, HERE, FAR)
    for (const tile of [WIDE, MIDDLE, HERE]) {
      const [, , , , atMs, units] = await snapshot(desk, tile)
      assert.deepEqual(ids(units), ['A1'], 'A2 is signed on, and nobody knows where')
      const [, lonE7, latE7, ageMs, speedCmps, headingDd, status, levelOfCare] = units[0]!
      const [, , lon, lat] = fixAt(1, 1)
      assert.deepEqual(
        [lonE7, latE7, speedCmps, headingDd, status, levelOfCare],
        [lon, lat, null, null, 'available', 'als'],
      )
      assert.ok(ageMs >= -50 && Math.abs(Date.now() - (atMs - ageMs)) < 60_000)
    }
    assert.deepEqual((await snapshot(desk, FAR))[5], [])
    for (const wrong of ['5/31/19', '12/4096/0', '12/0/-1', '12/01/1', '12/1', '12/1/1/1']) {
      assert.equal(await desk.refused('watch-tiles', [[wrong, null, null]]), 'invalid-field tiles.0.0')
    }
    crew?.socket.close()
  })

  test(`[TL-2] a session has one set of tiles, each once, and the last request stands (${format})`, async () => {
    const region = 'look'
    const desk = await stage.desk({ region, format })
    assert.deepEqual((await look(desk, HERE, WIDE)).result, { tiles: 2 })
    await snapshot(desk, HERE)
    await snapshot(desk, WIDE)
    assert.deepEqual((await look(desk, WIDE)).result, { tiles: 1 })
    const crew = await crewOn('A1', region, format)
    assert.deepEqual((await moves(desk, WIDE))[1], WIDE)
    crew.send('fix', 0, 10, fixAt(2, 1.1))
    await moves(desk, WIDE)
    assert.deepEqual((await look(desk)).result, { tiles: 0 })
    crew.send('fix', 0, 20, fixAt(3, 1.2))
    const witness = await stage.desk({ region, format })
    await look(witness, HERE)
    await until('another desk is shown the fix', async () => {
      await look(witness, HERE)
      return (await snapshot(witness, HERE))[5].some(unit => unit[1] === fixAt(3, 1.2)[2])
    })
    assert.ok((await desk.heardSoFar()).every(message => message[1] !== HERE || message[0] === 'tile'))
    await crew.ask('sign-off', Date.now())
    const repeated = Array.from({ length: 2 }, () => [HERE, null, null])
    assert.equal(await desk.refused('watch-tiles', repeated), 'invalid-field tiles')
    const tooMany = Array.from({ length: LIMITS.tilesPerWatch + 1 }, (_, i) => [`12/${i}/0`, null, null])
    assert.equal(await desk.refused('watch-tiles', tooMany), 'invalid-field tiles')
    assert.equal(await desk.refused('watch-tiles', [[HERE, 'stream', null]]), 'invalid-field tiles.0')
    crew.socket.close()
  })

  test(`[TL-4] frames are numbered without a gap; who crosses an edge is gone from one tile and comes to the other (${format})`, async () => {
    const region = 'edge'
    const crew = await crewOn('A1', region, format)
    const desk = await stage.desk({ region, format })
    await look(desk, HERE, FAR)
    const seqs = new Map([HERE, FAR].map(tile => [tile, 0]))
    for (const tile of seqs.keys()) seqs.set(tile, (await snapshot(desk, tile))[3])
    const next = async (tile: string) => {
      const frame = await moves(desk, tile)
      assert.equal(frame[2], seqs.get(tile)! + 1)
      seqs.set(tile, frame[2])
      return frame
    }
    for (let i = 0; i < 4; i += 1) {
      const isAway = i % 2 === 0
      crew.send('fix', 0, 10 * i, fixAt(2 + i, isAway ? FAR_KM : 1))
      let here = await next(HERE)
      const far = await next(FAR)
      // What the snapshot had of its coming may be told once more.
      if (i === 0 && here[5].length === 0) here = await next(HERE)
      const [left, entered] = isAway ? [here, far] : [far, here]
      assert.deepEqual([left[4], left[5]], [[], ['A1']])
      assert.deepEqual([ids(entered[4]), entered[5]], [['A1'], []])
    }
    await crew.ask('sign-off', Date.now())
    assert.deepEqual((await moves(desk, HERE))[5], ['A1'], 'off duty is off the map')
    crew.socket.close()
  })

  test(`[TL-3] a client that comes back with stream and seq gets what it missed, and else a snapshot (${format})`, async () => {
    const region = 'resume'
    const crew = await crewOn('A2', region, format)
    const desk = await stage.desk({ region, format })
    await look(desk, HERE)
    const [, , stream, seq] = await snapshot(desk, HERE)
    const witness = await stage.desk({ region, format })
    await look(witness, HERE)
    await snapshot(witness, HERE)
    desk.socket.terminate()
    for (let i = 0; i < 2; i += 1) {
      crew.send('fix', 0, 10 * i, fixAt(2 + i, 1.5 + i / 10))
      await moves(witness, HERE)
    }
    const back = await stage.desk({ region, format })
    await look(back, [HERE, stream, seq])
    assert.deepEqual([(await moves(back, HERE))[2], (await moves(back, HERE))[2]], [seq + 1, seq + 2])
    for (const unknown of [
      [HERE, 'no-such-stream', seq],
      [HERE, stream, seq + 1_000],
    ] as [string, string, number][]) {
      await look(back, unknown)
      assert.equal((await snapshot(back, HERE))[2], stream)
    }
    await look(back, HERE)
    // At least: the crew's own signing on may have made a frame of its own meanwhile.
    assert.ok((await snapshot(back, HERE))[3] >= seq + 2)
    await crew.ask('sign-off', Date.now())
    crew.socket.close()
  })
}

/** Signs A1 of a region on, unless a former test has. */
async function crewOnce(region: string): Promise<Speaker | null> {
  const driver = await stage.driver('A1', { region })
  if (driver.welcome.driver?.unit.fix !== null) return driver
  driver.socket.close()
  return stage.crew('A1', { region })
}

test('[TL-7] a position is shown before it is stored, a status only after', async () => {
  const region = 'durable'
  const crew = await stage.crew('A1', { region })
  const desk = await stage.desk({ region })
  await look(desk, HERE)
  await snapshot(desk, HERE)
  const hold = await holdWrites(stage.site, region)
  crew.send('set-status', 'held', 'unavailable', 'break', Date.now())
  crew.send('fix', 0, 10, fixAt(2, 1.3))
  const shown = (await moves(desk, HERE))[4][0]!
  assert.deepEqual([shown[1], shown[6]], [fixAt(2, 1.3)[2], 'available'])
  await look(desk, HERE)
  assert.equal((await snapshot(desk, HERE))[5][0]![6], 'available', 'also in a snapshot')
  await hold.release()
  await crew.reply('held')
  await desk.hear('tile-moves', ([, , , , units]) => units[0]?.[6] === 'unavailable')
})

for (const format of FORMATS) {
  test(`[TL-9] a watched unit is told at once and with each change, until unwatched (${format})`, async () => {
    const region = 'unit'
    const unitId = format === 'json' ? 'A1' : 'A2'
    const crew = await crewOn(unitId, region, format)
    const desk = await stage.desk({ region, format })
    const watched = await desk.ask('watch-unit', unitId)
    assert.deepEqual(watched.result, {})
    const [, position, unit, trip] = await desk.hear('unit')
    assert.ok(position >= watched.position)
    assert.deepEqual([unit.unitId, unit.status, unit.connected, trip], [unitId, 'available', true, null])
    crew.send('fix', 0, 10, fixAt(2, 1.4))
    await desk.hear('unit', ([, , { fix }]) => fix?.lonE7 === fixAt(2, 1.4)[2])
    const entered = await desk.ask('enter-call', CALL)
    const [, toldAt, , told] = await desk.hear('unit', ([, , { status }]) => status === 'offered')
    assert.deepEqual([told?.tripId, told?.phase], [(entered.result.tripIds as string[])[0], 'offered'])
    assert.ok(toldAt >= entered.position)
    await desk.ask('cancel-trip', told!.tripId, 'other')
    await desk.hear('unit', ([, , { status }, none]) => status === 'available' && none === null)
    crew.socket.terminate()
    await desk.hear('unit', ([, , { connected }]) => !connected)
    assert.deepEqual((await desk.ask('unwatch-unit', unitId)).result, {})
    assert.deepEqual((await desk.ask('unwatch-unit', unitId)).result, {})
    const back = await stage.driver(unitId, { region })
    await back.ask('sign-off', Date.now())
    assert.deepEqual(await desk.heardSoFar(), [])
  })
}

test('[TL-10] so many units and no more, and only those that there are', async () => {
  const desk = await stage.desk({ region: 'many' })
  for (const unitId of many.slice(0, LIMITS.unitsWatched)) await desk.ask('watch-unit', unitId)
  assert.equal(await desk.refused('watch-unit', many.at(-1)), 'invalid-field unitId')
  await desk.ask('watch-unit', many[0])
  await desk.ask('unwatch-unit', many[0])
  await desk.ask('watch-unit', many.at(-1))
  assert.equal(await desk.refused('watch-unit', 'nobody'), 'unknown-unit')
})

test('[TL-8] [TL-11] who reads too slowly misses frames and records, and then has the whole picture again', async () => {
  const region = 'slow'
  const crew = await stage.crew('A1', { region })
  const [slow, helper] = [await stage.desk({ region }), await stage.desk({ region, sub: 'person-1' })]
  // A board that weighs much, so that a few snapshots of it fill what the system buffers for a socket.
  const details = { notes: 'n'.repeat(LIMITS.notesChars) }
  for (let i = 0; i < 60; i += 1) {
    await helper.ask('enter-call', { ...CALL, needs: [{ levelOfCare: 'cct' }], details })
    // Long notes count as several commands.
    await sleep(60)
  }
  await look(slow, HERE)
  let { seq, position } = { seq: (await snapshot(slow, HERE))[3], position: 0 }
  slow.socket.pause()
  const thinned = (type: string) => stage.site.metric(`goldenhour_frames_thinned_total{type="${type}"}`)
  const asked: string[] = []
  await until('frames are left out', async () => {
    asked.push(stage.id())
    slow.send('watch-board', asked.at(-1), null)
    crew.send('fix', 0, asked.length * 10, fixAt(asked.length + 1, 1 + asked.length / 1_000))
    await helper.ask('nearest', PLACE.lonE7, PLACE.latE7, 1, null)
    return (await thinned('tile-moves').catch(() => 0)) > 0
  })
  for (let i = 0; i < 3; i += 1) position = (await helper.ask('enter-call', CALL)).position
  assert.ok((await thinned('board-events')) >= 3)

  slow.socket.resume()
  // The snapshot that it asked for last may have been made before the records that were left out.
  await slow.hearBoardAsOf(position)
  await slow.hear('tile', message => message[3] > seq)
  const from = asked.length + 2
  crew.send('fix', 0, from * 10, fixAt(from, 2))
  const last = await slow.hear('tile-moves', ([, , , , units]) => units[0]?.[1] === fixAt(from, 2)[2])
  assert.ok(last[2] > seq)
  seq = last[2]
  assert.equal(await stage.site.metric('goldenhour_slow_clients_total'), 0)
})
