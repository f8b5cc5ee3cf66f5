/** What messages count as at the door. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { commandCost, costOf } from '../../../src/gateway/limits/message-cost.ts'
import { DEFAULT_LIMITS, LIMITS } from '../../../src/protocol/limits.ts'
import type { ClientRequest } from '../../../src/protocol/messages.ts'
import type { TileWatch } from '../../../src/protocol/wire/tile-tuples.ts'
import { callOf } from '../../support/region-world.ts'

const regionOf = (units: number, events = 0) => ({
  boardFrom: (position: number | null) => (position === null ? { items: units, events: 0 } : { items: 0, events }),
})
const watchBoard = (fromPosition: number | null): ClientRequest => ({ type: 'watch-board', id: 'q', fromPosition })
/** Bytes of a frame, too few to count. */
const FRAME = 100
const text = (length: number) => 'x'.repeat(length)

test('[LM-12] a question for the board counts by what it is answered with', () => {
  assert.deepEqual(costOf(watchBoard(null), FRAME, 'dispatcher', regionOf(999)), ['control', 1])
  assert.deepEqual(costOf(watchBoard(null), FRAME, 'dispatcher', regionOf(2_000)), ['control', 3])
  assert.deepEqual(costOf(watchBoard(null), FRAME, 'dispatcher', regionOf(100_000)), ['control', 101])
  assert.deepEqual(costOf(watchBoard(7), FRAME, 'dispatcher', regionOf(100_000, 99)), ['control', 1])
  assert.deepEqual(costOf(watchBoard(7), FRAME, 'dispatcher', regionOf(100_000, 2_000)), ['control', 21])
  assert.deepEqual(costOf(watchBoard(null), FRAME, null, null), ['control', 1])
})

test('[LM-12] attach and detach count by their channels, watch-tiles by its tiles', () => {
  const channels = (count: number) => Array.from({ length: count }, (_, i) => i)
  const attach = (count: number): ClientRequest => ({
    type: 'attach',
    id: 'q',
    channels: channels(count).map(channel => [channel, `U${channel}`, 's', 'gnss', 1]),
  })
  const tiles = (count: number): ClientRequest => ({
    type: 'watch-tiles',
    id: 'q',
    tiles: channels(count).map((x): TileWatch => [`12/${x}/0`, null, null]),
  })
  const counts = (make: (count: number) => ClientRequest) => (count: number) =>
    costOf(make(count), FRAME, 'feed', null)[1]
  assert.deepEqual([1, 50, 51, 1_000].map(counts(attach)), [1, 1, 2, 20])
  const detach = (count: number): ClientRequest => ({ type: 'detach', id: 'q', channels: channels(count) })
  assert.deepEqual([1, 100, 101, 1_000].map(counts(detach)), [1, 1, 2, 10])
  assert.deepEqual([0, 1, 16, 17, 256].map(counts(tiles)), [1, 1, 1, 2, 16])
})

test('[LM-12] an explanation counts as four queries, whoever it names', () => {
  for (const unitId of [null, 'A1']) {
    const asked = { type: 'explain-trip', id: 'q', tripId: `akl.${'n'.repeat(21)}`, unitId } as const
    assert.deepEqual(costOf(asked, FRAME, 'dispatcher', null), ['query', 4])
  }
})

test('[LM-12] [RQ-6] [RQ-7] [RQ-8] [RQ-9] questions of the roads count by what they take of a thread', () => {
  const place = { lonDeg: 1, latDeg: 2 }
  const drive = { heading: 'from', priority: null, withinMs: 1, maxBytes: 500 } as const
  const asked: ClientRequest[] = [
    { type: 'find-place', id: 'q', text: 'x', k: 3 },
    { type: 'best-destinations', id: 'q', tripId: null, ...place, capabilities: [], k: 3 },
    { type: 'trip-route', id: 'q', tripId: 'akl.t', maxBytes: 500 },
    { type: 'coverage', id: 'q', targetMs: 1, priority: null, levelOfCare: null },
    { type: 'reach', id: 'q', unitId: null, ...place, ...drive },
  ]
  const costs = asked.map(each => costOf(each, FRAME, 'dispatcher', null))
  assert.deepEqual(
    costs,
    [1, 4, 4, 25, 50].map(count => ['query', count]),
  )
})

test('[LM-12] a call counts by its needs and its details, and a crew’s commands are a class of their own', () => {
  const need = { levelOfCare: 'bls', capabilities: [] } as const
  const details = { callerName: text(120), phone: text(40), address: text(240), notes: text(2_000) }
  assert.equal(commandCost(callOf()), 1)
  assert.equal(commandCost(callOf({ details: { callerName: 'Ann', phone: '1', address: null, notes: null } })), 1)
  assert.equal(commandCost(callOf({ needs: Array(8).fill(need), details })), 8 + 4)
  assert.equal(commandCost({ type: 'amend-call', callId: 'c', details }), 1 + 4)
  assert.equal(commandCost({ type: 'amend-call', callId: 'c', details: null }), 1)
  const points = (count: number) => Array.from({ length: count }, () => ({ lonDeg: 1, latDeg: 1 }))
  const zone = { kind: 'area', slowPercent: null, fromAtMs: null, untilAtMs: null, reason: 'snow' } as const
  assert.equal(commandCost({ type: 'close-roads', points: points(3), ...zone }), 4)
  assert.equal(commandCost({ type: 'close-roads', points: points(100), ...zone }), 8)
  assert.equal(commandCost({ type: 'reopen-roads', zoneId: 'z' }), 4)
  const signOn: ClientRequest = { type: 'command', id: 'c', command: { type: 'sign-on', happenedAtMs: 0 } }
  assert.deepEqual(costOf(signOn, FRAME, 'driver', null), ['crewCommand', 1])
  assert.deepEqual(costOf({ type: 'command', id: 'c', command: callOf() }, FRAME, 'dispatcher', null), ['command', 1])
})

test('[LM-12] a frame counts by its bytes where that is more', () => {
  const asked: ClientRequest = { type: 'nearest', id: 'q', lonE7: 0, latE7: 0, k: 1, levelOfCare: null } as never
  const counts = (bytes: number) => costOf(asked, bytes, 'dispatcher', null)[1]
  assert.deepEqual([30, 4_096, 4_097, 56_000].map(counts), [1, 1, 2, 14])
  assert.deepEqual(costOf(watchBoard(null), 5_000, 'dispatcher', regionOf(100_000)), ['control', 101])
})

test('[LM-12] no message counts as more than a burst, but for the board of a very large region', () => {
  const burst = (name: keyof typeof DEFAULT_LIMITS.rates) =>
    DEFAULT_LIMITS.rates[name].connectionPerS * DEFAULT_LIMITS.rates[name].burstS
  assert.ok(12 < burst('command'))
  assert.ok(1 + 100_000 / 1_000 < burst('control'))
  // A feed that comes back attaches 12,500 units without waiting: twelve full messages of a thousand.
  assert.ok((12 * LIMITS.channelsPerAttach) / 50 < burst('control'))
})
