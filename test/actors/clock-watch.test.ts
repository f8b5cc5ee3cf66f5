/** Whoever looks after the machine is told that a clock is off, once at its beginning and once at its end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RegionClock } from '../../src/actors/clock.ts'
import { ClockWatch } from '../../src/actors/clock-watch.ts'
import { ADOPTED_AFTER_MS, WallClock } from '../../src/actors/wall-clock.ts'
import { messageOf } from '../../src/protocol/encode.ts'
import type { Told } from '../../src/protocol/told.ts'
import { ManualMachine } from '../support/manual-machine.ts'

const WALL = 1_700_000_000_000
const HOUR = 3_600_000
const idle = () => Promise.resolve()

function start(lastRecordedAtMs = 0) {
  const machine = new ManualMachine(WALL)
  const wall = new WallClock(machine)
  const clock = new RegionClock(machine, wall, { anchorRegionMs: WALL, anchorWallMs: WALL, rate: 1 }, lastRecordedAtMs)
  const logged: string[] = []
  const told: Told[] = []
  const watch = new ClockWatch({
    wall,
    regions: () => [clock],
    log: { warn: (_: object, what: string) => logged.push(what) } as never,
    tell: notice => told.push(notice),
  })
  return { machine, wall, watch, logged, told, step: (byMs: number) => machine.setWall(machine.wallMs() + byMs) }
}

test('[ER-9] of a wall that steps, until the step is taken back or adopted', async () => {
  const { machine, watch, logged, told, step } = start()
  assert.deepEqual([watch.look(), watch.notice()], [null, null])
  step(HOUR)
  assert.deepEqual(watch.look(), { of: 'wall', offsetMs: HOUR, sinceMs: WALL })
  await machine.advance(2_000, idle)
  assert.deepEqual(watch.look(), { of: 'wall', offsetMs: HOUR, sinceMs: WALL })
  step(-HOUR)
  assert.equal(watch.look(), null)
  assert.deepEqual(logged, ['a clock is off: look at the time of this machine', 'the clocks agree again'])
  assert.deepEqual(
    told.map(messageOf).map(([type, id, code, , details]) => [type, id, code, details]),
    [
      ['error', null, 'clock-off', { of: 'wall', offsetMs: HOUR, sinceMs: WALL }],
      ['error', null, 'clock-off', { offsetMs: 0 }],
    ],
  )
  step(HOUR)
  watch.look()
  await machine.advance(ADOPTED_AFTER_MS, idle)
  assert.equal(watch.look(), null)
})

test('of recorded time that heals, and to consoles that come meanwhile', async () => {
  const { machine, watch, logged } = start(WALL + HOUR)
  assert.deepEqual(watch.look(), { of: 'recorded', offsetMs: HOUR, sinceMs: WALL })
  assert.equal(messageOf(watch.notice()!)[2], 'clock-off')
  await machine.advance(2 * HOUR, idle)
  assert.deepEqual(watch.offsets(), { wall: 0, recorded: HOUR / 2, database: 0 })
  await machine.advance(2 * HOUR, idle)
  assert.deepEqual([watch.look(), logged.length], [null, 2])
})

test('of a database whose clock is another, but not for an answer that took long', () => {
  const { watch, machine } = start()
  watch.databaseTold(WALL + 1_900, 10)
  watch.databaseTold(WALL + HOUR, 600)
  assert.equal(watch.look(), null)
  watch.databaseTold(WALL + HOUR, 10)
  assert.deepEqual(watch.look(), { of: 'database', offsetMs: -HOUR - 5, sinceMs: WALL })
  watch.databaseTold(machine.wallMs(), 10)
  assert.equal(watch.look(), null)
})
