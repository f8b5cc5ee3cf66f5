/** Region time: anchored and scaled; recorded time, which never runs backwards; timers. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RegionClock } from '../../src/actors/clock.ts'
import { RegionTimers } from '../../src/actors/timers.ts'
import { ADOPTED_AFTER_MS, WallClock } from '../../src/actors/wall-clock.ts'
import { systemClock } from '../../src/base/time.ts'
import { ManualMachine } from '../support/manual-machine.ts'

const WALL = 1_700_000_000_000
const idle = () => Promise.resolve()
const anchorAt = (rate: number, anchorRegionMs = WALL) => ({ anchorRegionMs, anchorWallMs: WALL, rate })

/** A region's clock over a wall that was looked at just now. */
function clockOver(machine: ManualMachine, anchor = anchorAt(1), lastRecordedAtMs = 0): RegionClock {
  return new RegionClock(machine, new WallClock(machine), anchor, lastRecordedAtMs)
}

describe('region time', () => {
  test('is the anchor plus the wall time since, times the rate', async () => {
    for (const rate of [0.5, 1, 60]) {
      const machine = new ManualMachine(WALL)
      const clock = clockOver(machine, anchorAt(rate, 5_000))
      await machine.advance(10_000, idle)
      assert.equal(clock.nowMs(), 5_000 + 10_000 * rate)
      assert.equal(clock.regionMs(WALL + 3_000), 5_000 + 3_000 * rate)
      assert.equal(clock.wallSpanMs(6_000), 6_000 / rate)
      assert.deepEqual(clock.view(), { nowMs: clock.nowMs(), ...anchorAt(rate, 5_000) })
    }
  })

  test("of a wall time is the anchor's line, whatever the wall did before", async () => {
    for (const rate of [1, 20]) {
      const machine = new ManualMachine(WALL)
      const clock = clockOver(machine, anchorAt(rate))
      const line = (wallMs: number) => WALL + (wallMs - WALL) * rate
      for (const aheadMs of [0, 3_000, 4_000, 6_000, 10_000, 120_000, 3_600_000, -90_000, -3_600_000]) {
        machine.setWall(machine.wallMs() + aheadMs)
        for (const forMs of [0, 3_000, ADOPTED_AFTER_MS]) {
          await machine.advance(forMs, idle)
          clock.recordedMs()
          assert.equal(clock.regionMs(machine.wallMs() - 300), line(machine.wallMs() - 300))
        }
        machine.setWall(machine.wallMs() - aheadMs)
        await machine.advance(ADOPTED_AFTER_MS, idle)
        clock.nowMs()
        await machine.advance(ADOPTED_AFTER_MS, idle)
        assert.equal(clock.nowMs(), line(machine.wallMs()), `${aheadMs} at ${rate}`)
      }
    }
  })

  test('gives a reconnect at least 2 s of wall time', () => {
    const graceMs = (rate: number) => clockOver(new ManualMachine(), anchorAt(rate)).graceMs(30_000)
    assert.deepEqual([graceMs(1), graceMs(15), graceMs(60)], [30_000, 30_000, 120_000])
  })
})

describe('recorded time', () => {
  test('of a last record that is ahead goes on slower until the line has caught up, and is the line from then on', async () => {
    for (const rate of [1, 20]) {
      const machine = new ManualMachine(WALL)
      const clock = clockOver(machine, anchorAt(rate), WALL + 3_600_000 * rate)
      assert.equal(clock.nowMs(), WALL)
      assert.equal(clock.recordedMs(), WALL + 3_600_000 * rate)
      assert.equal(clock.recordedAheadMs(), 3_600_000 * rate)
      await machine.advance(60_000, idle)
      assert.equal(clock.recordedMs(), WALL + (3_600_000 + 45_000) * rate)
      await machine.advance(4 * 3_600_000 - 60_000, idle)
      assert.equal(clock.recordedMs(), clock.nowMs())
      assert.equal(clock.recordedAheadMs(), 0)
      await machine.advance(60_000, idle)
      assert.equal(clock.recordedMs(), WALL + (4 * 3_600_000 + 60_000) * rate)
    }
  })

  test('never runs backwards nor stands, whatever is done to the wall', async () => {
    const move = fc.oneof(
      fc.record({ advanceMs: fc.integer({ min: 0, max: 20_000 }) }),
      fc.record({ wallMs: fc.integer({ min: WALL - 100_000, max: WALL + 100_000 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(move), fc.constantFrom(0.3, 1, 7), async (moves, rate) => {
        const machine = new ManualMachine(WALL)
        const clock = clockOver(machine, anchorAt(rate))
        let last = clock.recordedMs()
        for (const each of moves) {
          const before = machine.monotonicMs()
          if ('wallMs' in each) machine.setWall(each.wallMs)
          else await machine.advance(each.advanceMs, idle)
          const now = clock.recordedMs()
          const leastMs = (machine.monotonicMs() - before) * rate * 0.75
          // A wall that was followed back by less than a second is waited for.
          assert.ok(Number.isSafeInteger(now) && now >= last && now >= last + leastMs - 1_000 * rate - 1)
          assert.ok(now >= clock.nowMs())
          last = now
        }
      }),
    )
  })
})

describe('the two times of a record', () => {
  test('are one while no clock is off, whatever ticks between two looks, and although the wall is slewed', () => {
    let looks = 0
    const tick = () => ++looks * 0.3
    let slewedMs = 0
    const machine = { monotonicMs: tick, wallMs: () => Math.floor(WALL + tick() + slewedMs) }
    const clock = new RegionClock(machine, new WallClock(machine), anchorAt(1))
    for (let turn = 0; turn < 1_000; turn++) {
      if (turn % 100 === 50) slewedMs -= 40
      const { nowMs, recordedAtMs } = clock.moment()
      assert.equal(nowMs, recordedAtMs)
    }
  })

  test('part by what recorded time lies ahead while it heals', async () => {
    const machine = new ManualMachine(WALL)
    const clock = clockOver(machine, anchorAt(1), WALL + 3_600_000)
    assert.deepEqual(clock.moment(), { nowMs: WALL, recordedAtMs: WALL + 3_600_000 })
    await machine.advance(60_000, idle)
    assert.deepEqual(clock.moment(), { nowMs: WALL + 60_000, recordedAtMs: WALL + 3_645_000 })
  })
})

describe('what may be now', () => {
  test('is what the wall shows or what is believed while the two differ, and one of them otherwise', async () => {
    const machine = new ManualMachine(WALL)
    const clock = clockOver(machine)
    const span = () => [clock.earliestMs() - WALL, clock.latestMs() - WALL]
    machine.setWall(WALL + 120_000)
    assert.deepEqual(span(), [0, 120_000])
    machine.setWall(WALL - 120_000)
    assert.deepEqual(span(), [-120_000, 0])
    machine.setWall(WALL)
    assert.deepEqual(span(), [0, 0])
  })

  test('is also what was believed before the wall was set back, until recorded time has healed', async () => {
    const machine = new ManualMachine(WALL)
    const clock = clockOver(machine)
    clock.recordedMs()
    machine.setWall(WALL - 3_600_000)
    clock.nowMs()
    await machine.advance(ADOPTED_AFTER_MS, idle)
    assert.equal(clock.nowMs(), machine.wallMs())
    await machine.advance(1_800_000, idle)
    assert.equal(clock.latestMs(), machine.wallMs() + 3_600_000)
    assert.equal(clock.shownLatestMs(), machine.wallMs())
    await machine.advance(4 * 3_600_000, idle)
    assert.equal(clock.latestMs(), machine.wallMs())
  })
})

describe('timers', () => {
  const start = (rate = 1) => {
    const machine = new ManualMachine(WALL)
    const clock = clockOver(machine, anchorAt(rate))
    const fired: string[] = []
    const timers = new RegionTimers(machine, clock)
    const at = (dueMs: number, name: string) =>
      timers.at(WALL + dueMs, () => fired.push(`${name}@${clock.nowMs() - WALL}`))
    return { machine, clock, timers, fired, at }
  }

  test('fire in the order of their moments, those of one moment in the order in which they were set', async () => {
    const { machine, fired, at } = start()
    for (const [dueMs, name] of [
      [300, 'c'],
      [100, 'a'],
      [200, 'b1'],
      [200, 'b2'],
      [100, 'a2'],
      [200, 'b3'],
    ] as const)
      at(dueMs, name)
    await machine.advance(1_000, idle)
    assert.deepEqual(fired, ['a@100', 'a2@100', 'b1@200', 'b2@200', 'b3@200', 'c@300'])
    assert.deepEqual(machine.delays, [])
  })

  test('fire at their moment in any number and order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5_000)), async dues => {
        const { machine, fired, at } = start()
        for (const due of dues) at(due, String(due))
        await machine.advance(6_000, idle)
        assert.deepEqual(
          fired,
          [...dues].sort((a, b) => a - b).map(due => `${due}@${due}`),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('of the past fire at the next chance, not within the call', async () => {
    const { machine, fired, at } = start()
    at(-5_000, 'late')
    assert.deepEqual(fired, [])
    await machine.advance(0, idle)
    assert.deepEqual(fired, ['late@0'])
  })

  test('run with region time', async () => {
    const { machine, fired, at } = start(60)
    at(60_000, 'minute')
    await machine.advance(999, idle)
    assert.deepEqual(fired, [])
    await machine.advance(1, idle)
    assert.deepEqual(fired, ['minute@60000'])
  })

  test('set while others fire are fired too', async () => {
    const { machine, timers, fired, at } = start()
    timers.at(WALL + 100, () => {
      at(50, 'past')
      at(150, 'next')
    })
    await machine.advance(1_000, idle)
    assert.deepEqual(fired, ['past@100', 'next@150'])
  })

  test('that are stopped never fire, and leave no machine timer', async () => {
    const { machine, timers, fired, at } = start()
    at(100, 'a')
    timers.at(WALL + 50, () => timers.stop())
    at(50, 'b')
    await machine.advance(1_000, idle)
    at(2_000, 'c')
    await machine.advance(5_000, idle)
    assert.deepEqual([fired, machine.delays], [[], []])
  })

  test('further away than a machine timer reaches do not fire early', async () => {
    const { machine, clock, fired, at } = start()
    const dueMs = 2 ** 31 + 60_000
    at(dueMs, 'far')
    // A machine whose timers end after 2^31 - 1 ms, as those of Node do.
    assert.equal(clock.nowMs(), WALL)
    const after = machine.after.bind(machine)
    machine.after = (delayMs, run) => after(Math.min(delayMs, 2 ** 31 - 1), run)
    const capped = new RegionTimers(machine, clock)
    capped.at(WALL + dueMs, () => fired.push('capped'))
    await machine.advance(2 ** 31 - 1, idle)
    assert.deepEqual(fired, [])
    await machine.advance(60_001, idle)
    assert.deepEqual(fired, [`far@${dueMs}`, 'capped'])
  })

  test('that run are neither early nor late for a wall that is set meanwhile', async () => {
    for (const aheadMs of [-3_600_000, -30_000, -900, 900, 30_000, 3_600_000]) {
      const { machine, clock, timers } = start()
      let firedAfterMs = -1
      const beganMs = machine.monotonicMs()
      timers.at(WALL + 45_000, () => {
        firedAfterMs = machine.monotonicMs() - beganMs
      })
      await machine.advance(5_000, idle)
      machine.setWall(machine.wallMs() + aheadMs)
      for (let i = 0; i < 60; i++) {
        clock.nowMs()
        await machine.advance(1_000, idle)
      }
      assert.ok(firedAfterMs >= 45_000 && firedAfterMs <= 46_000, `${aheadMs}: after ${firedAfterMs} ms`)
    }
  })

  test('of the machine itself take a delay that setTimeout does not, and can be cancelled', async () => {
    const fired: string[] = []
    const cancelFar = systemClock.after(2 ** 40, () => fired.push('far'))
    const cancelNear = systemClock.after(1, () => fired.push('near'))
    cancelNear()
    await new Promise<void>(resolve => systemClock.after(15, resolve))
    cancelFar()
    assert.deepEqual(fired, [])
  })
})

test('a wall time has the very region time that a client computes from the anchor, however the clocks tick', () => {
  const rate = 20
  const anchor = { anchorRegionMs: 1_700_000_000_000, anchorWallMs: 1_700_000_000_000, rate }
  let monotonicMs = 0
  // A wall that ticks in whole milliseconds beside a monotonic clock that does not.
  const machine = {
    wallMs: () => anchor.anchorWallMs + Math.floor(monotonicMs),
    monotonicMs: () => monotonicMs,
    after: () => () => {},
  }
  const clock = new RegionClock(machine, new WallClock(machine), anchor)
  for (let i = 0; i < 200; i++) {
    monotonicMs += 0.7
    clock.nowMs()
    const wallMs = machine.wallMs() - 3
    assert.equal(clock.regionMs(wallMs), anchor.anchorRegionMs + (wallMs - anchor.anchorWallMs) * rate)
  }
})
