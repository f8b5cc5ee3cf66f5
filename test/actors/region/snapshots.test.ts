/** Snapshots, of a drain and while it works: a set counts when it is whole and of one form, and a broken one costs nothing but time. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { StoreUnavailable } from '../../../src/store/log/journal.ts'
import { callOf, REGION, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

const seen = async () => {
  const { position, trips, units } = await world.board()
  return { position, trips, units: units.map(unit => ({ ...unit, connected: false, awaySinceMs: null, reach: null })) }
}
const storedSnapshots = async () => {
  const rows = []
  for await (const chunk of world.journal.readSnapshots(REGION)) rows.push(...chunk)
  return rows
}
/** From which position the next start reads the log. */
async function logReadFrom(start: () => Promise<void>): Promise<number> {
  const readLog = world.journal.readLog.bind(world.journal)
  const from: number[] = []
  world.journal.readLog = (region, afterPosition) => {
    from.push(afterPosition)
    return readLog(region, afterPosition)
  }
  await start()
  world.journal.readLog = readLog
  assert.equal(from.length, 1)
  return from[0]!
}

test('a drain writes its set in parts, the region last; cut off between them, the former set is still good', async () => {
  const putSnapshots = world.journal.putSnapshots.bind(world.journal)
  const parts: string[][] = []
  let partsLeft = Number.POSITIVE_INFINITY
  world.journal.putSnapshots = (ownership, snapshots) => {
    if (partsLeft-- <= 0) return Promise.reject(new StoreUnavailable('the process died'))
    parts.push(snapshots.map(({ entity }) => entity))
    return putSnapshots(ownership, snapshots)
  }
  const crew = await world.onDuty('A1', 100)
  await world.import(...Array.from({ length: 2_000 }, (_, i) => [`U${i}`] as const))
  await world.advance(200)
  await world.host.close()
  const wholeAt = (await world.log()).at(-1)!.position
  assert.deepEqual(
    parts.map(part => [part.length, part.indexOf('region')]),
    [...Array.from({ length: 8 }, () => [250, -1]), [1, -1], [1, 0]],
  )
  assert.equal(await logReadFrom(() => world.start()), wholeAt)

  const back = world.connect('A1', [['s-A1', 'gnss', 2]])
  await settle()
  const tripId = await world.call()
  await world.import(['U7', { capabilities: ['neonatal'] }], ['new'])
  world.fixAt(back, 300)
  await world.advance(200)
  const before = await seen()
  partsLeft = 1
  // Nothing that was told to anybody is in it, so this is no failure of the stop.
  await world.host.close()
  // What has changed since, and not the region's own.
  const changed = parts[10]!.map(entity => entity.replace(/^call.*/, 'call')).sort()
  assert.deepEqual(changed, ['call', 'driver/A1', 'driver/U7', 'driver/new', `trip/${tripId}`])
  assert.equal(parts.length, 11)
  assert.equal(await logReadFrom(() => world.start()), wholeAt)
  assert.deepEqual(await seen(), before)
  const again = world.connect('A1', [['s-A1', 'gnss', 3]])
  await settle()
  assert.deepEqual([again.welcome.streams, again.welcome.driver!.trip?.tripId], [[['s-A1', 2]], tripId])
  assert.equal(again.welcome.driver!.unit.crew, crew.principal)
})

test('a first set that was cut off is left unread', async () => {
  await world.onDuty('A1', 100)
  await world.call()
  await world.advance(200)
  const before = await seen()
  const putSnapshots = world.journal.putSnapshots.bind(world.journal)
  world.journal.putSnapshots = (ownership, snapshots) => putSnapshots(ownership, snapshots.slice(0, -1))
  await world.host.close()
  assert.ok((await storedSnapshots()).length > 0)
  assert.equal(await logReadFrom(() => world.start()), 0)
  assert.deepEqual(await seen(), before)
})

for (const entity of ['region', 'driver/A1'] as const) {
  test(`a set in which one row has another form (${entity}) is left unread: the log tells everything`, async () => {
    const crew = await world.onDuty('A1', 100)
    await world.call()
    world.fixAt(crew, 200)
    await world.advance(200)
    const before = await seen()
    await world.host.close()
    const { position, segmentNo } = (await storedSnapshots()).at(-1)!
    const { ownership } = await world.journal.acquire(REGION)
    const state = { form: 999, state: { unitId: 'A1' }, lastRecordedAtMs: 1, streams: [], placed: null }
    await world.journal.putSnapshots(ownership, [{ entity, position, segmentNo, state }])
    assert.equal(await logReadFrom(() => world.start()), 0)
    assert.deepEqual(await seen(), before)
    const back = world.connect('A1', [['s-A1', 'gnss', 3]])
    await settle()
    assert.deepEqual(back.welcome.streams, [['s-A1', 2]])
  })
}

/** The entities of each statement, from now on. */
function written(): string[][] {
  const parts: string[][] = []
  const putSnapshots = world.journal.putSnapshots.bind(world.journal)
  world.journal.putSnapshots = (ownership, snapshots) => {
    parts.push(snapshots.map(({ entity }) => entity).sort())
    return putSnapshots(ownership, snapshots)
  }
  return parts
}

test('while the region works, what has changed is written, so that a kill costs the reading of what came after', async () => {
  const crew = await world.onDuty('A1', 100)
  const tripId = await world.call()
  await world.import(...Array.from({ length: 120 }, (_, i) => [`U${i}`] as const))
  const parts = written()
  await world.advance(70_000)
  const saved = parts.flat()
  assert.ok(
    parts.every(part => part.length <= 50),
    'a second has its share',
  )
  assert.deepEqual([saved.length, new Set(saved).size, parts.at(-1)], [124, 124, ['region']])
  const wholeAt = (await storedSnapshots()).find(({ entity }) => entity === 'region')!.position

  // What comes after is read from the log, and from the segments.
  world.drive(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: world.nowMs })
  world.fixAt(crew, 300)
  await world.advance(200)
  const before = await seen()
  world.crash()
  assert.equal(await logReadFrom(() => world.start()), wholeAt)
  assert.ok(wholeAt > 0)
  assert.deepEqual(await seen(), before)
  const again = world.connect('A1', [['s-A1', 'gnss', 3]])
  await settle()
  assert.deepEqual(again.welcome.streams, [['s-A1', 2]])
  assert.ok(before.trips.some(trip => trip.tripId === tripId))
})

test('another pass writes what has changed since, and none is made when nothing has', async () => {
  const crew = await world.onDuty('A1', 100)
  await world.import(['U1'], ['U2'])
  await world.advance(70_000)
  const parts = written()
  await world.advance(300_000)
  assert.deepEqual(parts, [])
  world.fixAt(crew, 200)
  await world.advance(130_000)
  assert.deepEqual(parts, [['driver/A1'], ['region']])
})

test('a unit whose last fix is not stored yet is written when it is', async () => {
  const crew = await world.onDuty('A1', 100)
  await world.advance(70_000)
  const parts = written()
  const appendSegment = world.journal.appendSegment.bind(world.journal)
  let isStored = (): void => undefined
  world.journal.appendSegment = async (ownership, segment) => {
    await new Promise<void>(resolve => {
      isStored = resolve
    })
    return appendSegment(ownership, segment)
  }
  world.fixAt(crew, 200)
  await world.dispatch(callOf())
  await world.advance(130_000)
  assert.ok(!parts.flat().includes('driver/A1') && !parts.flat().includes('region'), String(parts))
  isStored()
  await world.advance(5_000)
  assert.ok(parts.flat().includes('driver/A1') && parts.flat().includes('region'), String(parts))
})

test('a stop that has no time left writes no more, and loses nothing that was told to anybody', async () => {
  const crew = await world.onDuty('A1', 100)
  await world.call()
  await world.advance(200)
  const before = await seen()
  world.journal.stall()
  world.fixAt(crew, 900)
  const unheard = world.dispatch(callOf())
  await settle()
  const nowMs = world.machine.monotonicMs()
  const closing = world.host.close({ flushUntilMs: nowMs + 500, snapshotsUntilMs: nowMs + 500 })
  await world.advance(700)
  await closing
  world.journal.resume()
  await settle()
  void unheard
  await world.start()
  assert.deepEqual(
    (await seen()).trips.filter(({ tripId }) => before.trips.some(trip => trip.tripId === tripId)).length,
    before.trips.length,
  )
})
