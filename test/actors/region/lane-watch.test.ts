/** When a lane of the store counts as stalled, and when it no longer does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LaneWatch, STALLED_AFTER_MS } from '../../../src/actors/region/lane-watch.ts'
import { ManualMachine } from '../../support/manual-machine.ts'

const settle = async () => {}

function start() {
  const machine = new ManualMachine()
  const changes: boolean[] = []
  const watch: LaneWatch = new LaneWatch(machine, () => changes.push(watch.isStalled))
  return { machine, changes, watch, advance: (ms: number) => machine.advance(ms, settle) }
}

test('a lane is stalled once its oldest has waited for a second, and flows when nothing so old waits', async () => {
  const { watch, changes, advance, machine } = start()
  watch.taken(1)
  await advance(600)
  watch.taken(2)
  await advance(399)
  assert.deepEqual(changes, [])
  await advance(1)
  assert.deepEqual(changes, [true])
  watch.durable(1)
  assert.deepEqual(changes, [true, false], 'the second one is younger')
  await advance(600)
  assert.deepEqual(changes, [true, false, true])
  watch.durable(2)
  assert.deepEqual(changes, [true, false, true, false])
  assert.deepEqual(machine.delays, [], 'nothing waits, so nothing is looked at')
})

test('a lane that is never quiet but keeps up is not stalled', async () => {
  const { watch, changes, advance } = start()
  for (let i = 1; i <= 300; i += 1) {
    watch.taken(i)
    await advance(30)
    if (i > 20) watch.durable(i - 20)
  }
  assert.deepEqual(changes, [])
})

test('a process that stood still reads what has come meanwhile before it calls the store stalled', async () => {
  const { machine, watch, changes, advance } = start()
  watch.taken(1)
  // Its timers run 45 s late.
  const timers: (() => void)[] = []
  const stopped = { monotonicMs: () => machine.monotonicMs() + 45_000 * Number(timers.length > 0) }
  const after = (_ms: number, run: () => void) => {
    timers.push(run)
    return () => undefined
  }
  const late: LaneWatch = new LaneWatch({ ...stopped, after }, () => changes.push(late.isStalled))
  late.taken(1)
  timers[0]!()
  assert.deepEqual(changes, [], 'not yet')
  assert.equal(timers.length, 2)
  timers[1]!()
  assert.deepEqual(changes, [true], 'but it is not put off for ever')
  late.durable(1)
  assert.deepEqual(changes, [true, false])
  watch.stop()
  await advance(5_000)
  assert.deepEqual(changes, [true, false], 'one that was stopped says nothing')
})

test('whatever is taken and stored when, the lane is stalled exactly while something has waited for a second', async () => {
  const steps = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 700 }), take: fc.nat(3), store: fc.nat(3) }), {
    maxLength: 60,
  })
  await fc.assert(
    fc.asyncProperty(steps, async given => {
      const { machine, watch, advance } = start()
      const takenAtMs: number[] = []
      let durable = 0
      for (const { ms, take, store } of given) {
        for (let i = 0; i < take; i += 1) watch.taken(takenAtMs.push(machine.monotonicMs()))
        durable = Math.min(takenAtMs.length, durable + store)
        watch.durable(durable)
        await advance(ms)
        const oldestMs = takenAtMs[durable]
        const ageMs = oldestMs === undefined ? 0 : machine.monotonicMs() - oldestMs
        // What was taken shortly after another counts as old as that one: while it is stalled, by up to a second.
        if (ageMs >= STALLED_AFTER_MS) assert.equal(watch.isStalled, true, `after ${ageMs} ms`)
        if (oldestMs === undefined) assert.equal(watch.isStalled, false, 'with nothing that waits')
      }
    }),
  )
})
