/** Long jobs in short slices: nothing else waits for the end of a job, and one that throws harms no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Job, Slices } from '../../../../src/actors/region/live/slices.ts'

/** A machine on which each step of a job takes a millisecond, and whose timers run when a test says so. */
function newStage() {
  const machine = { nowMs: 0, timers: [] as (() => void)[] }
  const errors: unknown[] = []
  const sliceMs: number[] = []
  const slices = new Slices({
    machine: {
      wallMs: () => machine.nowMs,
      monotonicMs: () => machine.nowMs,
      after: (delayMs, run) => {
        assert.equal(delayMs, 0)
        machine.timers.push(run)
        return () => {
          machine.timers = machine.timers.filter(timer => timer !== run)
        }
      },
    },
    onSlice: ms => sliceMs.push(ms),
    onError: error => errors.push(error),
  })
  const done: string[] = []
  function* job(name: string, steps: number): Job {
    for (let i = 1; i <= steps; i++) {
      machine.nowMs += 1
      done.push(`${name}${i}`)
      yield
    }
  }
  const turn = () => machine.timers.shift()?.()
  return { machine, slices, done, errors, sliceMs, job, turn }
}

test('a job begins at once, is interrupted after 2 ms and goes on in the next turn of the loop', () => {
  const { slices, done, job, turn, sliceMs, machine } = newStage()
  slices.add(job('a', 5))
  assert.deepEqual(done, ['a1', 'a2'])
  turn()
  assert.deepEqual(done, ['a1', 'a2', 'a3', 'a4'])
  turn()
  assert.deepEqual(done.at(-1), 'a5')
  assert.deepEqual([machine.timers.length, sliceMs], [0, [2, 2, 1]])
})

test('jobs run one after the other, in the order in which they came', () => {
  const { slices, done, job, turn } = newStage()
  slices.add(job('a', 3))
  slices.add(job('b', 1))
  assert.deepEqual(done, ['a1', 'a2'])
  turn()
  assert.deepEqual(done, ['a1', 'a2', 'a3', 'b1'])
})

test('a job that adds another does not run inside it', () => {
  const { slices, done, job, turn } = newStage()
  function* parent(): Job {
    slices.add(job('child', 1))
    done.push('parent')
    yield
  }
  slices.add(parent())
  turn()
  assert.deepEqual(done, ['parent', 'child1'])
})

test('a job that throws is given up and told; those after it run', () => {
  const { slices, done, errors, job } = newStage()
  const broken = new Error('a broken job')
  function* breaks(): Job {
    yield
    throw broken
  }
  slices.add(breaks())
  slices.add(job('b', 1))
  assert.deepEqual([errors, done], [[broken], ['b1']])
})

test('nothing runs after the stop', () => {
  const { slices, done, job, machine } = newStage()
  slices.add(job('a', 5))
  slices.stop()
  assert.deepEqual([done, machine.timers.length], [['a1', 'a2'], 0])
})
