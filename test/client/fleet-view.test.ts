/** What a view of the fleet does with frames, gaps, moves and reconnects; the server is played by hand. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { RequestLost } from '../../src/client/command-queue.ts'
import { CommandRefused } from '../../src/client/errors.ts'
import { type FleetListener, FleetView, type TileMessage } from '../../src/client/fleet-view.ts'
import type { FleetChange } from '../../src/client/index.ts'
import { RegionTime } from '../../src/client/region-time.ts'
import { DEFAULT_POLICY, type FreshnessPolicy } from '../../src/domain/policy.ts'
import { tileAt } from '../../src/protocol/tiles.ts'
import type { TileUnit, TileWatch } from '../../src/protocol/wire/tile-tuples.ts'
import { DeviceClocks, VirtualTime } from './virtual-time.ts'

interface Asked {
  readonly tiles: readonly TileWatch[]
  answer(): void
  refuse(code: string, retryAfterMs?: number): void
  lose(): void
}

let time: VirtualTime
let device: DeviceClocks
let regionTime: RegionTime
let view: FleetView
let server: FleetListener
let asked: Asked[]
let changes: FleetChange[]
let refusals: string[]

const HERE = { lonDeg: 174.76, latDeg: -36.85 }
const A = tileAt(12, HERE.lonDeg, HERE.latDeg)
const B = tileAt(12, HERE.lonDeg + 0.09, HERE.latDeg)

/** What the region's policy says of positions. */
let freshness: FreshnessPolicy

beforeEach(() => {
  freshness = DEFAULT_POLICY
  time = new VirtualTime()
  device = new DeviceClocks(time)
  regionTime = new RegionTime(device)
  asked = []
  changes = []
  refusals = []
  view = new FleetView({
    timers: device,
    random: () => 0.5,
    time: regionTime,
    freshness: () => freshness,
    watch: tiles =>
      new Promise((resolve, reject) => {
        asked.push({
          tiles,
          answer: () => resolve(null),
          refuse: (code, retryAfterMs) => {
            reject(new CommandRefused('q', { code, message: 'No.', details: { retryAfterMs } }))
          },
          lose: () => reject(new RequestLost('lost')),
        })
      }),
    refused: refusal => refusals.push(refusal.code),
    listen: listener => {
      server = listener
    },
  })
  view.onChanged(change => changes.push(change))
})

async function answered(): Promise<readonly TileWatch[]> {
  const last = asked.at(-1)!
  last.answer()
  await time.advance(0)
  return last.tiles
}

/** Looks at both tiles, and has snapshots of them. */
async function following(...units: TileUnit[]): Promise<void> {
  server.connectionOpened()
  view.lookAtTiles([A, B])
  await answered()
  snapshot(A, 1, units)
  snapshot(B, 1, [])
  changes = []
}

const unit = (
  unitId: string,
  { lonDeg = HERE.lonDeg, ageMs = 0, status = 'available' as TileUnit[6] } = {},
): TileUnit => [unitId, Math.round(lonDeg * 1e7), -368_500_000, ageMs, 1_000, 900, status, 'als']
const receive = (message: TileMessage) => server.received(message)
const snapshot = (tile: string, seq: number, units: TileUnit[], stream = `of-${tile.replaceAll('/', '-')}`) =>
  receive(['tile', tile, stream, seq, time.now(), units])
const moves = (tile: string, seq: number, units: TileUnit[], gone: string[] = [], atMs = time.now()) =>
  receive(['tile-moves', tile, seq, atMs, units, gone])
const shown = () => [...view].map(({ unitId }) => unitId).sort()

test('an area is looked at once the connection is open, and snapshots fill it', async () => {
  const cover = view.lookAt({ westDeg: 174.7, southDeg: -36.9, eastDeg: 174.8, northDeg: -36.8 })
  assert.equal(cover.zoom, 12)
  assert.equal(asked.length, 0)
  server.connectionOpened()
  assert.deepEqual(
    asked[0]!.tiles,
    cover.tiles.map(tile => [tile, null, null]),
  )
  assert.equal(view.tilesAwaited, cover.tiles.length)
  for (const tile of cover.tiles) snapshot(tile, 1, tile === A ? [unit('A1'), unit('A2')] : [])
  assert.deepEqual([view.tilesAwaited, view.size, shown()], [0, 2, ['A1', 'A2']])
  assert.deepEqual(
    changes.map(({ units, gone }) => [units.map(({ unitId }) => unitId), gone]),
    [[['A1', 'A2'], []]],
  )
  const shownUnit = view.get('A1')!
  assert.deepEqual(shownUnit, {
    unitId: 'A1',
    ...HERE,
    fixedAtMs: time.now(),
    speedMps: 10,
    headingDeg: 90,
    status: 'available',
    levelOfCare: 'als',
    freshness: 'fresh',
  })
})

test('moves change, add and take away units, and tell each', async () => {
  await following(unit('A1'), unit('A2'))
  await time.advance(5_000)
  moves(A, 2, [unit('A1', { lonDeg: 174.761, status: 'en-route' }), unit('A3')])
  assert.deepEqual(
    changes.map(({ units }) => units.map(({ unitId, status }) => `${unitId} ${status}`)),
    [['A1 en-route', 'A3 available']],
  )
  moves(A, 3, [], ['A2'])
  await time.advance(2_000)
  assert.deepEqual(shown(), ['A1', 'A3'])
  assert.deepEqual(changes.at(-1), { units: [], gone: ['A2'] })
})

test('a snapshot that says nothing new is no change', async () => {
  await following(unit('A1'))
  snapshot(A, 7, [unit('A1')], 'another')
  assert.deepEqual(changes, [])
})

test('a gap asks for one snapshot, with a null stream, and what comes before it is left aside', async () => {
  await following(unit('A1'))
  await time.advance(1_000)
  moves(B, 2, [])
  moves(A, 3, [unit('A2')])
  moves(A, 4, [unit('A3')])
  assert.deepEqual([shown(), view.tilesAwaited, view.gaps], [['A1'], 1, 1])
  await time.advance(300)
  assert.equal(asked.length, 2)
  assert.deepEqual(asked[1]!.tiles, [
    [A, null, null],
    [B, `of-${B.replaceAll('/', '-')}`, 2],
  ])
  snapshot(A, 4, [unit('A1'), unit('A2'), unit('A3')])
  moves(A, 5, [unit('A4')])
  assert.deepEqual([shown(), view.tilesAwaited], [['A1', 'A2', 'A3', 'A4'], 0])
})

test('frames that are missed together are asked for together', async () => {
  await following()
  moves(A, 5, [])
  moves(B, 9, [])
  await time.advance(1_000)
  assert.equal(asked.length, 2)
  assert.deepEqual(asked[1]!.tiles, [
    [A, null, null],
    [B, null, null],
  ])
})

test('a tile that never stops missing frames is asked for less and less often', async () => {
  await following()
  let seq = 1
  let answers = asked.length
  for (let round = 0; round < 600; round += 1) {
    seq += 2
    moves(A, seq, [])
    await time.advance(1_000)
    for (; answers < asked.length; answers += 1) {
      await answered()
      snapshot(A, seq, [])
    }
  }
  // Ten minutes of gaps every second; without growing pauses it would be 600.
  assert.ok(asked.length > 20 && asked.length < 60, `${asked.length} requests`)
})

test('a frame that came before is left aside', async () => {
  await following(unit('A1'))
  moves(A, 2, [unit('A2')])
  moves(A, 1, [unit('A9')])
  moves(A, 2, [unit('A9')])
  assert.deepEqual([shown(), view.gaps], [['A1', 'A2'], 0])
})

test('a snapshot that does not come is asked for again, after longer and longer', async () => {
  server.connectionOpened()
  view.lookAtTiles([A])
  const moments: number[] = []
  for (let i = 0; i < 60; i += 1) {
    const before = asked.length
    asked.at(-1)!.answer()
    await time.advance(1_000)
    if (asked.length > before) moments.push(i)
  }
  assert.deepEqual(moments, [4, 14, 34])
})

for (const aheadMs of [-3_600_000, 3_600_000]) {
  test(`pauses take as long as ever when the clock is set by ${aheadMs} ms meanwhile`, async () => {
    server.connectionOpened()
    view.lookAtTiles([A])
    await answered()
    device.aheadMs = aheadMs
    await time.advance(4_000)
    assert.equal(asked.length, 1, 'a snapshot that does not come is not asked for again before its time')
    await time.advance(2_000)
    assert.equal(asked.length, 2)
    await answered()

    snapshot(A, 1, [unit('A1')])
    moves(A, 3, [])
    device.aheadMs = 0
    await time.advance(40)
    assert.equal(asked.length, 2, 'nor one that was missed')
    await time.advance(100)
    assert.equal(asked.length, 3)
    asked[2]!.refuse('rate-limited', 2_000)
    await time.advance(0)
    device.aheadMs = aheadMs
    await time.advance(2_000)
    assert.equal(asked.length, 3, 'nor anything that was refused for now')
    await time.advance(2_000)
    assert.equal(asked.length, 4)
    await answered()

    snapshot(A, 3, [unit('A1')])
    moves(A, 4, [], ['A1'])
    device.aheadMs = 0
    await time.advance(600)
    assert.deepEqual(shown(), ['A1'], 'and who left a tile stays until another may have told of it')
    await time.advance(1_000)
    assert.deepEqual(shown(), [])
  })

  test(`positions grow stale in their time when the clock is set by ${aheadMs} ms meanwhile`, async () => {
    const nowMs = time.now()
    regionTime.heard({ nowMs, anchorRegionMs: nowMs, anchorWallMs: nowMs, rate: 1 }, regionTime.hello())
    await following(unit('A1'))
    device.aheadMs = aheadMs
    await time.advance(44_000)
    assert.equal(view.freshness('A1'), 'fresh')
    await time.advance(1_000)
    assert.deepEqual([view.freshness('A1'), view.ageMs('A1')], ['stale', 45_000])
  })
}

test('positions grow stale by the policy of the region, also by one that is told later', async () => {
  const nowMs = time.now()
  regionTime.heard({ nowMs, anchorRegionMs: nowMs, anchorWallMs: nowMs, rate: 1 }, regionTime.hello())
  freshness = { staleAfterMs: { responding: 5_000, moving: 20_000, parked: 30_000 }, lostAfterMs: 60_000 }
  await following(unit('A1'))
  await time.advance(20_000)
  assert.equal(view.freshness('A1'), 'stale')
  freshness = { ...freshness, staleAfterMs: { ...freshness.staleAfterMs, moving: 30_000 } }
  await time.advance(1_000)
  assert.deepEqual([view.freshness('A1'), view.get('A1')!.freshness], ['fresh', 'fresh'])
  await time.advance(40_000)
  assert.equal(view.get('A1')!.freshness, 'lost')
})

test('a resumed tile is watched from its stream and seq, and goes on with moves or with a snapshot', async () => {
  await following(unit('A1'))
  moves(A, 2, [])
  server.connectionLost()
  assert.deepEqual(shown(), ['A1'], 'what was seen stays, and grows old')
  await time.advance(10_000)
  server.connectionOpened()
  assert.deepEqual(asked.at(-1)!.tiles, [
    [A, `of-${A.replaceAll('/', '-')}`, 2],
    [B, `of-${B.replaceAll('/', '-')}`, 1],
  ])
  moves(A, 3, [unit('A2')])
  snapshot(B, 40, [unit('B1', { lonDeg: HERE.lonDeg + 0.09 })], 'new-stream')
  assert.deepEqual([shown(), view.tilesAwaited], [['A1', 'A2', 'B1'], 0])
})

for (const [order, play] of [
  ['came into one tile before it left the other', ['in', 'out']],
  ['left one tile before it came into the other', ['out', 'in']],
] as const) {
  test(`a unit that ${order} never leaves the picture`, async () => {
    await following(unit('A1'))
    await time.advance(5_000)
    for (const step of play) {
      if (step === 'in') moves(B, 2, [unit('A1', { lonDeg: HERE.lonDeg + 0.09 })])
      else moves(A, 2, [], ['A1'])
      assert.deepEqual(shown(), ['A1'])
      await time.advance(500)
    }
    await time.advance(10_000)
    assert.ok(Math.abs(view.get('A1')!.lonDeg - (HERE.lonDeg + 0.09)) < 1e-6)
    assert.deepEqual(
      changes.flatMap(({ gone }) => gone),
      [],
    )
  })
}

test('a unit stands where its newest fix says, whichever tile tells it last', async () => {
  await following(unit('A1'))
  const beforeMs = time.now()
  await time.advance(5_000)
  moves(B, 2, [unit('A1', { lonDeg: HERE.lonDeg + 0.09 })])
  // A frame of the other tile from before, as it comes after a reconnect.
  moves(A, 2, [unit('A1', { ageMs: 0, status: 'unavailable' })], [], beforeMs)
  assert.deepEqual([view.get('A1')!.fixedAtMs, view.get('A1')!.status], [time.now(), 'available'])
})

test('an older fix is shown when the engine has lost the newer one', async () => {
  await following(unit('A1'))
  const firstMs = time.now()
  await time.advance(5_000)
  moves(A, 2, [unit('A1', { lonDeg: 174.77 })])
  await time.advance(1_000)
  snapshot(A, 1, [unit('A1', { ageMs: 6_000 })], 'after-the-crash')
  assert.equal(view.get('A1')!.fixedAtMs, firstMs)
  assert.deepEqual(view.positionAt('A1', firstMs - 1_000), { ...HERE, basis: 'fix' })
})

test('tiles that are not looked at any more are forgotten with their units', async () => {
  await following(unit('A1'))
  view.lookAtTiles([B])
  assert.deepEqual([shown(), view.tiles], [[], [B]])
  assert.deepEqual(changes, [{ units: [], gone: ['A1'] }])
  moves(A, 2, [unit('A1')])
  snapshot(A, 3, [unit('A1')])
  assert.deepEqual(shown(), [])
  await time.advance(1_000)
  assert.deepEqual(
    asked.at(-1)!.tiles.map(([tile]) => tile),
    [B],
  )
})

test('at another zoom the units stay until the new tiles are there', async () => {
  await following(unit('A1'), unit('A2'))
  const wide = tileAt(9, HERE.lonDeg, HERE.latDeg)
  view.lookAtTiles([wide])
  await time.advance(5_000)
  assert.deepEqual(shown(), ['A1', 'A2'])
  snapshot(wide, 1, [unit('A1')])
  await time.advance(2_000)
  assert.deepEqual(shown(), ['A1'])
  assert.deepEqual(
    changes.flatMap(({ gone }) => gone),
    ['A2'],
  )
})

test('a map that is dragged makes few requests, one at a time, and the last one says where it is', async () => {
  server.connectionOpened()
  for (let i = 0; i < 300; i += 1) {
    view.lookAt({ westDeg: 170 + i / 100, southDeg: -37, eastDeg: 170.1 + i / 100, northDeg: -36.9 })
    await time.advance(10)
    if (i % 3 === 2) await answered()
  }
  assert.ok(asked.length <= 31, `${asked.length} requests in 3 s`)
  await answered()
  await time.advance(1_000)
  assert.deepEqual(
    asked.at(-1)!.tiles.map(([tile]) => tile),
    view.tiles,
  )
})

test('a request that is refused for now is made anew after the pause, with what is looked at then', async () => {
  server.connectionOpened()
  view.lookAtTiles([A])
  asked[0]!.refuse('rate-limited', 2_000)
  await time.advance(1_000)
  view.lookAtTiles([B])
  await time.advance(900)
  assert.equal(asked.length, 1)
  await time.advance(2_000)
  assert.equal(asked.length, 2)
  assert.deepEqual(asked[1]!.tiles, [[B, null, null]])
  assert.deepEqual(refusals, [])
})

test('a request that is refused for good is told, and made again only for another look', async () => {
  server.connectionOpened()
  view.lookAtTiles([A])
  asked[0]!.refuse('wrong-role')
  await time.advance(300_000)
  assert.deepEqual([asked.length, refusals], [1, ['wrong-role']])
  view.lookAtTiles([B])
  assert.equal(asked.length, 2)
})

test('a request that the connection took with it is made anew by the next one', async () => {
  server.connectionOpened()
  view.lookAtTiles([A])
  server.connectionLost()
  asked[0]!.lose()
  await time.advance(60_000)
  assert.equal(asked.length, 1)
  server.connectionOpened()
  assert.equal(asked.length, 2)
})

test('looking nowhere ends the watch', async () => {
  await following(unit('A1'))
  await time.advance(1_000)
  view.lookAtTiles([])
  assert.deepEqual([asked.at(-1)!.tiles, view.size], [[], 0])
})

test('names of no tile, and too many of them, are refused', () => {
  assert.throws(() => view.lookAtTiles(['11/1/1']), RangeError)
  assert.throws(() => view.lookAtTiles(Array.from({ length: 257 }, (_, i) => `9/${i}/1`)), RangeError)
})

test('a position grows stale and is lost by its own age and the status, and each is told', async () => {
  await following(unit('A1', { status: 'en-route' }), unit('A2'))
  assert.deepEqual(
    [view.ageMs('A1'), view.freshness('A1'), view.ageMs('A9'), view.freshness('A9')],
    [0, 'fresh', null, null],
  )
  const told: string[] = []
  view.onChanged(({ units }) => told.push(...units.map(({ unitId, freshness }) => `${unitId} ${freshness}`)))
  const thresholds: [number, string[]][] = []
  for (let s = 0; s < 310; s += 1) {
    await time.advance(1_000)
    if (told.length > 0) thresholds.push([s + 1, told.splice(0)])
  }
  assert.deepEqual(thresholds, [
    [20, ['A1 stale']],
    [45, ['A2 stale']],
    [300, ['A1 lost', 'A2 lost']],
  ])
  assert.deepEqual([view.ageMs('A1'), view.freshness('A1')], [310_000, 'lost'])
})

test('a client that has ended leaves no timer behind', async () => {
  await following(unit('A1'))
  moves(A, 4, [])
  server.clientEnded()
  assert.equal(time.timersRunning, 0)
  view.lookAtTiles([B])
  await time.advance(10_000)
  assert.equal(time.timersRunning, 0)
})
