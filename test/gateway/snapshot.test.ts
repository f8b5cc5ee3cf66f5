/** A board snapshot that is larger than the backlog of a slow client still arrives, and nothing else is granted so much. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SharedFrame } from '../../src/actors/region-handle.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { startHarness, until } from './harness.ts'

const PART_BYTES = 256 * 1024
const PARTS = Math.ceil((4 * DEFAULT_LIMITS.backpressureBytes) / PART_BYTES)

/** As large as any, whatever stands in it. */
function part(position: number, number: number): SharedFrame {
  const units = [{ padding: 'x'.repeat(PART_BYTES), fix: null } as never]
  return { told: { type: 'board', position, part: number, parts: PARTS, trips: [], units, alarms: [] }, encoded: {} }
}

for (const format of ['binary', 'json'] as const) {
  test(`[TR-4] a snapshot of four times the backlog reaches a client that reads, in ${format}, and what follows after it`, async t => {
    const harness = await startHarness(t)
    const client = await harness.signIn('dispatcher', format)
    const [session] = harness.region.sessions
    for (let number = 0; number < PARTS; number += 1) session?.tellShared(part(7, number))
    for (let position = 8; position < 20; position += 1)
      session?.tell({ type: 'board-events', position, recordedAtMs: 1_000, events: [], by: null })
    for (let number = 0; number < PARTS; number += 1)
      assert.deepEqual((await client.next()).slice(0, 3), ['board', 7, number])
    for (let position = 8; position < 20; position += 1) {
      assert.deepEqual(await client.next(), ['board-events', position, 1_000, [], null])
    }
    assert.equal(await harness.sample('goldenhour_slow_clients_total'), 0)
  })
}

test('[TR-4] a client that asks for snapshot after snapshot and reads none is cut', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('dispatcher')
  client.socket.pause()
  const [session] = harness.region.sessions
  for (let position = 1; position <= 3; position += 1) {
    for (let number = 0; number < PARTS; number += 1) session?.tellShared(part(position, number))
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  await until(() => harness.region.heard.includes('closed 0'))
  assert.equal(await harness.sample('goldenhour_slow_clients_total'), 1)
})
