/**
 * What a choice of the dispatch desk asks: units in the finder, their fixes put on the road when they are asked for, and the soonest
 * found lazily. Nothing is prepared for the fleet, so a fix costs nothing until then.
 */
import type { Drive, Driving } from '../src/domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../src/domain/fix.ts'
import type { UnitId } from '../src/domain/ids.ts'
import { DEFAULT_POLICY } from '../src/domain/policy.ts'
import { Finder } from '../src/finder/finder.ts'
import { soonest } from '../src/finder/soonest.ts'
import { encodeGraph } from '../src/roads/graph-codec.ts'
import { prepareHierarchy } from '../src/roads/hierarchy/prepare.ts'
import { WAY_DRIVEN } from '../src/roads/road-times.ts'
import { sharedBytes } from '../src/roads/thread.ts'
import { hierarchyOfTimes } from '../src/roads/travel/hierarchy-of-times.ts'
import { prepared } from '../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../src/roads/travel/road-travel.ts'
import { type BenchCity, placeOf, somewhereOn } from './nearest-roads.ts'

const STRAIGHT_LINE_MPS = 10
const DRIVING: Driving = { policy: DEFAULT_POLICY, timeZone: 'UTC' }
const DRIVE: Drive = { priority: 1, atMs: 0 }
const STANDING = { streamId: 'S', seq: 1, fixedAtMs: 0, accuracyM: 5, speedMps: 0, headingDeg: null }

export interface DeskLooks {
  /** Sorted, in microseconds; before each look a tenth of the fleet moves, so that its fixes are put on the road anew. */
  timesUs(fleet: number, looks: number): number[]
}

export async function deskLooks({ graph }: BenchCity, k: number, random: () => number): Promise<DeskLooks> {
  const graphBytes = sharedBytes(encodeGraph(graph))
  const hierarchy = await prepareHierarchy({ graphBytes, way: WAY_DRIVEN })
  const travel = new RoadTravel(prepared(graph, hierarchy), 1, {
    make: (throughMs, signal) => hierarchyOfTimes({ graphBytes, throughMs }, signal),
  })
  const anywhere = () => placeOf(graph, somewhereOn(graph, random))
  // The times with a siren have their hierarchy before anything is measured.
  travel.look(DRIVING).to(anywhere(), DRIVE)
  await travel.settled()
  return {
    timesUs(fleet, looks) {
      const finder = new Finder()
      const fixes = new Map<UnitId, PlacedFix>()
      const move = (unitId: UnitId) => {
        const { lonDeg, latDeg } = anywhere()
        fixes.set(unitId, { ...STANDING, lonDeg, latDeg })
        finder.place(unitId, 'als', 'available', lonDeg, latDeg)
      }
      const unitIds = Array.from({ length: fleet }, (_, index) => `M${index}` as UnitId)
      unitIds.forEach(move)
      let moved = 0
      const ask = () => {
        for (let count = 0; count < Math.ceil(fleet / 10); count++) move(unitIds[moved++ % fleet]!)
        const place = anywhere()
        const startedNs = process.hrtime.bigint()
        const approach = travel.look(DRIVING).to(place, DRIVE)
        if (typeof approach === 'string') throw new Error(`A place on a road is not reached: ${approach}.`)
        soonest(
          finder,
          { ...place, k, levels: ['als'], accept: () => true },
          {
            approach,
            startOf: unitId => ({ fix: fixes.get(unitId) ?? null, turnoutMs: 0, unsureMs: 0 }),
            leastDelayMs: 0,
            straightLineSpeedMps: STRAIGHT_LINE_MPS,
          },
        )
        return Number(process.hrtime.bigint() - startedNs) / 1_000
      }
      for (let round = 0; round < looks / 4; round++) ask()
      return Array.from({ length: looks }, ask).sort((a, b) => a - b)
    },
  }
}
