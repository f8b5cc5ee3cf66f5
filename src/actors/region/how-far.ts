/**
 * How far units are from places, for one look: by road where the region has roads, else by the straight line.
 *
 * A look is a turn's or a question's, so roads do not change within one. What a place goes by is said with every answer, and a
 * unit whose time by road nobody knows has an estimate that says so.
 */
import { BY_STRAIGHT_LINE, type ChoiceBasis } from '../../domain/dispatch/far.ts'
import type { Approach, TravelTimes } from '../../domain/dispatch/travel-times.ts'
import type { ArrivalByRoad } from '../../domain/events/decision-record.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import { distanceM, type Position } from '../../domain/geo.ts'
import type { UnitId } from '../../domain/ids.ts'
import type { LevelOfCare, Priority } from '../../domain/vocabulary.ts'
import type { NearestSearch } from '../../finder/finder.ts'
import { type SoonestPorts, soonest, timeOf } from '../../finder/soonest.ts'
import type { FinderPool, Found } from '../../finder/types.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { RegionRoads } from './region-roads.ts'
import { type StartingUnit, startDelayOf } from './start-delay.ts'

export interface HowFarPorts {
  readonly policy: Pick<RegionPolicy, 'standing'>
  readonly roads: Pick<RegionRoads, 'look' | 'version' | 'speedsVersion' | 'fellBack' | 'isAtStation'>
  readonly seen: (unitId: UnitId) => StartingUnit
}

/** Where units are looked for. */
interface Units {
  nearest(query: NearestSearch): Found[]
}

/** Where units are to go, and for what. */
export interface Goal extends Position {
  /** Null for a question that is of no trip. */
  readonly priority: Priority | null
}

export interface UnitSearch {
  /** How many units at most; `Infinity` for all. */
  readonly k: number
  readonly levels: readonly LevelOfCare[]
  /** Default: the units that are available. */
  readonly pools?: readonly FinderPool[]
  /** In what the goal goes by; units exactly so far away are still found. */
  readonly within?: number | undefined
  readonly accept: (unitId: UnitId) => boolean
  /** After how many units that are not accepted the search ends without the rest. */
  readonly visitsMax?: number
}

/** A unit that was found, with its time where the choice goes by road. */
export interface FoundFar extends Found, ArrivalByRoad {}

const UNSAID = {}

export class HowFar {
  readonly #ports: HowFarPorts
  readonly #units: Units
  readonly #nowMs: number
  readonly #travel: TravelTimes | null
  readonly #byRoad: ChoiceBasis
  /** The goal that was asked about last, and what it goes by. */
  #goal: Goal | null = null
  #approach: Approach | null = null
  #basis: ChoiceBasis = BY_STRAIGHT_LINE

  constructor(ports: HowFarPorts, units: Units, nowMs: number) {
    this.#ports = ports
    this.#units = units
    this.#nowMs = nowMs
    this.#travel = ports.roads.look()
    const { version, speedsVersion } = ports.roads
    this.#byRoad = {
      ...{ basis: 'roads', roadsVersion: version! },
      ...(speedsVersion !== null && { speedsVersion }),
    }
  }

  basisTo(goal: Goal): ChoiceBasis {
    this.#turnTo(goal)
    return this.#basis
  }

  /** Those that match, the nearest or soonest first, of equal ones by unit id. */
  search(goal: Goal, query: UnitSearch): FoundFar[] {
    const approach = this.#turnTo(goal)
    const { lonDeg, latDeg } = goal
    if (approach === null) return this.#nearest(goal, query)
    const { k, levels, pools, within, accept, visitsMax } = query
    const found = soonest(
      this.#units,
      {
        ...{ lonDeg, latDeg, k, levels, accept },
        ...(pools === undefined ? UNSAID : { pools }),
        ...(within === undefined ? UNSAID : { withinMs: within }),
        ...(visitsMax === undefined ? UNSAID : { visitsMax }),
      },
      this.#timing(approach),
    )
    for (const { estimated } of found) if (estimated !== undefined) this.#ports.roads.fellBack(estimated)
    return found
  }

  /** Of one unit. Input: its fix; whether it is on its way there, so that nobody has to be told any more. */
  of(
    goal: Goal,
    unitId: UnitId,
    fix: PlacedFix,
    isUnderWay: boolean,
  ): Omit<FoundFar, 'unitId' | 'levelOfCare' | keyof Position> {
    const approach = this.#turnTo(goal)
    const far = { distanceM: distanceM(goal, fix) }
    if (approach === null) return far
    return { ...far, ...timeOf(unitId, far.distanceM, Number.POSITIVE_INFINITY, this.#timing(approach, isUnderWay)) }
  }

  #timing(approach: Approach, isUnderWay = false): SoonestPorts {
    const { seen, policy, roads } = this.#ports
    const { straightLineSpeedMps } = policy.standing
    return {
      ...{ approach, straightLineSpeedMps },
      leastDelayMs: this.#travel!.leastDelayMs,
      startOf: unitId => {
        const unit = seen(unitId)
        const delay = startDelayOf(unit, this.#travel!, roads, this.#nowMs)
        return { fix: unit.fix, ...delay, ...(isUnderWay && { turnoutMs: 0 }) }
      },
    }
  }

  #nearest({ lonDeg, latDeg }: Goal, query: UnitSearch): Found[] {
    const { k, levels, pools, within, accept, visitsMax = Number.POSITIVE_INFINITY } = query
    let visits = 0
    const found = this.#units.nearest({
      ...{ lonDeg, latDeg, levels },
      // Left out where there is none: a search of another form costs the finder's inner loop its numbers.
      ...(pools === undefined ? UNSAID : { pools }),
      ...(within === undefined ? UNSAID : { maxDistanceM: within }),
      ...{ k, accept: unitId => accept(unitId) || ++visits > visitsMax },
    })
    return visits > visitsMax ? found.filter(({ unitId }) => accept(unitId)) : found
  }

  /** Output: null by the straight line. */
  #turnTo(goal: Goal): Approach | null {
    if (this.#travel === null) return null
    const { lonDeg, latDeg, priority } = goal
    const at = this.#goal
    if (at !== null && at.lonDeg === lonDeg && at.latDeg === latDeg && at.priority === priority) return this.#approach
    const approach = this.#travel.to(goal, { priority, atMs: this.#nowMs })
    this.#goal = { lonDeg, latDeg, priority }
    this.#approach = typeof approach === 'string' ? null : approach
    if (typeof approach === 'string') this.#ports.roads.fellBack(approach)
    this.#basis = typeof approach === 'string' ? { ...BY_STRAIGHT_LINE, notByRoad: approach } : this.#byRoad
    return this.#approach
  }
}
