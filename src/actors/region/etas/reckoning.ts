/** When units will be there: by the region's roads where it has some and they answer, else by the straight line, and it says so. */
import type { WayAsked } from '../../../domain/dispatch/road-questions.ts'
import type { StartDelay, TravelTimes } from '../../../domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../../domain/fix.ts'
import { distanceM, type Position } from '../../../domain/geo.ts'
import type { TripId } from '../../../domain/ids.ts'
import { msOnLine } from '../../../domain/policy.ts'
import type { EtaFallback, TripEta, TripWay } from '../../../domain/trip/way.ts'
import type { HowFarPorts } from '../how-far.ts'
import type { RegionPolicy } from '../region-policy.ts'
import type { RegionRoads } from '../region-roads.ts'
import { startDelayOf } from '../start-delay.ts'

interface ReckoningPorts {
  readonly roads: Pick<RegionRoads, 'ask' | 'version' | 'look' | 'isAtStation'>
  readonly policy: Pick<RegionPolicy, 'standing'>
  readonly seen: HowFarPorts['seen']
  readonly nowMs: () => number
}

/** A way of which it is known where it begins and where it ends. */
interface KnownWay extends ReturnType<HowFarPorts['seen']> {
  readonly way: TripWay
  readonly fix: PlacedFix
  readonly goal: Position
}

/** What a time goes by. */
type ByWhat = Pick<TripEta, 'etaMs' | 'turnoutMs' | 'unsureMs' | 'distanceM' | 'basis' | 'roadsVersion' | 'notByRoad'>

export class Reckoning {
  readonly #ports: ReckoningPorts

  constructor(ports: ReckoningPorts) {
    this.#ports = ports
  }

  /** In the order of the ways, by the fixes of now; each is of the moment at which it was asked for. */
  async etasOf(ways: readonly TripWay[]): Promise<TripEta[]> {
    const { seen, nowMs } = this.#ports
    const atMs = nowMs()
    const units = ways.map(({ unitId }) => seen(unitId))
    const known = ways.flatMap((way, index): KnownWay[] => {
      const { fix, status } = units[index]!
      return fix === null || way.goal === null ? [] : [{ way, fix, status, goal: way.goal }]
    })
    const answers = await this.#answers(known, atMs)
    return ways.map(({ tripId, unitId, toward }, index) => {
      const { fix } = units[index]!
      const by = answers.get(tripId)
      const fixAgeMs = fix === null ? null : atMs - fix.fixedAtMs
      const eta = { tripId, unitId, toward, atMs, fixAgeMs }
      if (by !== undefined) return { ...eta, ...by }
      const unknown = fix === null ? 'no-position' : 'no-destination'
      return { ...eta, etaMs: null, distanceM: null, basis: 'straight-line', unknown }
    })
  }

  /** By trip. Roads, and what counts beside the drive, are those of the moment at which they were asked. */
  async #answers(known: readonly KnownWay[], atMs: number): Promise<Map<TripId, ByWhat>> {
    const { roads } = this.#ports
    const { version } = roads
    const travel = roads.look()
    const delays = known.map(each => this.#delayOf(each, travel, atMs))
    if (version === null || known.length === 0)
      return new Map(known.map(each => [each.way.tripId, this.#byLine(each, NO_DELAY)]))
    const outcome = await roads.ask({ kind: 'left', ways: known.map(each => asked(each, atMs)) })
    return new Map(
      known.map((each, index) => {
        const left = outcome?.ok ? outcome.value[index]! : 'busy'
        const delay = delays[index]!
        if (typeof left === 'string') return [each.way.tripId, this.#byLine(each, delay, left)]
        const { driveMs, roadM } = left
        return [each.way.tripId, { ...whole(driveMs, delay), distanceM: roadM, basis: 'roads', roadsVersion: version }]
      }),
    )
  }

  /** A crew that has been told before has a part of its turnout behind it, and who drives all of it. */
  #delayOf(known: KnownWay, travel: TravelTimes | null, atMs: number): StartDelay {
    if (travel === null) return NO_DELAY
    const { turnoutMs, unsureMs } = startDelayOf(known, travel, this.#ports.roads, atMs)
    const { toldAtMs } = known.way
    return { turnoutMs: toldAtMs === null ? 0 : Math.max(0, turnoutMs - Math.max(0, atMs - toldAtMs)), unsureMs }
  }

  #byLine({ fix, goal }: KnownWay, delay: StartDelay, notByRoad?: EtaFallback): ByWhat {
    const metres = distanceM(fix, goal)
    const driveMs = msOnLine(metres, this.#ports.policy.standing)
    const reason = notByRoad === undefined ? {} : { notByRoad }
    return { ...whole(driveMs, delay), distanceM: Math.round(metres), basis: 'straight-line', ...reason }
  }
}

const NO_DELAY: StartDelay = { turnoutMs: 0, unsureMs: 0 }

const whole = (driveMs: number, { turnoutMs, unsureMs }: StartDelay) => ({
  etaMs: turnoutMs + unsureMs + driveMs,
  ...(turnoutMs > 0 && { turnoutMs }),
  ...(unsureMs > 0 && { unsureMs }),
})

function asked({ way, fix, goal }: KnownWay, atMs: number): WayAsked {
  const { lonDeg, latDeg, speedMps, headingDeg } = fix
  return {
    key: way.tripId,
    from: { lonDeg, latDeg, speedMps, headingDeg },
    to: { lonDeg: goal.lonDeg, latDeg: goal.latDeg },
    drive: { priority: way.priority, atMs },
  }
}
