/** A tile's stream alone: whoever applies its frames in order has its picture, however the frames reach them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TileStream, type UnitOnTile } from '../../../../src/actors/region/live/tile-stream.ts'
import { messageOf } from '../../../../src/protocol/encode.ts'
import { parseTile } from '../../../../src/protocol/tiles.ts'
import type { ServerMessage } from '../../../../src/protocol/wire/server-tuples.ts'
import type { TileUnit } from '../../../../src/protocol/wire/tile-tuples.ts'
import { times } from '../../../support/long.ts'

class Vehicle implements UnitOnTile {
  readonly unitId: string
  moves = 0
  news = 0

  constructor(unitId: string) {
    this.unitId = unitId
  }

  look(): TileUnit {
    return [this.unitId, this.moves, 0, 0, null, null, 'available', 'als']
  }
}

const newStream = () => new TileStream<Vehicle>(parseTile('12/0/0')!, 'stream')
type Stream = ReturnType<typeof newStream>

/** A console that follows the protocol: it applies frames in order, and asks again from where it is. */
class Console {
  streamId: string | null = null
  seq: number | null = null
  readonly units = new Map<string, number>()
  snapshots = 0

  ask(stream: Stream, atMs: number): void {
    const missed = this.streamId === null ? null : stream.since(this.streamId, this.seq!)
    for (const { told } of missed ?? [stream.snapshot(atMs)]) this.hear(messageOf(told))
  }

  hear(message: ServerMessage): void {
    if (message[0] === 'tile') {
      this.units.clear()
      this.snapshots += 1
      this.streamId = message[2]
      this.seq = message[3]
      for (const unit of message[5]) this.units.set(unit[0], unit[1])
    } else if (message[0] === 'tile-moves') {
      assert.equal(message[2], this.seq! + 1)
      this.seq = message[2]
      for (const unitId of message[5]) this.units.delete(unitId)
      for (const unit of message[4]) this.units.set(unit[0], unit[1])
    }
  }
}

const VEHICLES = 6
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('move' as const), vehicle: fc.nat(VEHICLES - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), vehicle: fc.nat(VEHICLES - 1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('frame' as const), afterMs: fc.nat(6_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), console: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), console: fc.nat(1) }) },
)

test('two consoles have the picture of the tile after every frame, whenever they were away', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const stream = newStream()
      const vehicles = Array.from({ length: VEHICLES }, (_, i) => new Vehicle(`U${i}`))
      const consoles = [new Console(), new Console()]
      const connected = new Set(consoles)
      let nowMs = 0
      for (const console of consoles) console.ask(stream, 0)
      for (const one of steps) {
        if (one.kind === 'move') {
          vehicles[one.vehicle]!.moves += 1
          stream.enter(vehicles[one.vehicle]!)
        } else if (one.kind === 'leave') stream.leave(vehicles[one.vehicle]!)
        else if (one.kind === 'cut') connected.delete(consoles[one.console]!)
        else if (one.kind === 'back') {
          const console = consoles[one.console]!
          if (!connected.has(console)) console.ask(stream, nowMs)
          connected.add(console)
        } else {
          nowMs += one.afterMs
          const message = messageOf(stream.next(nowMs, nowMs).told)
          const truth = [...stream.units].map(({ unitId, moves }): [string, number] => [unitId, moves])
          for (const console of connected) {
            console.hear(message)
            assert.deepEqual([...console.units].sort(), truth.sort())
          }
        }
      }
    }),
    { numRuns: times(300, 20_000) },
  )
})

test('frames of the last 15 s are kept, and no more of them than a snapshot would weigh', () => {
  const stream = newStream()
  const vehicles = Array.from({ length: 1_000 }, (_, i) => new Vehicle(`U${i}`))
  for (const vehicle of vehicles) stream.enter(vehicle)
  stream.next(0, 0)
  const from = stream.seq
  for (let i = 1; i <= 10; i++) {
    stream.enter(vehicles[i]!)
    stream.next(i * 2_000, i * 2_000)
  }
  // The frame of 20 s is the newest; those made before 5 s are forgotten.
  assert.equal(stream.since('stream', from + 1), null)
  assert.equal(stream.since('stream', from + 2)?.length, 8)
  // Each of these frames names every unit: two of them are more than a snapshot.
  for (let i = 1; i <= 3; i++) {
    for (const vehicle of vehicles) stream.enter(vehicle)
    stream.next(21_000, 21_000)
  }
  assert.equal(stream.since('stream', stream.seq - 2), null)
  assert.equal(stream.since('stream', stream.seq - 1)?.length, 1)
})

test('a snapshot between two frames tells nothing that the next frame contradicts', () => {
  const stream = newStream()
  const [stays, leaves] = [new Vehicle('A'), new Vehicle('B')]
  stream.enter(stays)
  stream.enter(leaves)
  stream.next(0, 0)
  stays.moves = 7
  stream.enter(stays)
  stream.leave(leaves)
  const console = new Console()
  console.ask(stream, 1)
  assert.deepEqual([...console.units], [['A', 7]])
  console.hear(messageOf(stream.next(2, 2).told))
  assert.deepEqual([...console.units], [['A', 7]])
})

test('a snapshot is made once while nothing changes, and anew after any change', () => {
  const stream = newStream()
  const vehicle = new Vehicle('A')
  stream.enter(vehicle)
  const before = stream.snapshot(0)
  assert.equal(stream.snapshot(1), before)
  stream.enter(vehicle)
  const moved = stream.snapshot(1)
  assert.notEqual(moved, before)
  stream.next(2, 2)
  assert.notEqual(stream.snapshot(2), moved)
})
