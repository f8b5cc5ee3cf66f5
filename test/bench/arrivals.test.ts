/** The oracle of the bench, by traces made by hand, and the detector on pieces of real ones where they lie beside the checkout. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { arrivedAtMs, legsOf, PlaceGrid, passesOf, realStops, type TracePoint } from '../../bench/arrivals-oracle.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { NO_WHEELS, type WheelFix, wheelsAfter } from '../../src/domain/unit/unit-wheels.ts'
import { readTable } from '../../tools/replay/input.ts'

const MIN = 60_000

/** On a line, a fix a minute: each entry is metres along it and whether a fare is on board. */
const line = (...points: readonly (readonly [x: number, isOccupied?: boolean])[]): TracePoint[] =>
  points.map(([x, isOccupied = true], index) => ({ atMs: index * MIN, x, y: 0, isOccupied }))

describe('the oracle', () => {
  const track = line([0, false], [0], [0], [800], [1_600], [1_600], [2_400], [3_000], [3_010, false], [3_010, false])
  const stops = realStops(track, MIN)
  const [leg] = legsOf(track, stops)

  test('has a stop where a fare comes or goes and the taxi stays, from the first fix of it to the last', () => {
    assert.deepEqual(
      stops.map(({ first, last }) => [first, last]),
      [
        [0, 2],
        [7, 9],
      ],
    )
    assert.equal(arrivedAtMs(track, leg!, 2 * MIN), 7 * MIN)
    assert.deepEqual(realStops(line([0], [800, false], [1_600, false]), MIN), [], 'a change on the move is no stop')
  })

  test('has it arrive when it first stood there for longer than any light is red', () => {
    const waits = line([0, false], [0], [0], [1_000], [990], [1_000], [1_000], [1_300], [1_000, false], [1_000, false])
    const [to] = legsOf(waits, realStops(waits, MIN))
    assert.equal(arrivedAtMs(waits, to!, 2 * MIN), 3 * MIN)
    assert.equal(arrivedAtMs(waits, to!, 9 * MIN), 8 * MIN)
  })

  test('has a place passed to which a fix came near, and at which it waited no longer than a light is red', () => {
    const places = new PlaceGrid([
      { x: 810, y: 0 },
      { x: 1_600, y: 30 },
      { x: 2_400, y: 500 },
    ])
    assert.deepEqual(passesOf(track, leg!, places, 2 * MIN), [
      { x: 810, y: 0 },
      { x: 1_600, y: 30 },
    ])
    assert.deepEqual(passesOf(track, leg!, places, MIN), [{ x: 810, y: 0 }], 'it stood at the other')
  })
})

const RECORDED = '../shared/data/sf/cabs/cabs-2008-06-05-20h-1h.csv.gz'
const why = existsSync(RECORDED) ? false : `the recorded taxis are not there: ${RECORDED}`

interface Piece {
  readonly goal: { readonly lonDeg: number; readonly latDeg: number }
  readonly fixes: readonly WheelFix[]
}

/** What the detector makes of the piece. */
const arrivalOf = ({ goal, fixes }: Piece) =>
  fixes.reduce(
    (wheels, fix) => wheelsAfter(wheels, fix, { scene: goal, isAtScene: false, destination: null }, DEFAULT_POLICY),
    NO_WHEELS,
  ).atScene.seen

const metres = (a: WheelFix, b: WheelFix): number =>
  Math.hypot((a.lonDeg - b.lonDeg) * 88_080, (a.latDeg - b.latDeg) * 110_990)

/** Up to so many pieces of seven fixes about whose middle this holds, each of another taxi. */
async function piecesWhere(holds: (fixes: readonly WheelFix[]) => boolean, most = 20): Promise<Piece[]> {
  const byCab = new Map<string, WheelFix[]>()
  for (const row of await readTable(RECORDED, ['unix_s', 'cab_id', 'lon', 'lat'])) {
    const fixes = byCab.get(row.text('cab_id')) ?? []
    byCab.set(row.text('cab_id'), fixes)
    const place = { lonDeg: row.number('lon'), latDeg: row.number('lat') }
    fixes.push({ fixedAtMs: row.number('unix_s') * 1_000, ...place, accuracyM: null, speedMps: null })
  }
  const pieces: Piece[] = []
  for (const fixes of byCab.values()) {
    const from = fixes.findIndex((_, i) => i + 7 <= fixes.length && holds(fixes.slice(i, i + 7)))
    if (from >= 0) pieces.push({ goal: fixes[from + 3]!, fixes: fixes.slice(from, from + 7) })
    if (pieces.length === most) break
  }
  assert.equal(pieces.length, most, 'there are such pieces')
  return pieces
}
const gap = (fixes: readonly WheelFix[], i: number): number => fixes[i + 1]!.fixedAtMs - fixes[i]!.fixedAtMs
const step = (fixes: readonly WheelFix[], i: number): number => metres(fixes[i]!, fixes[i + 1]!)

describe('on pieces of real traces', { skip: why }, () => {
  test('who passes by has not arrived', async () => {
    const passing = await piecesWhere(fixes =>
      fixes.slice(1).every((_, i) => step(fixes, i) > 250 && gap(fixes, i) < 90_000),
    )
    for (const piece of passing) assert.equal(arrivalOf(piece), null)
  })

  test('who waits at a light a street before the place has not arrived', async () => {
    const waiting = await piecesWhere(
      fixes =>
        [0, 1, 4, 5].every(i => step(fixes, i) > 150) &&
        step(fixes, 2) > 120 &&
        step(fixes, 2) < 400 &&
        step(fixes, 3) < 5,
    )
    let judged = 0
    for (const { goal, fixes } of waiting) {
      const before = fixes[2]!
      // The place lies on the way that it came, a street behind where it waits.
      const towards = { lonDeg: 2 * goal.lonDeg - before.lonDeg, latDeg: 2 * goal.latDeg - before.latDeg }
      const isPassed = fixes.some(fix => metres(fix, { ...fix, ...towards }) < 100)
      if (isPassed) continue
      assert.equal(arrivalOf({ goal: towards, fixes }), null)
      judged += 1
    }
    assert.ok(judged > 0, 'there is one that came another way')
  })

  test('who stays has arrived, at the first fix there', async () => {
    const staying = await piecesWhere(
      fixes =>
        [0, 1, 2].every(i => step(fixes, i) > 200) &&
        [3, 4, 5].every(i => step(fixes, i) < 10 && gap(fixes, i) < 90_000),
    )
    for (const piece of staying) assert.equal(arrivalOf(piece)?.atMs, piece.fixes[3]!.fixedAtMs)
  })

  test('a jump of the receiver to the place and back is no arrival', async () => {
    const parked = await piecesWhere(fixes => [0, 1, 2, 3, 4, 5].every(i => step(fixes, i) < 10))
    for (const { fixes } of parked) {
      const away = { ...fixes[3]!, latDeg: fixes[3]!.latDeg + 0.01 }
      const jumped = [...fixes.slice(0, 3), away, ...fixes.slice(4)]
      assert.equal(arrivalOf({ goal: away, fixes: jumped }), null)
    }
  })

  test('a signal that is lost for minutes at the place proves nothing until it has been back for the dwell', async () => {
    const staying = await piecesWhere(fixes =>
      [0, 1, 2, 3, 4, 5].every(i => step(fixes, i) < 10 && gap(fixes, i) < 90_000),
    )
    for (const { goal, fixes } of staying) {
      const later = fixes.slice(4).map(fix => ({ ...fix, fixedAtMs: fix.fixedAtMs + 6 * MIN }))
      assert.equal(arrivalOf({ goal, fixes: [fixes[3]!, later[0]!] }), null)
      assert.equal(arrivalOf({ goal, fixes: [fixes[3]!, ...later] })?.atMs, later[0]!.fixedAtMs)
    }
  })
})
