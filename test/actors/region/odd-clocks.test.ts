/** Clocks that are wrong, the machine's or a client's: a fix of now stays a fix of now, and nonsense is refused. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { StreamDeclaration } from '../../../src/protocol/wire.ts'
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

describe('after the wall was six minutes ahead and was set back', () => {
  for (const clock of ['gnss', 'device'] as const) {
    const streams: StreamDeclaration[] = [['s-A1', clock, 1]]
    const signIn = async (): Promise<RecordingSession> => {
      const crew = world.connect('A1', streams)
      await settle()
      return crew
    }
    const wrongFor = async (ms: number, meanwhile: () => Promise<unknown>) => {
      world.machine.setWall(world.machine.wallMs() + 6 * MINUTE)
      await meanwhile()
      await world.advance(ms)
      world.machine.setWall(world.machine.wallMs() - 6 * MINUTE)
      await world.advance(1_000)
    }

    for (const restarted of [false, true]) {
      test(`a fix of now is fresh and its unit gets offers (${clock}${restarted ? ', restarted' : ''})`, async () => {
        await open()
        await world.import(['A1'])
        let crew = await signIn()
        await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
        await wrongFor(MINUTE, () => world.import(['A2']))
        if (restarted) {
          await world.restart()
          crew = await signIn()
        }
        world.fixAt(crew, 100, 500)
        await settle()
        const fix = (await shownFix())!
        assert.deepEqual([fix.freshness, fix.ageMs], ['fresh', 500])
        const tripId = await world.call()
        assert.equal(crew.view.trip?.tripId, tripId)
      })
    }
  }

  test('a restart does not find the last fix of that time ahead of all that follow', async () => {
    await open()
    await world.import(['A1'])
    world.machine.setWall(world.machine.wallMs() + 6 * MINUTE)
    const crew = world.connect('A1', [['s-A1', 'device', 1]])
    await settle()
    world.fixAt(crew, 100)
    await world.advance(200)
    world.machine.setWall(world.machine.wallMs() - 6 * MINUTE)
    await world.restart()
    const back = world.connect('A1', [['s-A1', 'device', 2]])
    await world.advance(5_000)
    world.fixAt(back, 900)
    await settle()
    assert.equal(await shownAtM(), 900)
    assert.equal((await shownFix())!.freshness, 'fresh')
  })
})

describe('a fix whose time lies outside every calendar', () => {
  test('is refused, and nothing of it is stored (the year 9999 at sixty times the speed)', async () => {
    await open({ rate: 60 })
    await world.import(['A1'])
    const crew = world.connect('A1', undefined, 253_402_300_799_999)
    await settle()
    world.host.fixes(crew, 0, 0, [wireFix(1, 100)])
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
