/** The finder must answer what a scan of all units would answer, whatever was placed, moved and removed before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../../src/domain/vocabulary.ts'
import { CandidateView } from '../../src/finder/candidate-view.ts'
import { CellGrid } from '../../src/finder/cell-grid.ts'
import { Finder, type NearestSearch } from '../../src/finder/finder.ts'
import type { FinderPool, Found } from '../../src/finder/types.ts'
import { anywhere, atOneStation, inTown } from './places.ts'

const TOWN = { lonDeg: 174.76, latDeg: -36.85 }
const DEG_PER_M = 1 / 111_195

/** What the finder should know, kept as plainly as can be. */
class Scan {
  readonly #units = new Map<string, { levelOfCare: LevelOfCare; pool: FinderPool; place: Position }>()

  place(unitId: string, levelOfCare: LevelOfCare, pool: FinderPool, place: Position): void {
    this.#units.set(unitId, { levelOfCare, pool, place })
  }

  remove(unitId: string): void {
    this.#units.delete(unitId)
  }

  whereIs(unitId: string): Position | undefined {
    return this.#units.get(unitId)?.place
  }

  get size(): number {
    return this.#units.size
  }

  nearest(query: NearestSearch): Found[] {
    const { k, levels, pools = ['available'], maxDistanceM = Number.POSITIVE_INFINITY, accept = () => true } = query
    const found: Found[] = []
    for (const [unitId, { levelOfCare, pool, place }] of this.#units) {
      const metres = distanceM(query, place)
      if (!levels.includes(levelOfCare) || !pools.includes(pool) || metres > maxDistanceM) continue
      const unit = { levelOfCare, lonDeg: place.lonDeg, latDeg: place.latDeg }
      if (accept(unitId, metres, unit)) found.push({ unitId, ...unit, distanceM: metres })
    }
    found.sort((a, b) => a.distanceM - b.distanceM || (a.unitId < b.unitId ? -1 : 1))
    return found.slice(0, k)
  }
}

type Step = (finder: Pick<Finder, 'place' | 'remove'>, scan: Scan) => void

const unitId = fc.nat({ max: 300 }).map(number => `M-${number}`)
const levelOfCare = fc.constantFrom(...LEVELS_OF_CARE, 'als' as const, 'als' as const)
const pool = fc.constantFrom<FinderPool>('available', 'available', 'reassignable')

function placing(place: fc.Arbitrary<Position>): fc.Arbitrary<Step> {
  return fc.tuple(unitId, levelOfCare, pool, place).map(([unit, level, inPool, at]) => (finder, scan) => {
    finder.place(unit, level, inPool, at.lonDeg, at.latDeg)
    scan.place(unit, level, inPool, at)
  })
}

/** A unit, now of `als` in `available`, moves by up to 400 m: some stay in their slack box, some leave it. */
const nudging: fc.Arbitrary<Step> = fc
  .tuple(unitId, fc.integer({ min: -400, max: 400 }), fc.integer({ min: -400, max: 400 }))
  .map(([unit, eastM, northM]) => (finder, scan) => {
    const from = scan.whereIs(unit) ?? TOWN
    const at = {
      lonDeg: Math.max(-180, Math.min(180, from.lonDeg + eastM * DEG_PER_M)),
      latDeg: Math.max(-90, Math.min(90, from.latDeg + northM * DEG_PER_M)),
    }
    finder.place(unit, 'als', 'available', at.lonDeg, at.latDeg)
    scan.place(unit, 'als', 'available', at)
  })

const removing: fc.Arbitrary<Step> = unitId.map(unit => (finder, scan) => {
  finder.remove(unit)
  scan.remove(unit)
})

const stepsAmong = (place: fc.Arbitrary<Position>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: placing(place) },
      { weight: 3, arbitrary: nudging },
      { weight: 1, arbitrary: removing },
    ),
    // fast-check would draw ten steps at most; three levels of a tree need a hundred units.
    { maxLength: 600, size: 'max' },
  )

/** A query; where `reachOf` names a unit, only as far as that unit stands, so that the limit falls on a distance. */
const queryFrom = (place: fc.Arbitrary<Position>) =>
  fc
    .record({
      at: place,
      k: fc.constantFrom(0, 1, 3, 8, 40, Number.POSITIVE_INFINITY),
      levels: fc.array(levelOfCare, { minLength: 1, maxLength: 5 }),
      pools: fc.option(fc.array(pool, { minLength: 1, maxLength: 3 }), { nil: undefined }),
      reachOf: fc.option(unitId, { nil: undefined }),
      refused: fc.option(fc.array(unitId, { maxLength: 300, size: 'max' }), { nil: undefined }),
    })
    .map(({ at, reachOf, refused, ...rest }) => (scan: Scan): NearestSearch => {
      const reach = reachOf === undefined ? undefined : scan.whereIs(reachOf)
      return {
        ...at,
        ...rest,
        ...(reach === undefined ? {} : { maxDistanceM: distanceM(at, reach) }),
        ...(refused === undefined ? {} : { accept: (unit: string) => !refused.includes(unit) }),
      }
    })

for (const [where, place] of [
  ['the globe', anywhere],
  ['one town', inTown],
] as const) {
  test(`over ${where}, after any placements, moves and removals, a search finds what a scan finds`, () => {
    fc.assert(
      fc.property(stepsAmong(place), fc.array(queryFrom(place), { minLength: 1, maxLength: 8 }), (steps, queries) => {
        const finder = new Finder()
        const scan = new Scan()
        for (const step of steps) step(finder, scan)
        assert.equal(finder.size, scan.size)
        for (const queryOf of queries) {
          const query = queryOf(scan)
          assert.deepEqual(finder.nearest(query), scan.nearest(query))
        }
      }),
      { numRuns: 150 },
    )
  })
}

test('a view finds what a scan of the units as it has them finds, and the finder below what it found before', () => {
  const few = fc.array(fc.oneof(placing(inTown), nudging, removing), { maxLength: 40 })
  const queries = fc.array(queryFrom(inTown), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(stepsAmong(inTown), few, queries, (steps, changes, queriesOf) => {
      const finder = new Finder()
      const [below, above] = [new Scan(), new Scan()]
      for (const step of steps) {
        step(finder, below)
        step({ place: () => undefined, remove: () => undefined }, above)
      }
      const { treeMoves, cellMoves } = finder
      const view = new CandidateView(finder)
      for (const step of changes) step(view, above)
      for (const queryOf of queriesOf) {
        assert.deepEqual(view.nearest(queryOf(above)), above.nearest(queryOf(above)))
        assert.deepEqual(finder.nearest(queryOf(below)), below.nearest(queryOf(below)))
      }
      assert.deepEqual([finder.treeMoves, finder.cellMoves], [treeMoves, cellMoves])
    }),
    { numRuns: 150 },
  )
})

test('a view asks its filter in order of distance, and shows no unit where the trees have it', () => {
  const finder = new Finder()
  for (const [i, unit] of ['M-0', 'M-1', 'M-2', 'M-3'].entries()) {
    finder.place(unit, 'als', 'available', TOWN.lonDeg + i / 1_000, TOWN.latDeg)
  }
  const view = new CandidateView(finder)
  view.place('M-0', 'als', 'available', TOWN.lonDeg + 0.0025, TOWN.latDeg)
  view.place('M-1', 'als', 'reassignable', TOWN.lonDeg, TOWN.latDeg)
  view.remove('M-3')
  const asked: string[] = []
  const accept = (unit: string) => asked.push(unit) > 0
  const found = view.nearest({ ...TOWN, k: 9, levels: ['als'], accept }).map(({ unitId }) => unitId)
  assert.deepEqual(
    [found, asked],
    [
      ['M-2', 'M-0'],
      ['M-2', 'M-0'],
    ],
  )
})

test('the answer does not depend on the order in which units were placed', () => {
  const fleet = fc.uniqueArray(fc.tuple(unitId, anywhere), { selector: ([unit]) => unit, maxLength: 200, size: 'max' })
  fc.assert(
    fc.property(fleet, fc.infiniteStream(fc.nat()), anywhere, (units, order, at) => {
      const shuffled = units.map(unit => ({ unit, key: order.next().value })).sort((a, b) => a.key - b.key)
      const [one, other] = [new Finder(), new Finder()]
      for (const [unit, { lonDeg, latDeg }] of units) one.place(unit, 'bls', 'available', lonDeg, latDeg)
      for (const { unit } of shuffled) other.place(unit[0], 'bls', 'available', unit[1].lonDeg, unit[1].latDeg)
      const query: NearestSearch = { ...at, k: 10, levels: ['bls'] }
      assert.deepEqual(one.nearest(query), other.nearest(query))
    }),
  )
})

/** Places units of `als` in `available` by metres east and north of the town. */
function townFleet(units: Record<string, readonly [eastM: number, northM: number]>): Finder {
  const finder = new Finder()
  for (const [unit, [eastM, northM]] of Object.entries(units)) stand(finder, unit, eastM, northM)
  return finder
}

function stand(finder: Finder, unit: string, eastM: number, northM: number): void {
  const lonDeg = TOWN.lonDeg + (eastM * DEG_PER_M) / Math.cos((TOWN.latDeg * Math.PI) / 180)
  finder.place(unit, 'als', 'available', lonDeg, TOWN.latDeg + northM * DEG_PER_M)
}

const idsOf = (found: readonly Found[]): string[] => found.map(unit => unit.unitId)
const fromTown = (more: Partial<NearestSearch> = {}): NearestSearch => ({ ...TOWN, k: 8, levels: ['als'], ...more })

test('units equally far away come in the order of their ids, also where k cuts between them', () => {
  const finder = new Finder()
  for (let number = 99; number >= 10; number--) finder.place(`M-${number}`, 'als', 'available', 1, 1)
  assert.deepEqual(idsOf(finder.nearest({ lonDeg: 1, latDeg: 1, k: 3, levels: ['als'] })), ['M-10', 'M-11', 'M-12'])
  const mirrored = new Finder()
  mirrored.place('west', 'als', 'available', -0.25, 0)
  mirrored.place('east', 'als', 'available', 0.25, 0)
  assert.deepEqual(idsOf(mirrored.nearest({ lonDeg: 0, latDeg: 0, k: 1, levels: ['als'] })), ['east'])
})

test('an empty finder, a level nobody has, and k = 0 find nobody', () => {
  assert.deepEqual(new Finder().nearest(fromTown()), [])
  const finder = townFleet({ A1: [0, 0] })
  assert.deepEqual(finder.nearest(fromTown({ levels: ['cct'] })), [])
  assert.deepEqual(finder.nearest(fromTown({ levels: [] })), [])
  assert.deepEqual(finder.nearest(fromTown({ k: 0 })), [])
})

test('a unit that may be reassigned is found only by who asks for that pool', () => {
  const finder = new Finder()
  finder.place('A1', 'als', 'reassignable', TOWN.lonDeg, TOWN.latDeg)
  assert.deepEqual(idsOf(finder.nearest(fromTown())), [])
  assert.deepEqual(idsOf(finder.nearest(fromTown({ pools: ['available', 'reassignable'] }))), ['A1'])
})

test('a unit that changes level or pool where it stands is found only under the new one', () => {
  const finder = townFleet({ A1: [0, 0] })
  finder.place('A1', 'bls', 'reassignable', TOWN.lonDeg, TOWN.latDeg)
  assert.equal(finder.size, 1)
  assert.deepEqual(idsOf(finder.nearest(fromTown({ levels: LEVELS_OF_CARE }))), [])
  const [found] = finder.nearest(fromTown({ levels: LEVELS_OF_CARE, pools: ['reassignable'] }))
  assert.equal(found?.levelOfCare, 'bls')
})

test('a fix on the cell and its slack changes no cell, yet ranks the unit by where it is now', () => {
  const finder = townFleet({ A1: [0, 100], A2: [0, -120] })
  const before = finder.cellMoves
  stand(finder, 'A1', 0, 200)
  assert.equal(finder.cellMoves, before)
  assert.deepEqual(idsOf(finder.nearest(fromTown())), ['A2', 'A1'])
  stand(finder, 'A1', 0, 1_000)
  assert.equal(finder.cellMoves, before + 1)
  assert.ok(Math.abs(finder.nearest(fromTown())[1]!.distanceM - 1_000) < 1)
})

test('the slack is as many metres eastwards in the far north as at the equator', () => {
  for (const latDeg of [0, 70]) {
    const finder = new Finder({ sideM: 100, slackM: 250 })
    finder.place('A1', 'als', 'available', 20, latDeg)
    const before = finder.cellMoves
    const degPerM = DEG_PER_M / Math.cos((latDeg * Math.PI) / 180)
    finder.place('A1', 'als', 'available', 20 + 245 * degPerM, latDeg)
    assert.equal(finder.cellMoves, before, `within the slack at ${latDeg}`)
    finder.place('A1', 'als', 'available', 20 + 355 * degPerM, latDeg)
    assert.equal(finder.cellMoves, before + 1, `past cell and slack at ${latDeg}`)
  }
})

test('a tree is touched for the first unit of a cell and the last, and for no other', () => {
  const finder = townFleet({ A1: [0, 0], A2: [1, 0], A3: [2, 0] })
  assert.equal(finder.treeMoves, 1)
  stand(finder, 'A2', 0, 9_000)
  assert.equal(finder.treeMoves, 2)
  finder.remove('A1')
  assert.equal(finder.treeMoves, 2)
  finder.remove('A3')
  assert.equal(finder.treeMoves, 3)
  assert.deepEqual(idsOf(finder.nearest(fromTown())), ['A2'])
})

test('the cell of a place holds it, anywhere on the globe', () => {
  const edge = fc.constantFrom(-180, -179.9999999, 179.9999999, 180)
  const pole = fc.constantFrom(-90, -89.9999999, 89.9999999, 90)
  const place = fc.oneof(
    anywhere,
    fc.record({ lonDeg: edge, latDeg: fc.double({ min: -90, max: 90, noNaN: true }) }),
    fc.record({ lonDeg: fc.double({ min: -180, max: 180, noNaN: true }), latDeg: pole }),
  )
  fc.assert(
    fc.property(place, fc.constantFrom(1, 500, 30_000_000), (at, sideM) => {
      const grid = new CellGrid(sideM, 250)
      const cell = grid.cell(grid.cellNoAt(at))
      assert.ok(cell.holds(at.lonDeg, at.latDeg), JSON.stringify({ at, cell }))
      assert.ok(cell.minX >= -180 && cell.maxX <= 180 && cell.minY >= -90 && cell.maxY <= 90)
    }),
    { numRuns: 500 },
  )
})

test('a search for all units of a large fleet gives every unit, in order', () => {
  const some = (place: fc.Arbitrary<Position>) => fc.array(place, { minLength: 2_000, maxLength: 2_000 })
  fc.assert(
    fc.property(some(anywhere), some(atOneStation), anywhere, (spread, parked, at) => {
      const finder = new Finder()
      const scan = new Scan()
      for (const [number, place] of [...spread, ...parked].entries()) {
        finder.place(`M-${number}`, 'als', 'available', place.lonDeg, place.latDeg)
        scan.place(`M-${number}`, 'als', 'available', place)
      }
      const query: NearestSearch = { ...at, k: Number.POSITIVE_INFINITY, levels: ['als'] }
      assert.deepEqual(finder.nearest(query), scan.nearest(query))
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

test('a unit is found across the antimeridian and across the pole', () => {
  const finder = new Finder()
  finder.place('west', 'als', 'available', 179.99, -17)
  finder.place('polar', 'als', 'available', 100, 89.99)
  const [fiji] = finder.nearest({ lonDeg: -179.99, latDeg: -17, k: 1, levels: ['als'], maxDistanceM: 3_000 })
  assert.equal(fiji?.unitId, 'west')
  const [polar] = finder.nearest({ lonDeg: -80, latDeg: 89.99, k: 1, levels: ['als'], maxDistanceM: 3_000 })
  assert.equal(polar?.unitId, 'polar')
})

test('the filter is asked in order of distance, and no more once k are accepted', () => {
  const finder = townFleet({ A4: [400, 0], A1: [100, 0], A3: [300, 0], A2: [200, 0], A5: [500, 0] })
  const asked: string[] = []
  const accept = (unit: string) => {
    asked.push(unit)
    return unit !== 'A2'
  }
  assert.deepEqual(idsOf(finder.nearest(fromTown({ k: 2, accept }))), ['A1', 'A3'])
  assert.deepEqual(asked, ['A1', 'A2', 'A3'])
})

test('a filter that calls the finder, or throws, ends its own search and no other', () => {
  const finder = townFleet({ A1: [100, 0], A2: [200, 0] })
  for (const call of [
    () => finder.remove('A1'),
    () => finder.place('A1', 'als', 'available', 0, 0),
    () => finder.nearest(fromTown()),
  ]) {
    const accept = () => {
      call()
      return true
    }
    assert.throws(() => finder.nearest(fromTown({ accept })), /accept filter/)
    assert.deepEqual(idsOf(finder.nearest(fromTown())), ['A1', 'A2'])
  }
})

test('a position off the globe is refused and changes nothing', () => {
  const finder = townFleet({ A1: [100, 0] })
  const before = finder.nearest(fromTown())
  for (const [lonDeg, latDeg] of [
    [Number.NaN, 0],
    [0, Number.NaN],
    [180.001, 0],
    [0, -90.001],
  ] as const) {
    assert.throws(() => finder.place('A1', 'als', 'available', lonDeg, latDeg), RangeError)
    assert.throws(() => finder.nearest({ lonDeg, latDeg, k: 1, levels: ['als'] }), RangeError)
  }
  assert.deepEqual(finder.nearest(fromTown()), before)
})

test('removing a unit that is not in is no error', () => {
  const finder = townFleet({ A1: [0, 0] })
  finder.remove('A9')
  finder.remove('A1')
  finder.remove('A1')
  assert.equal(finder.size, 0)
})
