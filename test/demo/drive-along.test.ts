/** A drive along a way that is known by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DriveAlong } from '../../src/demo/drive-along.ts'
import { distanceM } from '../../src/domain/geo.ts'

/** North for 10 s, then east for 40 s. */
const line = [
  { lonDeg: 0, latDeg: 0 },
  { lonDeg: 0, latDeg: 0.001 },
  { lonDeg: 0.002, latDeg: 0.001 },
]
const begin = () => new DriveAlong({ line, atMs: [0, 10_000, 50_000] }, 1_000)

test('a vehicle is where the times of the pieces have it, with their speed and direction', () => {
  const drive = begin()
  const first = drive.at(6_000)!
  assert.deepEqual([first.place, first.headingDeg], [{ lonDeg: 0, latDeg: 0.0005 }, 0])
  assert.ok(Math.abs(first.speedMps - distanceM(line[0]!, line[1]!) / 10) < 1e-9)
  const second = drive.at(31_000)!
  assert.ok(Math.abs(second.place.lonDeg - 0.001) < 1e-12 && Math.abs(second.headingDeg - 90) < 1e-9)
  assert.ok(Math.abs(second.speedMps - distanceM(line[1]!, line[2]!) / 40) < 1e-9)
})

test('it has not begun before its start, and is there at the end of its last piece', () => {
  const drive = begin()
  assert.deepEqual(drive.at(0)!.place, line[0])
  assert.ok(drive.at(50_999) !== null)
  assert.deepEqual([drive.at(51_000), drive.arrivesAtMs, drive.end], [null, 51_000, line[2]])
})
