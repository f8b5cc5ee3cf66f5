/** `docs/protocol/dispatcher.md`: the board and queries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NearestUnit, TripExplanation } from '../../../src/protocol/wire/answer-views.ts'
import type { TripView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import { until } from '../../support/engine.ts'
import { CALL, FORMATS, holdWrites, PLACE, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const levels = [
  { unitId: 'B1', levelOfCare: 'bls' },
  { unitId: 'L1', levelOfCare: 'als' },
  { unitId: 'L2', levelOfCare: 'als' },
  { unitId: 'C1', levelOfCare: 'cct' },
  { unitId: 'N1', levelOfCare: 'als' },
] as const
const stage = new Stage({
  watch: ordered,
  gaps: ordered,
  again: ordered,
  private: ordered,
  nearest: { mode: 'ordered', units: levels },
  durable: ordered,
  why: { mode: 'ordered', units: levels },
})
/** Nobody is free for it, and of its priority nobody is sent to help. */
const UNMET = { ...CALL, priority: 3, needs: [{ levelOfCare: 'cct' }] }

/** All parts of the snapshot that comes next. */
async function snapshot(desk: Speaker): Promise<{ position: number; trips: TripView[]; units: UnitView[] }> {
  const trips: TripView[] = []
  const units: UnitView[] = []
  for (let part = 0; ; part += 1) {
    const message = await desk.hear('board')
    assert.equal(message[2], part)
    trips.push(...message[4])
    units.push(...message[5])
    if (part === message[3] - 1) return { position: message[1], trips, units }
  }
}

for (const format of FORMATS) {
  test(`[BD-1] [BD-2] a board is the trips that have not ended and all units; it is watched once, until unwatched (${format})`, async () => {
    const region = 'watch'
    const desk = await stage.desk({ region, format })
    const open = (await desk.ask('enter-call', UNMET)).result.tripIds as string[]
    const ended = (await desk.ask('enter-call', UNMET)).result.tripIds as string[]
    await desk.ask('cancel-trip', ended[0], 'other')
    for (let i = 0; i < 2; i += 1) {
      const { position, result } = await desk.ask('watch-board', null)
      assert.deepEqual(result, { mode: 'snapshot', position })
      const board = await snapshot(desk)
      assert.equal(board.position, position)
      assert.ok(board.trips.some(({ tripId }) => tripId === open[0]))
      assert.ok(!board.trips.some(({ tripId }) => tripId === ended[0]))
      assert.deepEqual(
        board.units.map(({ unitId }) => unitId),
        ['A1', 'A2'],
      )
    }
    const seen = await desk.ask('enter-call', UNMET)
    await desk.ask('unwatch-board')
    await desk.ask('enter-call', UNMET)
    const told = (await desk.heardSoFar()).filter(([kind]) => kind !== 'freshness')
    const events = told.map(message => [message[0], message[1]])
    assert.deepEqual(events, [['board-events', seen.position]])
  })
}

test('[BD-3] a record is one board-events; they come in the order of positions and without a gap', async () => {
  const region = 'gaps'
  const desk = await stage.desk({ region })
  const { position } = await desk.ask('watch-board', null)
  await snapshot(desk)
  const dispatcher = await stage.desk({ region, sub: 'person-1' })
  const driver = await stage.driver('A1', { region })
  for (let i = 0; i < 10; i += 1) {
    dispatcher.send('enter-call', `call-${i}`, UNMET)
    // All but the first change nothing; each is a record all the same, with its outcome.
    driver.send('sign-on', `on-${i}`, Date.now())
  }
  for (let i = 0; i < 10; i += 1) {
    await dispatcher.reply(`call-${i}`)
    await driver.reply(`on-${i}`)
  }
  const records = (await stage.site.records(region)).filter(record => record.position > position)
  assert.equal(records.length, 20)
  for (const record of records) {
    const frame = await desk.hear('board-events')
    assert.deepEqual(frame, ['board-events', record.position, record.recordedAtMs, record.events, record.principal])
  }
})

test('[BD-4] fromPosition goes on after that position; null asks for a snapshot; one beyond the log is position-ahead', async () => {
  const region = 'again'
  const first = await stage.desk({ region })
  const { position } = await first.ask('enter-call', UNMET)
  const later = await first.ask('enter-call', UNMET)
  for (const format of FORMATS) {
    const back = await stage.desk({ region, format })
    assert.deepEqual((await back.ask('watch-board', position)).result, { mode: 'events', position: later.position })
    assert.deepEqual((await back.hear('board-events')).slice(0, 2), ['board-events', later.position])
    assert.deepEqual((await back.ask('watch-board', later.position)).result, {
      mode: 'events',
      position: later.position,
    })
    assert.equal((await back.ask('watch-board', null)).result.mode, 'snapshot')
    assert.equal(await back.refused('watch-board', later.position + 1), 'position-ahead')
  }
})

test('[BD-5] events carry no personal data, and units of a snapshot have their fix with its age', async () => {
  const region = 'private'
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  await snapshot(desk)
  await stage.crew('A1', { region })
  const details = { callerName: 'caller secret', phone: '021 secret', address: '12 Secret Street', notes: 'secret' }
  const { position } = await desk.ask('enter-call', { ...CALL, details })
  await desk.hear('board-events', ([, at, , events]) => {
    assert.ok(!/secret/i.test(JSON.stringify(events)))
    return at === position
  })
  await desk.ask('watch-board', null)
  const { trips, units } = await snapshot(desk)
  assert.deepEqual(trips[0]?.details, details, 'the desk itself may read them')
  const fix = units.find(({ unitId }) => unitId === 'A1')?.fix
  assert.ok(fix != null && fix.ageMs >= 0 && fix.freshness === 'fresh')
  assert.equal(units.find(({ unitId }) => unitId === 'A2')?.fix, null)
})

test('[BD-6] nearest answers up to k available units with a position, nearest first, of the least level that will do', async () => {
  const region = 'nearest'
  for (const [i, { unitId }] of levels.entries()) {
    if (unitId !== 'N1') await stage.crew(unitId, { region }, i + 1)
  }
  // Signed on, and nobody knows where.
  await (await stage.driver('N1', { region })).ask('sign-on', Date.now())
  const resting = await stage.driver('L2', { region })
  await resting.ask('set-status', 'unavailable', 'break', Date.now())
  const ask = async (speaker: Speaker, k: number, level: string | null) => {
    const { result } = await speaker.ask('nearest', PLACE.lonE7, PLACE.latE7, k, level)
    assert.equal(result.basis, 'straight-line')
    return result.units as NearestUnit[]
  }
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const ids = async (k: number, level: string | null) => (await ask(desk, k, level)).map(({ unitId }) => unitId)
    assert.deepEqual(await ids(10, null), ['B1', 'L1', 'C1'])
    assert.deepEqual(await ids(2, null), ['B1', 'L1'])
    assert.deepEqual(await ids(10, 'als'), ['L1', 'C1'])
    assert.deepEqual(await ids(10, 'cct'), ['C1'])
    const [unit] = await ask(desk, 1, null)
    assert.deepEqual([unit!.connected, unit!.passedOverFor, unit!.fix.freshness], [true, null, 'fresh'])
    // 112,000 of 1e-7 degree is 999 m on this parallel.
    assert.ok(Math.abs(unit!.distanceM - 999) < 10, `${unit!.distanceM} m`)
  }
})

test('[BD-8] explain-trip says who could go now, why the nearest others could not, and why any unit that is named could not', async () => {
  const region = 'why'
  await stage.crew('B1', { region }, 1)
  await stage.crew('L1', { region }, 2)
  await (await stage.driver('N1', { region })).ask('sign-on', Date.now())
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const { result } = await desk.ask('enter-call', UNMET)
    const [tripId] = result.tripIds as string[]
    const asked = await desk.ask('explain-trip', tripId!, 'N1')
    const { why, passedOver, unit, ...rest } = asked.result as unknown as TripExplanation
    assert.deepEqual(rest, {
      ...{ tripId, phase: 'pending', round: 1, basis: 'straight-line' },
      ...{ candidates: [], eligible: 0, excluded: { 'level-of-care': 3 }, help: null },
    })
    assert.equal(why, 'Nobody could go. 3 units could not: 3 level-of-care.')
    assert.deepEqual(
      passedOver.map(({ unitId, reason, why }) => [unitId, reason, why]),
      [
        ['B1', 'level-of-care', 'B1 is bls, and cct is needed.'],
        ['L1', 'level-of-care', 'L1 is als, and cct is needed.'],
      ],
    )
    assert.deepEqual(unit, { unitId: 'N1', reason: 'level-of-care', why: 'N1 is als, and cct is needed.' })
    const crewless = await desk.ask('explain-trip', tripId!, 'C1')
    assert.deepEqual(crewless.result.unit, { unitId: 'C1', reason: 'off-duty', why: 'No crew is signed on to C1.' })
    assert.equal(await desk.refused('explain-trip', tripId!, 'Z9'), 'unknown-unit')
    assert.equal(await desk.refused('explain-trip', `${region}.000000000000000000000`, null), 'unknown-trip')
    await desk.ask('cancel-trip', tripId!, 'other')
    assert.equal(await desk.refused('explain-trip', tripId!, null), 'wrong-phase')
  }
})

test('[BD-7] a read waits until the log head that it saw is durable, and its position is that head', async () => {
  const region = 'durable'
  const desk = await stage.desk({ region })
  const driver = await stage.driver('A1', { region })
  const head = () => stage.site.metric(`goldenhour_log_head_position{region="${region}"}`)
  const before = await head()
  const hold = await holdWrites(stage.site, region)
  const heldAtMs = Date.now()
  driver.send('sign-on', 'held', heldAtMs)
  await until('it is decided', async () => (await head()) === before + 1)
  desk.send('watch-board', 'read', null)
  // A command behind the read is decided only when the read has been: what it adds shows that.
  desk.send('enter-call', 'behind', UNMET)
  await until('the read has been taken', async () => (await head()) === before + 2)
  assert.deepEqual(await desk.heardSoFar(), [])
  await desk.stalled('nearest', PLACE.lonE7, PLACE.latE7, 1, null)
  // Nor is it kept waiting for longer.
  await desk.stall('read')
  await driver.stall('held')
  await hold.release()
  const { position } = await desk.ask('watch-board', null)
  assert.ok(position > before)
  driver.send('sign-on', 'held', heldAtMs)
  assert.equal((await driver.reply('held')).position, before + 1)
  assert.equal((await desk.hear('board'))[5].find(({ unitId }) => unitId === 'A1')?.status, 'available')
})
