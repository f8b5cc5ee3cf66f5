/** Silence is probed once; silence after that is the end of a connection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heartbeat } from '../../src/client/heartbeat.ts'
import { VirtualTime } from './virtual-time.ts'

const INTERVAL_MS = 1_000

function beating() {
  const time = new VirtualTime()
  const told: string[] = []
  const ports = {
    timers: time,
    probe: () => void told.push('probe'),
    beat: () => void told.push('beat'),
    silent: () => void told.push('silent'),
  }
  return { time, told, heartbeat: new Heartbeat(ports, INTERVAL_MS) }
}

test('one who talks is never probed', async () => {
  const { time, told, heartbeat } = beating()
  for (let i = 0; i < 5; i += 1) {
    heartbeat.heard()
    await time.advance(INTERVAL_MS)
  }
  assert.deepEqual(told, Array(5).fill('beat'))
})

test('one who is silent for an interval is probed, and told as silent after another, with no beat and no timer behind it', async () => {
  const { time, told } = beating()
  // The welcome was heard, so the first interval counts as one that was not silent.
  await time.advance(10 * INTERVAL_MS)
  assert.deepEqual(told, ['beat', 'probe', 'beat', 'silent'])
  assert.equal(time.timersRunning, 0)
})

test('an answer to the probe begins anew', async () => {
  const { time, told, heartbeat } = beating()
  await time.advance(2 * INTERVAL_MS)
  heartbeat.heard()
  await time.advance(2 * INTERVAL_MS)
  assert.deepEqual(told, ['beat', 'probe', 'beat', 'beat', 'probe', 'beat'])
  heartbeat.stop()
  assert.equal(time.timersRunning, 0)
})
